"""What an SV holds, read from the dump when it is asked for."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.format.kinds import HASH_KINDS, Kind, RefKind, ScalarFlag
from pmat_lsp.heap.bodies import body_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.tables import decode_path

_PIECE, _BEYOND = 1 << 20, 1 << 12
"""Bytes that are read at once, and behind the last string's beginning."""


@dataclass(frozen=True, slots=True)
class ScalarValue:
    """The slots of a SCALAR; each is None where the SCALAR does not have it. All None: undef."""

    integer: int | None
    """IV or UV."""
    number: float | None
    """NV; a long double is rounded to a double."""
    string: bytes | None
    """What the dump holds of the PV, which the dumper cuts at 256 bytes unless told otherwise."""
    string_length: int
    """Bytes of the PV in the process, 0 where there is none."""
    utf8: bool
    """Whether the PV is UTF-8 (else each byte is a character)."""
    unsigned: bool = False

    @property
    def defined(self) -> bool:
        """Whether there is any value."""
        return not (self.integer is None and self.number is None and self.string is None)

    @property
    def text(self) -> str | None:
        """The PV as text; a UTF-8 sequence that the dumper has cut is left out."""
        if self.string is None:
            return None
        if not self.utf8:
            return self.string.decode("latin-1")
        truncated = len(self.string) < self.string_length
        return self.string.decode("utf-8", "ignore" if truncated else "replace")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a hash."""

    key: bytes
    value: int
    """Id of the value, -1 where the dump has no such SV (or none at all)."""


def scalar_value(heap: Heap, sv: int) -> ScalarValue:
    """The slots of a SCALAR, UNDEF, YES or NO.

    Raises:
        ValueError: the SV is of another kind.
    """
    kind = heap.kind[sv]
    if kind == Kind.YES:
        return ScalarValue(1, 1.0, b"1", 1, False)
    if kind == Kind.NO:
        return ScalarValue(0, 0.0, b"", 0, False)
    if kind == Kind.UNDEF:
        return ScalarValue(None, None, None, 0, False)
    if kind != Kind.SCALAR:
        raise ValueError(f"SV {sv} is no scalar")
    return _read_scalar(heap, sv)


def _read_scalar(heap: Heap, sv: int) -> ScalarValue:
    layout, flags = heap.layout, int(heap.flags[sv])
    header, pointers, _ = (int(x) for x in layout.type_sizes[0])
    start = int(heap.offset[sv]) + 1 + header + pointers * layout.ptr_size + 1
    raw = bytes(heap.data[start : start + 2 * layout.uint_size + layout.nv_size])
    unsigned = bool(flags & ScalarFlag.IS_UV)
    integer = int.from_bytes(raw[: layout.uint_size], layout.byte_order, signed=not unsigned)
    number = _number(raw[layout.uint_size : layout.uint_size + layout.nv_size], layout.big_endian)
    length = int.from_bytes(raw[layout.uint_size + layout.nv_size :], layout.byte_order)
    string = None
    if flags & ScalarFlag.PV and heap.length[sv] >= 0:
        at = body_of(heap, sv)
        string = bytes(heap.data[at : at + int(heap.length[sv])])
    return ScalarValue(
        integer=integer if flags & ScalarFlag.IV else None,
        number=number if flags & ScalarFlag.NV else None,
        string=string,
        string_length=length if string is not None else 0,
        utf8=bool(flags & ScalarFlag.UTF8),
        unsigned=unsigned,
    )


def _number(raw: bytes, big_endian: bool) -> float:
    if len(raw) == 8:
        return float(struct.unpack(">d" if big_endian else "<d", raw)[0])
    return _extended_precision(raw[::-1] if big_endian else raw)


def _extended_precision(raw: bytes) -> float:
    """An x87 long double: 64 bits of mantissa with its leading 1, 15 of exponent, a sign; least byte first."""
    mantissa = int.from_bytes(raw[:8], "little")
    exponent = int.from_bytes(raw[8:10], "little")
    sign = -1.0 if exponent & 0x8000 else 1.0
    exponent &= 0x7FFF
    if exponent == 0x7FFF:
        return sign * math.inf if mantissa << 1 & 0xFFFFFFFFFFFFFFFF == 0 else math.nan
    try:
        return sign * math.ldexp(mantissa, exponent - 16383 - 63)
    except OverflowError:
        return sign * math.inf


def read_string(heap: Heap, offset: int) -> bytes:
    """The STR at a byte of the dump, as a reference's `detail` names it; empty where it is null."""
    size = heap.layout.uint_size
    length = int.from_bytes(heap.data[offset : offset + size], heap.layout.byte_order)
    if length == heap.layout.null_length:
        return b""
    return bytes(heap.data[offset + size : offset + size + length])


