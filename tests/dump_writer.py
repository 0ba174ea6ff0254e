"""A writer of heap dumps for tests: any minor version, word size and byte order, one method for each kind of record.

It writes what Devel::MAT::Dumper of each age wrote, after its format.txt; where a minor version had less (no UNDEF
records before 3, no table of extensions before 4 ...), asking for more is a ValueError. Records land in the file in
the order of the calls. An address is any integer but 0, which is the null pointer.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

NEWEST_MINOR = 6

GLOB, SCALAR, REF, ARRAY, HASH, STASH, CODE, IO = range(1, 9)
LVALUE, REGEXP, FORMAT, INVLIST, UNDEF, YES, NO, OBJECT, CLASS = range(9, 18)
STRUCT, UNKNOWN = 0x7F, 0xFF

MAGIC, SAVED_SV, SAVED_AV, SAVED_HV, SAVED_AELEM, SAVED_HELEM, SAVED_CV = range(0x80, 0x87)
NOTE, DEBUG_REPORT, SHARED_HEK, MAGIC2 = range(0x87, 0x8B)
META_STRUCT = 0xF0

CONTEXT_SUB, CONTEXT_TRY, CONTEXT_EVAL = 1, 2, 3

FIELD_POINTER, FIELD_BOOL, FIELD_U8, FIELD_U32, FIELD_UINT = range(5)

_FIRST_MINOR = {UNDEF: 3, YES: 3, NO: 3, OBJECT: 5, CLASS: 5, STRUCT: 4, META_STRUCT: 4, SHARED_HEK: 6, MAGIC2: 6}
_FIRST_MINOR |= dict.fromkeys(range(SAVED_SV, DEBUG_REPORT + 1), 4)

Text = bytes | str | None
"""A STR: text goes into the file as UTF-8, None as the length with all bits set."""

Values = Mapping[str, int] | Mapping[bytes, int] | Mapping[str | bytes, int]
"""Addresses by key."""


class Sizes(NamedTuple):
    """What the header tells of a type of record: how long its fixed part is."""

    header: int
    """Bytes before the pointers."""
    pointers: int
    strings: int


_NOTHING = Sizes(0, 0, 0)


class DumpWriter:
    """Collects the records of one heap; `to_bytes` gives the file.

    Every method that adds an SV takes `refcount`, `size` (bytes of memory that it is said to take) and `blessed`
    (the address of a STASH) by name.
    """

    def __init__(
        self,
        minor: int = 4,
        *,
        big_endian: bool = False,
        uint64: bool = True,
        ptr64: bool = True,
        long_double: bool = False,
        ithreads: bool = True,
        perl: tuple[int, int, int] = (5, 36, 0),
        immortals: tuple[int, int, int] = (0x10, 0x20, 0x30),
    ) -> None:
        """`immortals` are the addresses of PL_sv_undef, PL_sv_yes and PL_sv_no, which have no records."""
        self.minor = minor
        self.big_endian = big_endian
        self.uint_size = 8 if uint64 else 4
        self.ptr_size = 8 if ptr64 else 4
        self.long_double = long_double
        self.ithreads = ithreads
        self.perl = perl
        self.immortals = immortals
        self.type_sizes = self._type_sizes()
        self.extension_sizes = self._extension_sizes()
        self._struct_fields: dict[int, tuple[int, ...]] = {}
        self._roots: list[tuple[Text, int]] = []
        self._stack: list[int] = []
        self._heap = bytearray()
        self._contexts = bytearray()
        self._mortals = b""

    def to_bytes(self) -> bytes:
        """The whole file."""
        return b"".join(
            (
                self._header(),
                self._pointers(self.immortals),
                self._u32(len(self._roots)),
                *(self._text(name) + self._pointer(address) for name, address in self._roots),
                self._uint(len(self._stack)),
                self._pointers(self._stack),
                self._heap + b"\0",
                self._contexts + b"\0",
                self._mortals,
            )
        )

    # What is not an SV

    def root(self, name: Text, address: int) -> None:
        """A named root; pointing to nothing where `address` is 0."""
        self._roots.append((name, address))

    def stack(self, addresses: Iterable[int]) -> None:
        """The value stack, from its bottom."""
        self._stack = list(addresses)

    def context_sub(
        self, code: int, args: int = 0, *, old_depth: int = 0, gimme: int = 1, file: Text = "a.pl", line: int = 1
    ) -> None:
        """A call of a sub, at `file` and `line`; innermost first. `gimme`: 1 void, 2 scalar, 3 list."""
        depth = self._u32(old_depth) if self.minor >= 2 else b""
        self._context(CONTEXT_SUB, gimme, file, line, depth + self._pointers((code, args)))

    def context_try(self, *, gimme: int = 1, file: Text = "a.pl", line: int = 1) -> None:
        """An `eval { ... }`."""
        self._context(CONTEXT_TRY, gimme, file, line, b"")

    def context_eval(self, text: int, *, gimme: int = 1, file: Text = "a.pl", line: int = 1) -> None:
        """An `eval "..."`; `text` is the address of the SCALAR with the source."""
        self._context(CONTEXT_EVAL, gimme, file, line, self._pointer(text))

    def mortals(self, addresses: Sequence[int], floor: int = 0) -> None:
        """The temporaries; a file without this call ends before them, as those of Dumper 0.46 and older do."""
        if self.minor < 4:
            raise ValueError(f"no dump of minor version {self.minor} has mortals")
        self._mortals = self._uint(len(addresses)) + self._pointers(addresses) + self._uint(floor)

    def _context(self, kind: int, gimme: int, file: Text, line: int, rest: bytes) -> None:
        place = (self._uint(line), self._text(file))
        place = place if self.minor >= 2 else place[::-1]
        self._contexts += bytes((kind, gimme)) + b"".join(place) + rest

    # SVs

    def scalar(
        self,
        address: int,
        *,
        iv: int | None = None,
        uv: int | None = None,
        nv: float | None = None,
        pv: Text = None,
        utf8: bool = False,
        pvlen: int | None = None,
        our_stash: int = 0,
        flags: int | None = None,
        refcount: int = 1,
        size: int = 24,
        blessed: int = 0,
    ) -> None:
        """A value with any of an integer, a float and a string.

        `pvlen` is the string's whole length in bytes, for one that the dumper cut; `flags` replaces those that the
        values ask for.
        """
        if flags is None:
            integer = 0x03 if uv is not None else 0x01 if iv is not None else 0
            flags = integer | 0x04 * (nv is not None) | 0x08 * (pv is not None) | 0x10 * utf8
        length = len(_encoded(pv) or b"") if pvlen is None else pvlen
        header = bytes((flags,)) + self._uint(uv or iv or 0) + self._nv(0.0 if nv is None else nv) + self._uint(length)
        self._sv(SCALAR, address, refcount, size, blessed, header, (our_stash,), (pv,))

    def ref(
        self,
        address: int,
        target: int,
        *,
        weak: bool = False,
        our_stash: int = 0,
        refcount: int = 1,
        size: int = 24,
        blessed: int = 0,
    ) -> None:
        """A scalar that holds a reference."""
        self._sv(REF, address, refcount, size, blessed, bytes((weak,)), (target, our_stash))

    def array(
        self,
        address: int,
        elements: Sequence[int] = (),
        *,
        real: bool = True,
        refcount: int = 1,
        size: int = 64,
        blessed: int = 0,
    ) -> None:
        """An array; one that is not `real` owns no count of its elements."""
        header = self._uint(len(elements)) + bytes((not real,))
        self._sv(ARRAY, address, refcount, size, blessed, header)
        self._heap += self._pointers(elements)

    def hash(
        self,
        address: int,
        values: Values | None = None,
        *,
        backrefs: int = 0,
        refcount: int = 1,
        size: int = 120,
        blessed: int = 0,
    ) -> None:
        """A hash with the addresses of its values by key."""
        values = values or {}
        self._sv(HASH, address, refcount, size, blessed, self._uint(len(values)), (backrefs,))
        self._hash_body(values)

    def stash(
        self,
        address: int,
        name: Text,
        values: Values | None = None,
        *,
        backrefs: int = 0,
        mro: tuple[int, int, int, int] = (0, 0, 0, 0),
        refcount: int = 1,
        size: int = 200,
        blessed: int = 0,
    ) -> None:
        """A package; `mro` are its linear_all, linear_current, nextmethod and isa."""
        values = values or {}
        pointers = (backrefs, *mro)
        self._sv(STASH, address, refcount, size, blessed, self._uint(len(values)), pointers, (name,))
        self._hash_body(values)

    def klass(
        self,
        address: int,
        name: Text,
        values: Values | None = None,
        *,
        fields: Sequence[tuple[int, Text]] = (),
        adjust_blocks: int = 0,
        backrefs: int = 0,
        mro: tuple[int, int, int, int] = (0, 0, 0, 0),
        refcount: int = 1,
        size: int = 200,
        blessed: int = 0,
    ) -> None:
        """The package of a `class`; `fields` are pairs of index and name."""
        values = values or {}
        pointers = (backrefs, *mro, adjust_blocks)
        self._sv(CLASS, address, refcount, size, blessed, self._uint(len(values)), pointers, (name,))
        self._hash_body(values)
        for index, field in fields:
            self._heap += b"\x01" + self._uint(index) + self._text(field)
        self._heap += b"\0"

    def object(
        self, address: int, fields: Sequence[int] = (), *, refcount: int = 1, size: int = 48, blessed: int = 0
    ) -> None:
        """An instance of a `class`, with the addresses of its fields."""
        self._sv(OBJECT, address, refcount, size, blessed, self._uint(len(fields)))
        self._heap += self._pointers(fields)

    def code(
        self,
        address: int,
        *,
        file: Text = "a.pl",
        line: int = 1,
        name: Text = None,
        flags: int = 0,
        oproot: int = 0,
        depth: int = 0,
        name_hek: int = 0,
        stash: int = 0,
        glob: int = 0,
        outside: int = 0,
        padlist: int = 0,
        constval: int = 0,
        consts: Sequence[int] = (),
        const_indexes: Sequence[int] = (),
        globs: Sequence[int] = (),
        glob_indexes: Sequence[int] = (),
        padnames_address: int | None = None,
        padnames: Sequence[tuple[int, Text, int]] = (),
        padname_flags: Sequence[tuple[int, int]] = (),
        padname_fields: Sequence[tuple[int, int, int]] = (),
        pads: Sequence[tuple[int, int]] = (),
        refcount: int = 1,
        size: int = 128,
        blessed: int = 0,
    ) -> None:
        """A sub.

        `flags`: 1 prototype, 2 closure, 4 XSUB, 8 weak outside, 16 counts its glob, 32 lexical. `padnames` are
        (index, name, stash of an `our`), `padname_flags` (index, flags), `padname_fields` (index, field, stash),
        `pads` (depth from 1, address). `const_indexes` and `glob_indexes` are pad indexes, as perls with ithreads
        have them; the others have `consts` and `globs`, which are addresses.
        """
        header = self._uint(line) + bytes((flags,)) + self._pointer(oproot)
        header += self._u32(depth) if self.minor >= 2 else b""
        header += self._pointer(name_hek) if self.minor >= 6 else b""
        pointers = (stash, glob, outside, padlist, constval)
        strings = (file, name) if self.minor >= 2 else (file,)
        self._sv(CODE, address, refcount, size, blessed, header, pointers, strings)
        self._each(1, consts, self._pointer)
        self._each(2, const_indexes, self._uint)
        self._each(3, globs, self._pointer)
        self._each(4, glob_indexes, self._uint)
        self._each(7, () if padnames_address is None else (padnames_address,), self._pointer)
        for index, padname, our_stash in padnames:
            self._heap += b"\x05" + self._uint(index) + self._text(padname) + self._pointer(our_stash)
        for index, padname_flag in padname_flags:
            self._heap += b"\x09" + self._uint(index) + bytes((padname_flag,))
        for index, field, field_stash in padname_fields:
            self._heap += b"\x0a" + self._uint(index) + self._uint(field) + self._pointer(field_stash)
        for at_depth, pad in pads:
            self._heap += b"\x08" + self._uint(at_depth) + self._pointer(pad)
        self._heap += b"\0"

    def glob(
        self,
        address: int,
        name: Text,
        *,
        file: Text = "a.pl",
        line: int = 1,
        name_hek: int = 0,
        stash: int = 0,
        scalar: int = 0,
        array: int = 0,
        hash: int = 0,
        code: int = 0,
        egv: int = 0,
        io: int = 0,
        form: int = 0,
        refcount: int = 1,
        size: int = 150,
        blessed: int = 0,
    ) -> None:
        """A glob with the addresses in its slots."""
        header = self._uint(line) + (self._pointer(name_hek) if self.minor >= 6 else b"")
        pointers = (stash, scalar, array, hash, code, egv, io, form)
        self._sv(GLOB, address, refcount, size, blessed, header, pointers, (name, file))

    def io(
        self,
        address: int,
        *,
        ifileno: int = -1,
        ofileno: int = -1,
        top: int = 0,
        form: int = 0,
        bottom: int = 0,
        refcount: int = 1,
        size: int = 160,
        blessed: int = 0,
    ) -> None:
        """A file handle; minors 0 and 1 have no file numbers, -1 is a closed handle."""
        header = self._uint(ifileno) + self._uint(ofileno) if self.minor >= 2 else b""
        self._sv(IO, address, refcount, size, blessed, header, (top, form, bottom))

    def lvalue(
        self,
        address: int,
        target: int = 0,
        *,
        type: bytes = b"x",
        offset: int = 0,
        length: int = 0,
        refcount: int = 1,
        size: int = 80,
        blessed: int = 0,
    ) -> None:
        """A scalar that stands for a part of another one: a `substr`, `pos`, `vec` or hash element yet to be made."""
        header = type + self._uint(offset) + self._uint(length)
        self._sv(LVALUE, address, refcount, size, blessed, header, (target,))

    def regexp(self, address: int, *, refcount: int = 1, size: int = 216, blessed: int = 0) -> None:
        """A compiled regular expression."""
        self._sv(REGEXP, address, refcount, size, blessed)

    def format(self, address: int, *, refcount: int = 1, size: int = 128, blessed: int = 0) -> None:
        """A `format`."""
        self._sv(FORMAT, address, refcount, size, blessed)

    def invlist(self, address: int, *, refcount: int = 1, size: int = 48, blessed: int = 0) -> None:
        """An inversion list of a character class."""
        self._sv(INVLIST, address, refcount, size, blessed)

    def undef(self, address: int, *, refcount: int = 1, size: int = 24, blessed: int = 0) -> None:
        """A scalar without a value, in the short form that minor 3 brought."""
        self._sv(UNDEF, address, refcount, size, blessed)

    def yes(self, address: int, *, refcount: int = 1, size: int = 24, blessed: int = 0) -> None:
        """A copy of the true value."""
        self._sv(YES, address, refcount, size, blessed)

    def no(self, address: int, *, refcount: int = 1, size: int = 24, blessed: int = 0) -> None:
        """A copy of the false value."""
        self._sv(NO, address, refcount, size, blessed)

    def unknown(self, address: int, *, refcount: int = 1, size: int = 24, blessed: int = 0) -> None:
        """An SV that the dumper could not tell the kind of."""
        self._sv(UNKNOWN, address, refcount, size, blessed)

    def other(
        self,
        kind: int,
        address: int,
        *,
        header: bytes = b"",
        pointers: Sequence[int] = (),
        strings: Sequence[Text] = (),
        refcount: int = 1,
        size: int = 24,
        blessed: int = 0,
    ) -> None:
        """An SV of a kind that no version has (yet); the header of the file tells its sizes."""
        self.type_sizes.extend([_NOTHING] * (kind + 1 - len(self.type_sizes)))
        self.type_sizes[kind] = Sizes(len(header), len(pointers), len(strings))
        self._sv(kind, address, refcount, size, blessed, header, pointers, strings)

    # C structures

    def meta_struct(self, struct_id: int, name: Text, fields: Sequence[tuple[str, int]]) -> None:
        """Describes a C structure: the name and type (`FIELD_...`) of each field."""
        self._require(META_STRUCT)
        self._struct_fields[struct_id] = tuple(type for _, type in fields)
        self._heap += bytes((META_STRUCT,)) + self._uint(struct_id) + self._uint(len(fields)) + self._text(name)
        for field, type in fields:
            self._heap += self._text(field) + bytes((type,))

    def struct(self, address: int, struct_id: int, values: Sequence[int], *, size: int = 32) -> None:
        """A C structure that an earlier `meta_struct` described, with a value for each field."""
        self._sv(STRUCT, address, -1, size, struct_id)
        write = {FIELD_POINTER: self._pointer, FIELD_U32: self._u32, FIELD_UINT: self._uint}
        for type, value in zip(self._struct_fields[struct_id], values, strict=True):
            self._heap += bytes((value,)) if type in (FIELD_BOOL, FIELD_U8) else write[type](value)

    # What is said about an SV after it

    def magic(
        self, address: int, type: bytes, *, object: int = 0, pointer: int = 0, vtable: int = 0, counted: bool = False
    ) -> None:
        """Magic of one type character; `counted` says that it owns a count of `object` (not told in minor 0)."""
        if self.minor == 0:
            self._heap += bytes((MAGIC,)) + self._pointers((address, object)) + type
            return
        pointers = (object, pointer, vtable)[: self.extension_sizes[0].pointers]
        self._extension(MAGIC, address, type + bytes((counted,)), pointers)

    def saved_scalar(self, glob: int, value: int) -> None:
        """The value that `local $name` put aside."""
        self._extension(SAVED_SV, glob, b"", (value,))

    def saved_array(self, glob: int, value: int) -> None:
        """The array that `local @name` put aside."""
        self._extension(SAVED_AV, glob, b"", (value,))

    def saved_hash(self, glob: int, value: int) -> None:
        """The hash that `local %name` put aside."""
        self._extension(SAVED_HV, glob, b"", (value,))

    def saved_element(self, array: int, index: int, value: int) -> None:
        """The element that `local $name[index]` put aside."""
        self._extension(SAVED_AELEM, array, self._uint(index), (value,))

    def saved_value(self, hash: int, key: int, value: int) -> None:
        """The value that `local $name{key}` put aside; `key` is the address of a SCALAR."""
        self._extension(SAVED_HELEM, hash, b"", (key, value))

    def saved_code(self, glob: int, value: int) -> None:
        """The sub that `local *name = sub` put aside."""
        self._extension(SAVED_CV, glob, b"", (value,))

    def note(self, address: int, target: int, text: Text) -> None:
        """A reference that an XS module told of: `address` holds `target` as `text`."""
        self._extension(NOTE, address, b"", (target,), (text,))

    def debug_report(self, address: int, *, serial: int, file: Text, line: int) -> None:
        """Where an SV was made, by a perl built with DEBUG_LEAKING_SCALARS."""
        self._extension(DEBUG_REPORT, address, self._uint(serial) + self._uint(line), (), (file,))

    def shared_hek(self, address: int, hek: int) -> None:
        """The shared string that a SCALAR's text lies in."""
        self._extension(SHARED_HEK, address, self._pointer(hek))

    def magic2(
        self,
        address: int,
        *,
        shape: int = 0,
        flags: int = 0,
        private: int = 0,
        length: int = 0,
        key_iv: int = 0,
        functions: int = 0,
        aux: int = 0,
        pointer: int = 0,
        key: int = 0,
        user: int = 0,
    ) -> None:
        """Magic of the second kind; `flags`: 1 weak aux, 2 has an integer key."""
        private_bytes = private.to_bytes(2, "big" if self.big_endian else "little")
        header = bytes((shape, flags)) + private_bytes + self._uint(length) + self._uint(key_iv)
        self._extension(MAGIC2, address, header, (functions, aux, pointer, key, user))

    def other_extension(
        self,
        type: int,
        address: int,
        *,
        header: bytes = b"",
        pointers: Sequence[int] = (),
        strings: Sequence[Text] = (),
    ) -> None:
        """An extension that no version has (yet); the header of the file tells its sizes."""
        if self.minor < 4:
            raise ValueError(f"minor version {self.minor} has no table of extensions")
        self.extension_sizes.extend([_NOTHING] * (type - MAGIC + 1 - len(self.extension_sizes)))
        self.extension_sizes[type - MAGIC] = Sizes(len(header), len(pointers), len(strings))
        self._extension(type, address, header, pointers, strings)

    # The header

    def _header(self) -> bytes:
        flags = (self.big_endian, self.uint_size == 8, self.ptr_size == 8, self.long_double, self.ithreads)
        revision, version, subversion = self.perl
        tables = _table(self.type_sizes)
        if self.minor >= 4:
            tables += _table(self.extension_sizes)
        if self.minor >= 2:
            tables += _table([Sizes(1 + self.uint_size, 0, 1), Sizes(4, 2, 0), _NOTHING, Sizes(0, 1, 0)])
        start = bytes((sum(bit << place for place, bit in enumerate(flags)), 0, 0, self.minor))
        return b"PMAT" + start + self._u32(revision << 24 | version << 16 | subversion) + tables

    def _type_sizes(self) -> list[Sizes]:
        uint, pointer = self.uint_size, self.ptr_size
        hek = pointer if self.minor >= 6 else 0
        sizes = [
            Sizes(4 + pointer + uint, 1, 0),
            Sizes(uint + hek, 8, 2),
            Sizes(1 + 2 * uint + (10 if self.long_double else 8), 1, 1),
            Sizes(1, 2, 0),
            Sizes(1 + uint, 0, 0),
            Sizes(uint, 1, 0),
            Sizes(uint, 5, 1),
            Sizes(5 + uint + pointer + hek, 5, 2) if self.minor >= 2 else Sizes(1 + uint + pointer, 5, 1),
            Sizes(2 * uint, 3, 0) if self.minor >= 2 else Sizes(0, 3, 0),
            Sizes(1 + 2 * uint, 1, 0),
        ]
        sizes += [_NOTHING] * (6 if self.minor >= 3 else 3)
        return sizes + ([Sizes(uint, 0, 0), Sizes(uint, 6, 1)] if self.minor >= 5 else [])

    def _extension_sizes(self) -> list[Sizes]:
        uint = self.uint_size
        if self.minor < 4:
            return [Sizes(2, 2, 0)]
        sizes = [Sizes(2, 3, 0), Sizes(0, 1, 0), Sizes(0, 1, 0), Sizes(0, 1, 0), Sizes(uint, 1, 0)]
        sizes += [Sizes(0, 2, 0), Sizes(0, 1, 0), Sizes(0, 1, 1), Sizes(2 * uint, 0, 1)]
        return sizes + ([Sizes(self.ptr_size, 0, 0), Sizes(4 + 2 * uint, 5, 0)] if self.minor >= 6 else [])

    # Records

    def _sv(
        self,
        kind: int,
        address: int,
        refcount: int,
        size: int,
        blessed: int,
        header: bytes = b"",
        pointers: Sequence[int] = (),
        strings: Sequence[Text] = (),
    ) -> None:
        self._require(kind)
        common = self._pointer(address) + self._u32(refcount) + self._uint(size) + self._pointer(blessed)
        sizes = self.type_sizes[kind] if kind < len(self.type_sizes) else _NOTHING
        self._heap += bytes((kind,)) + common + self._fixed(sizes, header, pointers, strings)

    def _extension(
        self, type: int, address: int, header: bytes, pointers: Sequence[int] = (), strings: Sequence[Text] = ()
    ) -> None:
        self._require(type)
        sizes = self.extension_sizes[type - MAGIC]
        self._heap += bytes((type,)) + self._pointer(address) + self._fixed(sizes, header, pointers, strings)

    def _fixed(self, sizes: Sizes, header: bytes, pointers: Sequence[int], strings: Sequence[Text]) -> bytes:
        written = Sizes(len(header), len(pointers), len(strings))
        if written != sizes:
            raise AssertionError(f"the table says {sizes}, the record is {written}")
        return header + self._pointers(pointers) + b"".join(map(self._text, strings))

    def _hash_body(self, values: Values) -> None:
        hek = self._pointer(0) if self.minor >= 6 else b""
        for key, value in values.items():
            self._heap += self._text(key) + hek + self._pointer(value)

    def _each(self, tag: int, numbers: Sequence[int], write: Callable[[int], bytes]) -> None:
        for number in numbers:
            self._heap += bytes((tag,)) + write(number)

    def _require(self, type: int) -> None:
        first = _FIRST_MINOR.get(type, 0)
        if self.minor < first:
            raise ValueError(f"record type {type:#04x} came with minor version {first}, this is {self.minor}")

    # Numbers and strings

    def _integer(self, value: int, size: int) -> bytes:
        return (value % (1 << 8 * size)).to_bytes(size, "big" if self.big_endian else "little")

    def _u32(self, value: int) -> bytes:
        return self._integer(value, 4)

    def _uint(self, value: int) -> bytes:
        return self._integer(value, self.uint_size)

    def _pointer(self, address: int) -> bytes:
        return self._integer(address, self.ptr_size)

    def _pointers(self, addresses: Iterable[int]) -> bytes:
        return b"".join(map(self._pointer, addresses))

    def _nv(self, value: float) -> bytes:
        if not self.long_double:
            return struct.pack(">d" if self.big_endian else "<d", value)
        return self._integer(_extended_precision(value), 10)

    def _text(self, text: Text) -> bytes:
        encoded = _encoded(text)
        return self._uint(-1) if encoded is None else self._uint(len(encoded)) + encoded


def _encoded(text: Text) -> bytes | None:
    return text.encode() if isinstance(text, str) else text


def _table(rows: Sequence[Sizes]) -> bytes:
    return bytes((len(rows),)) + b"".join(bytes(row) for row in rows)


def _extended_precision(value: float) -> int:
    """The 80 bits of an x87 long double: sign, 15 bits of exponent, 64 bits of mantissa, its first bit included."""
    sign = (math.copysign(1.0, value) < 0) << 79
    if math.isnan(value):
        return sign | 0x7FFF << 64 | 0b11 << 62
    if math.isinf(value):
        return sign | 0x7FFF << 64 | 1 << 63
    if value == 0:
        return sign
    fraction, exponent = math.frexp(abs(value))
    return sign | exponent + 16382 << 64 | int(math.ldexp(fraction, 64))


def small_dump(path: Path, svs: int = 3) -> Path:
    """Write a small whole dump of a package and `svs` scalars."""
    writer = DumpWriter(6)
    writer.root("defstash", 0x1000)
    writer.stash(0x1000, "main", {"x": 0x1100})
    for number in range(svs):
        writer.scalar(0x1100 + 0x10 * number, pv=f"text {number}")
    path.write_bytes(writer.to_bytes())
    return path
