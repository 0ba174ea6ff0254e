"""How an SV is called in tables: what it is, which root of perl's it is, and by what name the program holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.blanks import blanked, blanked_key
from pmat_lsp.analysis.cycles import hops_of, is_captured
from pmat_lsp.analysis.holders import holder_text
from pmat_lsp.format.kinds import STASH_KINDS, Kind, RefKind, Strength
from pmat_lsp.heap.describe import code_name, code_place, describe, is_prototype
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.symbols import SLOTS, glob_name
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import read_strings

_DEEPEST = 6
"""So many references one behind the other are gone back."""
_SIGILS = {slot: sigil for sigil, slot in SLOTS.items() if sigil != "&"}
"""By the slot of a glob; of a sub its own description has the name."""
_IN_PADS = (RefKind.PAD_LEXICAL, RefKind.PAD_ARGS)
_SAY_IT = (*STASH_KINDS, Kind.GLOB)
"""Kinds of SVs whose description has their name."""
Rows = npt.NDArray[np.integer[Any]]


class NameKind(IntEnum):
    """Kinds of names, the better first."""

    VARIABLE = 0
    """Of a package."""
    LEXICAL = 1
    MEMBER = 2
    """A key or field of an object."""
    SLOT = 3
    """Of a glob that is an object: nobody wrote its name."""
    DATA = 4
    """A key of a hash without a class, which is as often data as a name."""


class Name(NamedTuple):
    """A name by which the program holds an SV. The least of several is the one to use, whatever their order."""

    kind: NameKind
    text: str
    """The same in every run: `{queue} of HASH`, `{CODE(0x…)} of Hub`."""
    shown: str
    """As it is in this dump: `{queue} of HASH(3)`."""


def labels(heap: Heap) -> Callable[[int], str]:
    """A function from ids to `Net::Conn`, `HASH(1764), the shared string table`, `HASH(3), %seen of the sub add`."""
    roots: dict[int, str] = {}
    for root in heap.roots:
        if root.sv != heap.main_code:
            roots.setdefault(root.sv, root.description)

    def label(sv: int) -> str:
        known = roots.get(sv) or known_as(heap, sv)
        return describe(heap, sv) + (f", {known}" if known else "")

    return label


def known_as(heap: Heap, sv: int) -> str:
    """By what name the program holds an SV: `$Net::Client::pool`, `{queue} of Net::Client`, `%seen of the sub add`.

    "" where what it is has its name, or nobody has one for it.
    """
    name = name_of(heap, sv)
    return name.shown if name else ""


def name_of(heap: Heap, sv: int) -> Name | None:
    """The name by which the program holds an SV, None where what it is has its name, or nobody has one for it.

    Of several it is the one with the fewest references between it and the SV, then the least. Perl's hash order and
    the addresses of its SVs decide nothing, so two runs of a program name its SVs alike.
    """
    if heap.kind[sv] in _SAY_IT or (heap.kind[sv] == Kind.CODE and code_name(heap, sv)):
        return None
    svs = [sv]
    for _ in range(_DEEPEST):
        rows = _counted_rows(heap, svs)
        kinds = heap.out_kind[rows]
        if name := _best(heap, rows, kinds):
            return name
        references = np.unique(heap.out_source[rows[kinds == RefKind.REFERENT]])
        svs = references[heap.blessed[references] < 0].tolist()
        if not svs:
            break
    return None


def _counted_rows(heap: Heap, svs: Iterable[int]) -> Rows:
    """The references to some SVs that own a count."""
    rows = np.concatenate([heap.in_rows(sv) for sv in svs])
    counted: Rows = rows[(heap.out_strength[rows] & Strength.COUNTED) != 0]
    return counted


def _best(heap: Heap, rows: Rows, kinds: npt.NDArray[np.uint8]) -> Name | None:
    """The least name that some references give; the worse kinds are not looked for where there is a better one."""
    slots = rows[np.isin(kinds, list(_SIGILS))]
    is_object = heap.blessed[heap.out_source[slots]] >= 0
    values = rows[kinds == RefKind.VALUE]
    holders = heap.out_source[values]
    is_member = (heap.blessed[holders] >= 0) | np.isin(heap.kind[holders], STASH_KINDS)
    makers: tuple[Callable[[], Iterator[Name]], ...] = (
        lambda: _variables(heap, slots[~is_object]),
        lambda: _lexicals(heap, rows[np.isin(kinds, _IN_PADS)]),
        lambda: _keys(heap, NameKind.MEMBER, values[is_member]),
        lambda: _hops(heap, NameKind.MEMBER, rows[kinds == RefKind.FIELD]),
        lambda: _hops(heap, NameKind.SLOT, slots[is_object]),
        lambda: _keys(heap, NameKind.DATA, values[~is_member]),
    )
    return next((best for make in makers if (best := min(make(), default=None))), None)


def _variables(heap: Heap, slots: Rows) -> Iterator[Name]:
    for row in slots.tolist():
        shown = _SIGILS[RefKind(int(heap.out_kind[row]))] + glob_name(heap, int(heap.out_source[row]))
        yield Name(NameKind.VARIABLE, blanked(shown), shown)


def _hops(heap: Heap, kind: NameKind, rows: Rows) -> Iterator[Name]:
    for row in rows.tolist():
        shown = holder_text(hops_of(heap, [row])[0])
        yield Name(kind, blanked(shown), shown)


def _keys(heap: Heap, kind: NameKind, values: Rows) -> Iterator[Name]:
    holders = heap.out_source[values]
    # What a holder is called is made of these: hundred thousands of objects that share one are of few kinds.
    made_of = np.stack((heap.kind[holders], heap.blessed[holders], heap.length[holders] * (kind == NameKind.DATA)))
    alike = np.unique(made_of, axis=1, return_inverse=True)[1].reshape(-1).tolist()
    told = set()
    for at, raw in read_strings(heap, heap.out_detail[values]):
        if (raw, alike[at]) not in told:
            told.add((raw, alike[at]))
            holder, key = int(holders[at]), decode_name(raw)
            whose = describe(heap, holder)
            # Of the holder's own number of entries nothing is to be in a name.
            bare = whose.removesuffix(f"({int(heap.length[holder])})")
            yield Name(kind, f"{{{blanked_key(heap, key)}}} of {blanked(bare)}", f"{{{key}}} of {whose}")


def _lexicals(heap: Heap, rows: Rows) -> Iterator[Name]:
    codes, slots = heap.owner[heap.out_source[rows]], heap.out_detail[rows]
    ops = heap.codes.oproot[heap.codes.sv.searchsorted(codes)]
    # All clones of one closure hold it in the same slot.
    variables: dict[int, dict[tuple[int, int], int]] = {}
    for variable, op, slot, code in zip(
        *(column.tolist() for column in (heap.out_target[rows], ops, slots, codes)), strict=True
    ):
        variables.setdefault(variable, {}).setdefault((op or code, slot), code)
    for subs in variables.values():
        held_by = [(code, slot) for (_, slot), code in subs.items()]
        code, slot = held_by[0]
        name = "@_" if slot == 0 else heap.padname(code, slot) or f"slot {slot}"
        shown = f"{name} of {_scope(heap, held_by)}"
        yield Name(NameKind.LEXICAL, blanked(shown), shown)


def _scope(heap: Heap, held_by: list[tuple[int, int]]) -> str:
    """Whose a lexical is that some subs hold, each a CODE and a slot of its pads: a sub, or else its file.

    Closures come and go while a program runs, so they count only where neither the sub that declares it nor a sub
    with a name holds it.
    """
    captured = [code for code, slot in held_by if is_captured(heap, code, slot)]
    own = [code for code, _ in held_by if code not in captured]
    named = [code for code in captured if code_name(heap, code)]
    closures = [code for code in captured if not is_prototype(heap, code)]
    if len(named) < 2:
        for subs in (own, named, closures or captured):
            if len(names := {describe(heap, code) for code in subs}) == 1:
                return names.pop()
    files = {code_place(heap, code)[0] for code in named or closures or captured or own}
    return min(files - {""}, default="") or min(describe(heap, code) for code, _ in held_by)
