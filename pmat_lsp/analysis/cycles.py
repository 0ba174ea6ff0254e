"""A reference cycle told as a Perl developer would: hop by hop, from one interesting SV to the next."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.result import Hop, Location
from pmat_lsp.format.kinds import Kind, PadnameFlag, RefKind
from pmat_lsp.heap.describe import code_place, describe, is_clone
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import magic_type
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import read_string

_PASSED_THROUGH = (Kind.REF, Kind.PAD, Kind.PADLIST)
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


def shortest_cycle(heap: Heap, start: int, inside: set[int], follow: npt.NDArray[np.uint8]) -> list[int]:
    """The rows of the out_ columns of a shortest way from `start` back to itself.

    Args:
        heap: the heap.
        start: an SV on a cycle.
        inside: the SVs that the way may pass.
        follow: uint8, one entry a row of the out_ columns: 0 for references that must not be followed.

    Returns:
        Rows in the order in which they are followed; [] if there is no such way.
    """
    came_by: dict[int, int] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        inner = [row for row in heap.out_rows(node) if follow[row] and int(heap.out_target[row]) in inside]
        for row in sorted(inner, key=lambda row: _rank(heap, row)):
            target = int(heap.out_target[row])
            if target == start:
                return [*_rows_to(heap, start, node, came_by), row]
            if target not in came_by:
                came_by[target] = row
                queue.append(target)
    return []


def _rank(heap: Heap, row: int) -> tuple[int, bytes, int]:
    """An order of references that does not depend on perl's hash order, so that one bug always has one explanation."""
    kind, detail = int(heap.out_kind[row]), int(heap.out_detail[row])
    return (kind, read_string(heap, detail), 0) if kind == RefKind.VALUE else (kind, b"", detail)


def _rows_to(heap: Heap, start: int, node: int, came_by: dict[int, int]) -> list[int]:
    rows: list[int] = []
    while node != start:
        rows.append(came_by[node])
        node = int(heap.out_source[rows[-1]])
    return rows[::-1]


def hops_of(heap: Heap, rows: list[int]) -> tuple[Hop, ...]:
    """Rows of the out_ columns, each starting where the one before ends, as hops between interesting SVs."""
    hops: list[Hop] = []
    pending: list[int] = []
    for position, row in enumerate(rows):
        pending.append(row)
        if position == len(rows) - 1 or is_interesting(heap, int(heap.out_target[row])):
            hops.append(_hop(heap, pending))
            pending = []
    return tuple(hops)


def is_interesting(heap: Heap, sv: int) -> bool:
    """Whether a hop ends at an SV: everything but pads and plain references."""
    return heap.blessed[sv] >= 0 or heap.kind[sv] not in _PASSED_THROUGH


def _hop(heap: Heap, rows: list[int]) -> Hop:
    source, target = int(heap.out_source[rows[0]]), int(heap.out_target[rows[-1]])
    telling = next((row for row in rows if heap.out_kind[row] not in _ENTRY_KINDS), rows[0])
    kind, label, name = _access(heap, telling)
    return Hop(
        source=source,
        target=target,
        kind=kind,
        label=label,
        name=name,
        source_desc=describe(heap, source),
        target_desc=describe(heap, target),
        location=_location(heap, source, target),
        svs=(source, *(int(heap.out_target[row]) for row in rows)),
        source_kind=int(heap.kind[source]),
        source_class=_class_of(heap, source),
        target_kind=int(heap.kind[target]),
        target_class=_class_of(heap, target),
    )


def _class_of(heap: Heap, sv: int) -> str | None:
    """The class of an object; a blessed sub is none, since its place tells more."""
    return None if heap.kind[sv] == Kind.CODE else heap.class_of(sv)


def _location(heap: Heap, source: int, target: int) -> Location | None:
    code = next((sv for sv in (source, target) if heap.kind[sv] == Kind.CODE), None)
    if code is None:
        return None
    file, line = code_place(heap, code)
    return Location(file, line)


def _access(heap: Heap, row: int) -> tuple[str, str, str]:
    """(kind, label, bare name) of the hop that one reference is."""
    kind, detail, source = RefKind(int(heap.out_kind[row])), int(heap.out_detail[row]), int(heap.out_source[row])
    if kind == RefKind.VALUE:
        key = decode_name(read_string(heap, detail))
        return "key", f"->{{{key}}}", key
    if kind == RefKind.ELEMENT:
        return "index", f"->[{detail}]", str(detail)
    if kind == RefKind.FIELD:
        name = heap.class_fields.get(int(heap.blessed[source]), {}).get(detail, str(detail))
        return "field", f"->{name}", name
    if kind == RefKind.PAD_LEXICAL:
        return _lexical(heap, int(heap.owner[source]), detail)
    if kind == RefKind.REFERENT:
        return "deref", "->$*", ""
    if kind in SLOT_LABELS:
        return "glob", SLOT_LABELS[kind], ""
    if kind == RefKind.MAGIC_OBJECT:
        return (*_WORDS[kind], magic_type(detail))
    if kind == RefKind.ANNOTATION:
        return "other", decode_name(read_string(heap, detail)), ""
    return (*_WORDS.get(kind, ("other", kind.name.lower().replace("_", " "))), "")


def _lexical(heap: Heap, code: int, index: int) -> tuple[str, str, str]:
    name = heap.padname(code, index) or f"slot {index}"
    return "capture" if is_captured(heap, code, index) else "lexical", name, name


def is_captured(heap: Heap, code: int, index: int) -> bool:
    """Whether a slot of a CODE's pads holds a lexical of an enclosing scope.

    Dumpers before 0.42 wrote no flags; then every lexical of a closure counts as captured.
    """
    rows = heap.padnames.rows_of(code)
    if not heap.padnames.flags[rows].any() and is_clone(heap, code):
        return True
    return bool(heap.padname_flags(code, index) & PadnameFlag.OUTER)
