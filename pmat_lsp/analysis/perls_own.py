"""What perl itself holds outside the heap in every program, so that its counts are in no dump.

Compiled patterns hold the strings that they look for and their character classes; ops hold patterns, constants, and the
globs of files; perl's stacks are arrays; its tables of Unicode are inversion lists.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.rows import referents
from pmat_lsp.format.kinds import Extension, Kind, RefKind, ScalarFlag
from pmat_lsp.heap.distinct import among, distinct
from pmat_lsp.heap.magic import magics_of
from pmat_lsp.heap.model import Heap

I32 = npt.NDArray[np.int32]

_NOT_REAL = 0x01
"""Flag of an ARRAY that owns no counts of its elements."""
_STRING_SEARCH_MAGIC = "B"
_FILE_GLOB = "_<"
_CHARACTER_CLASS = 5
"""So many elements the array of a pattern's character class has at the most, see `get_regclass_aux_data` in perl."""


def perls_own(heap: Heap, svs: I32) -> I32:
    """int32: of SVs to which nothing in the dump refers, those that perl itself holds."""
    kind, blessed = heap.kind[svs], heap.blessed[svs] >= 0
    extended = heap.extensions.sv
    magical = extended[heap.extensions.type == Extension.MAGIC]
    shared = extended[heap.extensions.type == Extension.SHARED_HEK]
    scalars = svs[(kind == Kind.SCALAR) & ~blessed]
    # Without threads ops hold their constants, and those that are keys of hashes share the strings of these.
    constants = scalars[among(scalars, shared) & (heap.flags[scalars] & ~np.uint8(ScalarFlag.UTF8) == ScalarFlag.PV)]
    arrays = svs[(kind == Kind.ARRAY) & ~blessed & (heap.flags[svs] & _NOT_REAL != 0)]
    refs = svs[(kind == Kind.REF) & ~blessed]
    target = referents(heap, refs)[1]
    short = (heap.kind[target] == Kind.ARRAY) & (heap.length[target] <= _CHARACTER_CLASS)
    own = (
        svs[kind == Kind.INVLIST],
        _only(svs[kind == Kind.REGEXP], lambda sv: heap.class_of(sv) in (None, "Regexp")),
        _only(scalars[among(scalars, magical)], lambda sv: _is_looked_for(heap, sv)),
        constants[: 0 if heap.layout.ithreads else None],
        _only(arrays, lambda sv: _is_stack(heap, sv)),
        _only(refs[short], lambda sv: _is_character_class(heap, sv)),
        _only(svs[(kind == Kind.GLOB) & ~blessed], lambda sv: _is_file(heap, sv)),
        _only(svs[(kind == Kind.HASH) & ~blessed], lambda sv: _is_old_stash(heap, sv)),
    )
    found: I32 = distinct(np.concatenate(own)).astype(np.int32)
    return found


def _only(svs: I32, test: Callable[[int], bool]) -> I32:
    passed: I32 = svs[np.fromiter(map(test, svs.tolist()), np.bool_, len(svs))]
    return passed


def _is_looked_for(heap: Heap, sv: int) -> bool:
    """A string that a pattern or `index` looks for has a table for the search."""
    return any(magic.type == _STRING_SEARCH_MAGIC for magic in magics_of(heap, sv))


def _is_stack(heap: Heap, sv: int) -> bool:
    """Stacks start with PL_sv_undef itself, and own nothing."""
    return next(heap.references_of(sv), None) == (RefKind.ELEMENT, 0, heap.n)


def _is_character_class(heap: Heap, sv: int) -> bool:
    target = next((target for kind, _, target in heap.references_of(sv) if kind == RefKind.REFERENT), -1)
    return target >= 0 and any(heap.kind[element] == Kind.INVLIST for _, _, element in heap.references_of(target))


def _is_file(heap: Heap, sv: int) -> bool:
    """`*_<lib/Foo.pm`: ops tell their file by its glob where perl has no threads."""
    name = heap.string(int(heap.globs.name[heap.globs.sv.searchsorted(np.int32(sv))]))
    return name is not None and name.startswith(_FILE_GLOB)


def _is_old_stash(heap: Heap, sv: int) -> bool:
    """A package that was deleted, while code compiled in it is still there: a hash of globs that has no name."""
    values = [target for kind, _, target in heap.references_of(sv) if kind == RefKind.VALUE]
    return bool(values) and all(heap.kind[target] == Kind.GLOB for target in values)
