"""A dump without the values of its scalars: everything else in the file stays as it is, so it has the same findings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pmat_lsp.errors import DumpError
from pmat_lsp.format.kinds import Extension, Kind, RefKind
from pmat_lsp.heap.bodies import text_starts
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.ranges import ranges
from pmat_lsp.heap.values import elements, hash_entries, named_values
from pmat_lsp.units import format_count

_WINDOW = 4 << 20
"""Bytes of the dump that are worked on at once."""
I64 = npt.NDArray[np.int64]


def scrubbed(heap: Heap, progress: Progress = no_progress) -> Iterator[bytes]:
    """The dump of a heap, piece by piece, with empty strings and zeros as the values of its scalars.

    How long each string was in the process stays. So do the strings in `kept`, which decide where sources are, and
    whose class inherits from which.

    Raises:
        DumpError: the dump has parts that are not understood, so that there may be strings in them.
    """
    _refuse_what_is_not_understood(heap)
    scalars = np.flatnonzero(heap.kind[: heap.n] == Kind.SCALAR)
    scalars = scalars[~np.isin(scalars, kept(heap))]
    layout, offset = heap.layout, heap.offset[scalars]
    text = text_starts(heap, scalars)
    common_header, common_pointers = (int(size) for size in layout.type_sizes[0, :2])
    # The record: TYPE, what all kinds have, flags, integer, number, the length in the process, pointers, the string.
    numbers = offset + 1 + common_header + common_pointers * layout.ptr_size + 1
    zeroed = _in_order(
        np.concatenate((numbers, text - layout.uint_size)),
        np.concatenate((numbers + layout.uint_size + layout.nv_size, text)),
        np.concatenate((np.ones(len(scalars), np.bool_), heap.length[scalars] >= 0)),
    )
    dropped = _in_order(text, text + heap.length[scalars], heap.length[scalars] > 0)
    for first in range(0, len(heap.data), _WINDOW):
        progress("scrubbing", first, len(heap.data))
        window = np.frombuffer(bytes(heap.data[first : first + _WINDOW]), np.uint8).copy()
        window[_inside(zeroed, first, len(window))] = 0
        stays = np.ones(len(window), np.bool_)
        stays[_inside(dropped, first, len(window))] = False
        yield window[stays].tobytes()


def kept(heap: Heap) -> I64:
    """int64: the SCALARs whose strings stay: `$0`, `@INC`, `%INC`, `@ISA` and `$VERSION` of each package, and the names
    of lexicals, which old perls keep in strings."""
    svs: list[int] = []
    for sv, sigil in (*named_values(heap, "INC"), *named_values(heap, "0")):
        if sigil == "%" and heap.kind[sv] == Kind.HASH:
            svs += [entry.value for entry in hash_entries(heap, sv)]
        elif sigil == "@" and heap.kind[sv] == Kind.ARRAY:
            svs += elements(heap, sv)
        elif sigil == "$":
            svs.append(sv)
    svs += _in_globs(heap, "VERSION", RefKind.GLOB_SCALAR)
    for array in _in_globs(heap, "ISA", RefKind.GLOB_ARRAY):
        svs += elements(heap, array) if heap.kind[array] == Kind.ARRAY else ()
    names = heap.out_target[heap.out_kind == RefKind.PADNAMES_ELEMENT]
    distinct: npt.NDArray[np.int64] = np.unique(np.concatenate((np.array(svs, np.int64), names.astype(np.int64))))
    return distinct


def _in_globs(heap: Heap, name: str, slot: RefKind) -> list[int]:
    """What is in one slot of all globs of a name."""
    globs = heap.globs
    called = [one for one in distinct(globs.name[globs.name >= 0]).tolist() if heap.strings[one] == name]
    svs = globs.sv[np.isin(globs.name, called)].tolist()
    return [int(heap.out_target[row]) for sv in svs for row in heap.out_rows(sv) if heap.out_kind[row] == slot]


def _refuse_what_is_not_understood(heap: Heap) -> None:
    unknown = int(np.isin(heap.kind[: heap.n], list(Kind), invert=True).sum())
    extensions = int(np.isin(heap.extensions.type, list(Extension), invert=True).sum())
    for count, what in (
        (unknown, "SV of a kind that this version does not know"),
        (extensions, "extension record of a type that this version does not know"),
        (heap.replaced, "SV that was dumped twice"),
    ):
        if count:
            problem = f"cannot be scrubbed: it has {format_count(count, what, what.replace(' ', 's ', 1))}"
            raise DumpError(heap.path, problem, hint="There may be strings in it that would stay.")


def _in_order(start: I64, end: I64, mask: npt.NDArray[np.bool_]) -> tuple[I64, I64]:
    order = np.argsort(start[mask], kind="stable")
    return start[mask][order], end[mask][order]


def _inside(spans: tuple[I64, I64], first: int, length: int) -> I64:
    """int64: the bytes of some spans, in order and apart, that are in a window, counted from its first byte."""
    start, end = spans
    some = slice(int(np.searchsorted(end, first, "right")), int(np.searchsorted(start, first + length)))
    return ranges(np.maximum(start[some], first), np.minimum(end[some], first + length))[0] - first
