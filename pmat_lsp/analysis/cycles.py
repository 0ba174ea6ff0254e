"""A reference cycle told as a Perl developer would: hop by hop, from one interesting SV to the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.result import Hop, Location
from pmat_lsp.analysis.rows import source_of
from pmat_lsp.format.kinds import Kind, PadnameFlag, RefKind
from pmat_lsp.heap.describe import code_place, describe, is_clone
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import magic_type
from pmat_lsp.heap.privacy import hidden_key
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import read_string, read_strings
from pmat_lsp.kernels import graph

# Numbers, since they are compared again and again, and a member of an enumeration takes long to get.
_PASSED_THROUGH = frozenset(map(int, (Kind.REF, Kind.PAD, Kind.PADLIST)))
_CODE = int(Kind.CODE)
_ENTRY_KINDS = (RefKind.CODE_PAD, RefKind.CODE_PADLIST, RefKind.PADLIST_PAD)

SLOT_LABELS = {
    RefKind.GLOB_SCALAR: "*{SCALAR}",
    RefKind.GLOB_ARRAY: "*{ARRAY}",
    RefKind.GLOB_HASH: "*{HASH}",
    RefKind.GLOB_CODE: "*{CODE}",
    RefKind.GLOB_IO: "*{IO}",
    RefKind.GLOB_FORM: "*{FORMAT}",
}
"""The label of the hop from a glob to what is in each of its slots."""
_WORDS = {
    RefKind.CODE_OUTSIDE: ("scope", "the scope"),
    RefKind.CODE_CONSTVAL: ("other", "the constant value"),
    RefKind.CODE_CONSTANT: ("other", "a constant"),
    RefKind.CODE_GLOBREF: ("other", "a glob it names"),
    RefKind.CODE_GLOB: ("other", "its glob"),
    RefKind.PAD_ARGS: ("lexical", "@_"),
    RefKind.PAD_TEMPORARY: ("other", "a temporary"),
    RefKind.BLESSED: ("other", "its package"),
    RefKind.LVALUE_TARGET: ("other", "the target"),
    RefKind.MAGIC_OBJECT: ("magic", "its magic"),
    RefKind.MAGIC_POINTER: ("magic", "its magic"),
    RefKind.MAGIC2_AUXSV: ("magic", "its magic"),
    RefKind.MAGIC2_KEYSV: ("magic", "its magic"),
    RefKind.MAGIC2_USERSTRUCT: ("magic", "its magic"),
    RefKind.STRUCT_FIELD: ("other", "a field of its C structure"),
}


MOST_HOPS = 200
"""So many hops of a cycle are told; one more stands for the rest of a longer one."""


class ShortestCycles:
    """Tells shortest cycles inside the components of a heap.

    Args:
        heap: the heap.
        follow: uint8, one entry a row of the out_ columns: 0 for references that must not be followed.
        component: int32[n + 3], the component of each SV, which a cycle does not leave.
    """

    def __init__(self, heap: Heap, follow: npt.NDArray[np.uint8], component: npt.NDArray[np.int32]) -> None:
        self._heap = heap
        self._follow = follow
        self._component = component
        self._distance = np.zeros(len(component), np.int32)
        self._queue = np.empty(int(np.bincount(component[component >= 0]).max(initial=0)), np.int32)

    def through(self, sv: int) -> tuple[Hop, ...]:
        """A shortest cycle from an SV back to itself, () if there is none.

        Of several it is the one whose references come first in the order of `_first`. Where it has more than
        `MOST_HOPS` hops the last one stands for all the rest.
        """
        heap, distance = self._heap, self._distance
        length, found = graph.shortest_cycles(
            heap.out_start, heap.out_target, self._follow, self._component, sv, distance, self._queue
        )
        rows = self._rows(sv, length)
        distance[self._queue[:found]] = 0
        hops, rest = hops_of(heap, rows), length - len(rows)
        return (*hops, _rest(heap, hops, f"{rest:,} more references")) if rest else hops

    def _rows(self, first: int, length: int) -> list[int]:
        """The rows of the out_ columns of a cycle of that length, up to the end of the last hop that is told."""
        heap, at, hops = self._heap, first, 0
        rows: list[int] = []
        while len(rows) < length and hops < MOST_HOPS:
            start, stop = heap.out_start[at : at + 2].tolist()
            target = heap.out_target[start:stop]
            is_last = len(rows) == length - 1
            leads_back = target == first if is_last else self._distance[target] == len(rows) + 2
            rows.append(_first(heap, start + np.flatnonzero(leads_back & (self._follow[start:stop] != 0))))
            at = int(heap.out_target[rows[-1]])
            hops += is_interesting(heap, at)
        return rows


def _first(heap: Heap, rows: npt.NDArray[np.intp]) -> int:
    """The first of some references in an order that does not depend on perl's hash order.

    So one bug always has one explanation.
    """
    if len(rows) == 1:
        return int(rows[0])
    kinds = heap.out_kind[rows]
    rows = rows[kinds == kinds.min()]
    details = heap.out_detail[rows]
    if kinds.min() == RefKind.VALUE:
        return int(rows[min((key, index) for index, key in read_strings(heap, details))[1]])
    return int(rows[details.argmin()])


def shortened(heap: Heap, hops: tuple[Hop, ...], most: int) -> tuple[Hop, ...]:
    """A cycle with at most `most` hops; the last one stands for all that are left out."""
    if len(hops) <= most:
        return hops
    kept = hops[: most - 1]
    return (*kept, _rest(heap, kept, "more references"))


def _rest(heap: Heap, kept: tuple[Hop, ...], what: str) -> Hop:
    """The hop that closes a cycle in place of the references that are left out."""
    svs = (kept[-1].target, kept[0].source)
    return _between(svs, _end(heap, svs[0]), _end(heap, svs[1]), _Access("other", f"… {what} …"))


def hops_of(heap: Heap, rows: list[int]) -> tuple[Hop, ...]:
    """Rows of the out_ columns, each starting where the one before ends, as hops between interesting SVs."""
    hops: list[Hop] = []
    pending: list[int] = []
    ends: dict[int, _End] = {}
    for position, row in enumerate(rows):
        pending.append(row)
        if position == len(rows) - 1 or is_interesting(heap, int(heap.out_target[row])):
            hops.append(_hop(heap, pending, ends))
            pending = []
    return tuple(hops)


def is_interesting(heap: Heap, sv: int) -> bool:
    """Whether a hop ends at an SV: everything but pads and plain references."""
    return int(heap.kind[sv]) not in _PASSED_THROUGH or heap.blessed[sv] >= 0


class _End(NamedTuple):
    """What an SV is at which a hop ends, and the next one begins; as of `Hop`."""

    description: str
    kind: int
    class_name: str | None
    """A blessed sub has none, since its place tells more."""
    location: Location | None
    """Of a CODE."""


def _end(heap: Heap, sv: int) -> _End:
    kind = int(heap.kind[sv])
    if kind == _CODE:
        return _End(describe(heap, sv), kind, None, Location(*code_place(heap, sv)))
    return _End(describe(heap, sv), kind, heap.class_of(sv), None)


def _hop(heap: Heap, rows: list[int], ends: dict[int, _End]) -> Hop:
    telling = next((row for row in rows if heap.out_kind[row] not in _ENTRY_KINDS), rows[0])
    svs = (source_of(heap, rows[0]), *(int(heap.out_target[row]) for row in rows))
    for sv in (svs[0], svs[-1]):
        if sv not in ends:
            ends[sv] = _end(heap, sv)
    return _between(svs, ends[svs[0]], ends[svs[-1]], _access(heap, telling))


def _between(svs: tuple[int, ...], source: _End, target: _End, access: _Access) -> Hop:
    """The hop from the first of some SVs to the last."""
    return Hop(
        source=svs[0],
        target=svs[-1],
        kind=access.kind,
        label=access.label,
        name=access.name,
        hidden_name=access.hidden_name,
        source_desc=source.description,
        target_desc=target.description,
        location=source.location or target.location,
        svs=svs,
        source_kind=source.kind,
        source_class=source.class_name,
        target_kind=target.kind,
        target_class=target.class_name,
    )


class _Access(NamedTuple):
    """What a reference is; as of `Hop`."""

    kind: str
    label: str
    name: str = ""
    hidden_name: str | None = None


def _access(heap: Heap, row: int) -> _Access:
    """What kind of hop one reference is."""
    kind, detail, source = RefKind(int(heap.out_kind[row])), int(heap.out_detail[row]), source_of(heap, row)
    if kind == RefKind.VALUE:
        key = read_string(heap, detail)
        name, hidden = decode_name(key), hidden_key(heap, source, key)
        return _Access("key", f"->{{{hidden or name}}}", name, hidden)
    if kind == RefKind.ELEMENT:
        return _Access("index", f"->[{detail}]", str(detail))
    if kind == RefKind.FIELD:
        name = heap.class_fields.get(int(heap.blessed[source]), {}).get(detail, str(detail))
        return _Access("field", f"->{name}", name)
    if kind == RefKind.PAD_LEXICAL:
        return _lexical(heap, int(heap.owner[source]), detail)
    if kind == RefKind.REFERENT:
        return _Access("deref", "->$*")
    if kind in SLOT_LABELS:
        return _Access("glob", SLOT_LABELS[kind])
    if kind == RefKind.MAGIC_OBJECT:
        return _Access(*_WORDS[kind], magic_type(detail))
    if kind == RefKind.ANNOTATION:
        return _Access("other", decode_name(read_string(heap, detail)))
    return _Access(*_WORDS.get(kind, ("other", kind.name.lower().replace("_", " "))))


def _lexical(heap: Heap, code: int, index: int) -> _Access:
    name = heap.padname(code, index) or f"slot {index}"
    return _Access("capture" if is_captured(heap, code, index) else "lexical", name, name)


def is_captured(heap: Heap, code: int, index: int) -> bool:
    """Whether a slot of a CODE's pads holds a lexical of an enclosing scope.

    Dumpers before 0.42 wrote no flags; then every lexical of a closure counts as captured.
    """
    rows = heap.padnames.rows_of(code)
    if not heap.padnames.flags[rows].any() and is_clone(heap, code):
        return True
    return bool(heap.padname_flags(code, index) & PadnameFlag.OUTER)