def read_strings(heap: Heap, offsets: npt.NDArray[np.integer[Any]]) -> Iterator[tuple[int, bytes]]:
    """As `read_string` of many: (index into `offsets`, STR) of each, in the order of the dump, read piece by piece."""
    order = np.argsort(offsets, kind="stable")
    layout = heap.layout
    size, null_length, byte_order = layout.uint_size, layout.null_length, layout.byte_order
    start, piece = 0, b""
    end = int(offsets.max(initial=0)) + _BEYOND
    for index, offset in zip(order.tolist(), offsets[order].tolist(), strict=True):
        at = offset - start
        if at + size > len(piece):
            start, at = offset, 0
            piece = bytes(heap.data[offset : min(offset + _PIECE, end)])
        length = int.from_bytes(piece[at : at + size], byte_order)
        text = at + size
        if length == null_length:
            yield index, b""
        elif text + length <= len(piece):
            yield index, piece[text : text + length]
        else:
            yield index, read_string(heap, offset)


def hash_entries(heap: Heap, sv: int) -> Iterator[Entry]:
    """The entries of a HASH, STASH or CLASS in the order of the dump.

    Raises:
        ValueError: the SV is of another kind.
    """
    layout = heap.layout
    for key, position in _keys_and_pointers(heap, sv):
        raw = heap.data[position : position + layout.ptr_size]
        yield Entry(key, heap.id_at(int.from_bytes(raw, layout.byte_order)))


def hash_keys(heap: Heap, sv: int) -> Iterator[bytes]:
    """The keys of a HASH, STASH or CLASS in the order of the dump.

    Raises:
        ValueError: the SV is of another kind.
    """
    return (key for key, _ in _keys_and_pointers(heap, sv))


def _keys_and_pointers(heap: Heap, sv: int) -> Iterator[tuple[bytes, int]]:
    """(key, byte where the pointer to its value stands) of each entry."""
    if heap.kind[sv] not in HASH_KINDS:
        raise ValueError(f"SV {sv} is no hash")
    layout, position = heap.layout, body_of(heap, sv)
    skip = layout.ptr_size if layout.minor >= 6 else 0
    for _ in range(int(heap.length[sv])):
        key = read_string(heap, position)
        position += layout.uint_size + len(key) + skip
        yield key, position
        position += layout.ptr_size


def elements(heap: Heap, sv: int) -> Iterator[int]:
    """The ids of the elements of an array or the fields of an OBJECT, -1 where there is none."""
    layout, position = heap.layout, body_of(heap, sv)
    for _ in range(int(heap.length[sv])):
        raw = heap.data[position : position + layout.ptr_size]
        yield heap.id_at(int.from_bytes(raw, layout.byte_order))
        position += layout.ptr_size


def named_values(heap: Heap, name: str) -> list[tuple[int, str]]:
    """The globals of one name: [(id of the SV, its sigil)], from the main stash; `INC` gives `@INC` and `%INC`."""
    glob = _main_entry(heap, name.encode())
    if glob < 0 or heap.kind[glob] != Kind.GLOB:
        return []
    sigils = {RefKind.GLOB_SCALAR: "$", RefKind.GLOB_ARRAY: "@", RefKind.GLOB_HASH: "%"}
    return [
        (int(heap.out_target[row]), sigils[RefKind(int(heap.out_kind[row]))])
        for row in heap.out_rows(glob)
        if int(heap.out_kind[row]) in sigils
    ]


def _main_entry(heap: Heap, key: bytes) -> int:
    stash = next((root.sv for root in heap.roots if root.name == "defstash"), -1)
    if stash < 0 or heap.kind[stash] not in HASH_KINDS:
        return -1
    return next((entry.value for entry in hash_entries(heap, stash) if entry.key == key), -1)


def text_of(heap: Heap, sv: int) -> str | None:
    """The string of a SCALAR as text, a number as its digits; None for anything else and for undef."""
    if sv < 0 or heap.kind[sv] not in (Kind.SCALAR, Kind.YES, Kind.NO):
        return None
    value = scalar_value(heap, sv)
    if value.string is not None:
        return value.text
    if value.integer is not None:
        return str(value.integer)
    return None if value.number is None else f"{value.number:.15g}"


def file_facts(heap: Heap) -> tuple[dict[str, str], tuple[str, ...], str | None]:
    """(%INC, @INC, $0) of the program, as far as the dump holds them; strings that the dumper cut are left out."""
    inc: dict[str, str] = {}
    dirs: tuple[str, ...] = ()
    for sv, sigil in named_values(heap, "INC"):
        if sigil == "%" and heap.kind[sv] in HASH_KINDS:
            found = ((decode_path(entry.key), _whole_text(heap, entry.value)) for entry in hash_entries(heap, sv))
            inc = {key: text for key, text in found if text}
        elif sigil == "@" and heap.kind[sv] == Kind.ARRAY:
            dirs = tuple(text for element in elements(heap, sv) if (text := _whole_text(heap, element)))
    script = next((_whole_text(heap, sv) for sv, sigil in named_values(heap, "0") if sigil == "$"), None)
    return inc, dirs, script


def _whole_text(heap: Heap, sv: int) -> str | None:
    if sv < 0 or heap.kind[sv] != Kind.SCALAR:
        return None
    value = scalar_value(heap, sv)
    if value.string is None or len(value.string) < value.string_length:
        return None
    return decode_path(value.string)
