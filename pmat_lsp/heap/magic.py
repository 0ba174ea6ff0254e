"""What the extension records say of one SV: its magic, and where it was allocated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pmat_lsp.format.kinds import Extension
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import magic_type
from pmat_lsp.heap.values import read_string


@dataclass(frozen=True, slots=True)
class Magic:
    """One piece of magic; the ids are -1 where there is no such SV."""

    type: str
    """Perl's letter for it: `P` for a tied container."""
    object: int
    pointer: int
    table: int
    """Address of its table of functions, 0 for none or where the dump does not say."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """Where an SV was allocated, by a perl built with DEBUG_LEAKING_SCALARS."""

    serial: int
    file: str | None
    line: int


def magics_of(heap: Heap, sv: int) -> Iterator[Magic]:
    """The magic of an SV, in the order of the dump. That of minor version 0 has no table and one object."""
    layout = heap.layout
    header, count, _ = (int(size) for size in layout.extension_sizes[0]) if layout.minor else (1, 1, 0)
    for start in _offsets(heap, sv, Extension.MAGIC):
        at = start if not layout.minor else start + header
        pointers = [_number(heap, at + i * layout.ptr_size, layout.ptr_size) for i in range(count)] + [0, 0]
        letter = _number(heap, start if layout.minor else start + layout.ptr_size, 1)
        yield Magic(
            magic_type(letter),
            heap.id_at(pointers[0]) if pointers[0] else -1,
            heap.id_at(pointers[1]) if pointers[1] else -1,
            pointers[2],
        )


def allocation_of(heap: Heap, sv: int) -> Allocation | None:
    """Where an SV was allocated, None where the dump does not say."""
    uint = heap.layout.uint_size
    header, pointers, strings = (int(size) for size in heap.layout.extension_sizes[Extension.DEBUG - 0x80])
    start = next(_offsets(heap, sv, Extension.DEBUG), -1)
    if start < 0 or header < 2 * uint:
        return None
    text = start + header + pointers * heap.layout.ptr_size
    null = not strings or _number(heap, text, uint) == heap.layout.null_length
    file = None if null else read_string(heap, text).decode("utf-8", "surrogateescape")
    return Allocation(_number(heap, start, uint), file, _number(heap, start + uint, uint))


def _offsets(heap: Heap, sv: int, extension: Extension) -> Iterator[int]:
    first, end = heap.extensions.sv.searchsorted([sv, sv + 1]).tolist()
    for row in range(first, end):
        if heap.extensions.type[row] == extension:
            yield int(heap.extensions.offset[row])


def _number(heap: Heap, at: int, size: int) -> int:
    return int.from_bytes(heap.data[at : at + size], heap.layout.byte_order)
