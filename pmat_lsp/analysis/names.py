"""By what name the program holds an SV, decided so that two runs of it name their SVs alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.blanks import blanked, blanked_key
from pmat_lsp.analysis.cycles import hops_of, is_captured
from pmat_lsp.analysis.holders import holder_text
from pmat_lsp.format.kinds import STASH_KINDS, Kind, RefKind, Strength
from pmat_lsp.heap.describe import code_name, code_place, describe, is_prototype
from pmat_lsp.heap.distinct import first_of_each
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.privacy import shown_key
from pmat_lsp.heap.symbols import SLOTS, glob_name
from pmat_lsp.heap.values import read_strings

_DEEPEST = 6
"""So many references one behind the other are gone back."""
_SIGILS = {slot: sigil for sigil, slot in SLOTS.items() if sigil != "&"}
"""By the slot of a glob; of a sub its own description has the name."""
_SLOTS, _IN_PADS = list(_SIGILS), [RefKind.PAD_LEXICAL, RefKind.PAD_ARGS]
_SAY_IT = (*STASH_KINDS, Kind.GLOB)
"""Kinds of SVs whose description has their name."""
Ids = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]


class NameKind(IntEnum):
    """Kinds of names, the better ones first."""

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
    """A name by which the program holds an SV. The least of several is the one to use."""

    kind: NameKind
    text: str
    """The same in every run: `{queue} of HASH`, `{CODE(0x…)} of Hub`."""
    shown: str
    """As it is in this dump: `{queue} of HASH(3)`."""


class _Steps(NamedTuple):
    """References that own a count, on the way back from some SVs."""

    of: Ids
    """Which of the SVs each is on the way to: an index into them."""
    rows: Ids
    """Rows of the out_ columns."""

    def where(self, mask: Mask) -> _Steps:
        """Some of them."""
        return _Steps(self.of[mask], self.rows[mask])

    @property
    def listed(self) -> tuple[list[int], list[int]]:
        """The same as numbers."""
        return self.of.tolist(), self.rows.tolist()


_Named: TypeAlias = tuple[int, Name]
"""(index of the SV, one of its names)."""
_Maker: TypeAlias = Callable[[Heap, NameKind, _Steps], Iterator[_Named]]


def name_of(heap: Heap, sv: int) -> Name | None:
    """The name by which the program holds an SV, None where what it is has its name, or nobody has one for it."""
    return next(iter(names_of(heap, [sv])))


def names_of(heap: Heap, svs: Sequence[int]) -> list[Name | None]:
    """As `name_of`, of each of many: they are gone back from together, a reference at a time.

    Of several names it is one with the fewest references between it and the SV, of these the least. Neither perl's hash
    order nor the addresses of its SVs decide, so two runs of a program name its SVs alike.
    """
    names: list[Name | None] = [None] * len(svs)
    done = np.array([_says_it(heap, sv) for sv in svs], np.bool_)
    of, at = np.flatnonzero(~done), np.array(svs, np.int64)[~done]
    for _ in range(_DEEPEST):
        steps = _steps_to(heap, of, at)
        for kind, chosen, make in _told_by(heap, steps):
            best: dict[int, Name] = {}
            for index, name in make(heap, kind, steps.where(chosen & ~done[steps.of])):
                best[index] = min(name, best.get(index, name))
            for index, name in best.items():
                names[index], done[index] = name, True
        steps = steps.where(~done[steps.of] & (heap.out_kind[steps.rows] == RefKind.REFERENT))
        references = heap.out_source[steps.rows]
        plain = heap.blessed[references] < 0
        # With an index numpy does not import numpy.ma, which takes longer than the rest.
        pairs, _ = first_of_each(steps.of[plain].astype(np.int64) << 32 | references[plain])
        of, at = pairs >> 32, pairs & 0xFFFFFFFF
        if not len(of):
            break
    return names


def _says_it(heap: Heap, sv: int) -> bool:
    return int(heap.kind[sv]) in _SAY_IT or (heap.kind[sv] == Kind.CODE and code_name(heap, sv) is not None)


def _steps_to(heap: Heap, of: Ids, svs: Ids) -> _Steps:
    """The references to some SVs."""
    counts = heap.in_start[svs + 1] - heap.in_start[svs]
    before = np.cumsum(counts) - counts
    positions = np.repeat(heap.in_start[svs] - before, counts) + np.arange(counts.sum())
    rows = heap.in_ref[positions]
    return _Steps(np.repeat(of, counts), rows).where((heap.out_strength[rows] & Strength.COUNTED) != 0)


def _told_by(heap: Heap, steps: _Steps) -> list[tuple[NameKind, Mask, _Maker]]:
    """The kinds of names, the better ones first: which references give such names, and what makes them."""
    kinds, sources = heap.out_kind[steps.rows], heap.out_source[steps.rows]
    is_object = heap.blessed[sources] >= 0
    has_members = is_object | np.isin(heap.kind[sources], STASH_KINDS)
    slots, values = np.isin(kinds, _SLOTS), kinds == RefKind.VALUE
    return [
        (NameKind.VARIABLE, slots & ~is_object, _variables),
        (NameKind.LEXICAL, np.isin(kinds, _IN_PADS), _lexicals),
        (NameKind.MEMBER, values & has_members, _keys),
        (NameKind.MEMBER, kinds == RefKind.FIELD, _hops),
        (NameKind.SLOT, slots & is_object, _hops),
        (NameKind.DATA, values & ~has_members, _keys),
    ]


def _variables(heap: Heap, kind: NameKind, steps: _Steps) -> Iterator[_Named]:
    for of, row in zip(*steps.listed, strict=True):
        shown = _SIGILS[RefKind(int(heap.out_kind[row]))] + glob_name(heap, int(heap.out_source[row]))
        yield of, Name(kind, blanked(shown), shown)


def _hops(heap: Heap, kind: NameKind, steps: _Steps) -> Iterator[_Named]:
    for of, row in zip(*steps.listed, strict=True):
        shown = holder_text(hops_of(heap, [row])[0])
        yield of, Name(kind, blanked(shown), shown)


def _keys(heap: Heap, kind: NameKind, steps: _Steps) -> Iterator[_Named]:
    holders = heap.out_source[steps.rows]
    # What a holder is called is made of these: a hundred thousand objects that share an SV are of few kinds.
    made_of = (heap.kind[holders], heap.blessed[holders], heap.length[holders] * (kind == NameKind.DATA))
    alike = list(zip(*(column.tolist() for column in made_of), strict=True))
    of = steps.of.tolist()
    told = set()
    for at, raw in read_strings(heap, heap.out_detail[steps.rows]):
        if (one := (of[at], alike[at], raw)) not in told:
            told.add(one)
            holder = int(holders[at])
            key = shown_key(heap, holder, raw)
            whose = describe(heap, holder)
            # Of the holder's own number of entries nothing is to be in a name.
            bare = whose.removesuffix(f"({int(heap.length[holder])})")
            yield of[at], Name(kind, f"{{{blanked_key(heap, key)}}} of {blanked(bare)}", f"{{{key}}} of {whose}")


def _lexicals(heap: Heap, kind: NameKind, steps: _Steps) -> Iterator[_Named]:
    codes = heap.owner[heap.out_source[steps.rows]]
    ops = heap.codes.oproot[heap.codes.sv.searchsorted(codes)]
    columns = (steps.of, heap.out_target[steps.rows], ops, heap.out_detail[steps.rows], codes)
    # All clones of one closure hold a variable in the same slot.
    variables: dict[tuple[int, int], dict[tuple[int, int], int]] = {}
    for of, variable, op, slot, code in zip(*(column.tolist() for column in columns), strict=True):
        variables.setdefault((of, variable), {}).setdefault((op or code, slot), code)
    for (of, _), subs in variables.items():
        held_by = [(code, slot) for (_, slot), code in subs.items()]
        code, slot = held_by[0]
        name = "@_" if slot == 0 else heap.padname(code, slot) or f"slot {slot}"
        shown = f"{name} of {_scope(heap, held_by)}"
        yield of, Name(kind, blanked(shown), shown)


def _scope(heap: Heap, held_by: list[tuple[int, int]]) -> str:
    """Whose a lexical is that some subs hold, each a CODE and a slot of its pads: a sub's, or else its file's.

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
