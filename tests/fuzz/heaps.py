"""Strategies for heap dumps: whole ones of every format and kind of record, odd ones, and damaged ones.

`tests.dump_writer` writes each heap, so that the file is always well formed. First a strategy draws how odd the heap
is. In a plain one every pointer leads to an SV of the right kind. In an odd one it leads to anything, and names,
numbers and addresses are unexpected. Bytes are changed last, if at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st

from pmat_lsp.format.kinds import Kind
from pmat_lsp.format.roots import ROOT_DESCRIPTIONS
from tests.dump_writer import FIELD_POINTER, FIELD_UINT, DumpWriter, Text
from tests.heap import test_every_format as every_format

Thing = TypeVar("Thing")
Draw = Callable[[st.SearchStrategy[Any]], Any]

PERLS = ((5, 36, 0), (5, 8, 8), (5, 14, 2), (5, 18, 4), (5, 20, 3), (5, 42, 0), (0, 0, 0), (255, 255, 65535))
"""Pads, their names and their lists are kept in four ways, by the age of perl."""
IMMORTALS = (0x10, 0x20, 0x30)
COMMON = {
    Kind.STASH: (every_format.MAIN,),
    Kind.GLOB: (every_format.GLOB,),
    Kind.SCALAR: (every_format.SCALAR,),
    Kind.REF: (every_format.REF, every_format.WEAK),
    Kind.ARRAY: (every_format.ARRAY, every_format.PAD),
    Kind.HASH: (every_format.HASH,),
    Kind.CODE: (every_format.CODE,),
    Kind.IO: (every_format.IO,),
    Kind.LVALUE: (every_format.LVALUE,),
    Kind.REGEXP: (every_format.REGEXP,),
    Kind.FORMAT: (every_format.FORMAT,),
    Kind.INVLIST: (every_format.INVLIST,),
}
"""What `common_heap` has, by kind."""
STASHES = (Kind.STASH, Kind.CLASS)
VALUES = (Kind.SCALAR, Kind.REF, Kind.LVALUE, Kind.REGEXP, Kind.UNDEF, Kind.YES, Kind.NO)
NODE = 3
"""The number of the C structure that is described."""
_FIRST_MINOR = {Kind.UNDEF: 3, Kind.YES: 3, Kind.NO: 3, Kind.C_STRUCT: 4, Kind.OBJECT: 5, Kind.CLASS: 5}
_NEW_ADDRESSES, _CYCLE = 0x2000, 0x3000
_MOST_RECORDS = 12

PLAIN_NAMES = ("main", "Net::Client", "new", "$self", "@items", "%seen", "&", "ISA", "INC", "0", "__ANON__", "lib/A.pm")
ODD_NAMES: tuple[Text, ...] = (
    None,
    "",
    "main::",
    "::",
    "Net::Client::",
    "a\nb\r\0\x1b[31m",
    "\u202eevil\u2066",
    b"\xff\xfe\x80",
    "$",
    "=cmd|' /C calc'!A0",
    "`*[x](command:y)*`",
    "/etc/passwd",
    "//host/share",
    "../" * 50,
    "(eval 7)[lib/A.pm:3]",
    "x" * 5000,
    "é" * 300,
)
ODD_NUMBERS = (0, 1, 2, 127, 255, 256, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
ODD_ADDRESSES = (0, 1, 0x10, 0x20, 0x30, 0x1FFF, 0x2004, 0xDEADBEEF, 2**32 - 8, 2**63, 2**64 - 24, 2**64 - 1)


class Heap:
    """What the records of one heap are drawn from."""

    def __init__(self, draw: Draw, svs: Mapping[Kind, Sequence[int]], odd: int) -> None:
        """`svs` are the addresses by kind; of eight choices, `odd` are odd on average."""
        self.draw = draw
        self.svs = svs
        self.all = [address for addresses in svs.values() for address in addresses]
        self.odd = odd

    def _is_odd(self) -> bool:
        return self.odd > 0 and self.draw(st.integers(0, 7)) > 7 - self.odd

    def _one(self, plain: Sequence[Thing], odd: Sequence[Thing]) -> Thing:
        chosen: Thing = self.draw(st.sampled_from(odd if self._is_odd() else plain))
        return chosen

    def to(self, *kinds: Kind) -> int:
        """The address of an SV of one of the kinds (of any, if none is said), or 0."""
        right = [address for kind in kinds for address in self.svs.get(kind, ())] if kinds else self.all
        return self._one([0, *right], [*ODD_ADDRESSES, *self.all])

    def name(self) -> Text:
        """What something is called."""
        return self._one(PLAIN_NAMES, ODD_NAMES)

    def number(self, most: int = 3) -> int:
        """A small number, or one that is not."""
        return self._one(range(most + 1), ODD_NUMBERS)

    def flag(self) -> bool:
        """True or false."""
        return self.draw(st.booleans()) is True

    def some(self, one: Callable[[], Thing], most: int = 4) -> list[Thing]:
        """A few of them."""
        return [one() for _ in range(self.draw(st.integers(0, most)))]

    def values(self, *kinds: Kind) -> dict[bytes, int]:
        """The entries of a hash."""
        names = [name.encode() if isinstance(name, str) else name or b"" for name in self.some(self.name)]
        return {name: self.to(*kinds) for name in names}

    def common(self) -> dict[str, int]:
        """What every SV has."""
        refcount = self._one((1, 1, 1, 2, 3), ODD_NUMBERS)
        # Not larger: together they could exceed any machine's memory, and the rest of the heap would never be tested.
        size = self._one((24, 64, 150), (0, 1, 2**16, 2**32 - 1, 2**40))
        return {"refcount": refcount, "size": size, "blessed": self.to(*STASHES)}


def _glob(heap: Heap, writer: DumpWriter, address: int) -> None:
    writer.glob(
        address,
        heap.name(),
        file=heap.name(),
        line=heap.number(),
        name_hek=heap.number(),
        stash=heap.to(*STASHES),
        scalar=heap.to(*VALUES),
        array=heap.to(Kind.ARRAY),
        hash=heap.to(Kind.HASH, *STASHES),
        code=heap.to(Kind.CODE),
        egv=heap.to(Kind.GLOB),
        io=heap.to(Kind.IO),
        form=heap.to(Kind.FORMAT),
        **heap.common(),
    )


def _scalar(heap: Heap, writer: DumpWriter, address: int) -> None:
    writer.scalar(
        address,
        iv=heap.number() if heap.flag() else None,
        nv=heap.draw(st.none() | st.floats()),
        pv=heap.name(),
        utf8=heap.flag(),
        pvlen=heap.number(9) if heap.flag() else None,
        our_stash=heap.to(*STASHES),
        flags=heap.draw(st.none() | st.integers(0, 255)) if heap.odd else None,
        **heap.common(),
    )


def _ref(heap: Heap, writer: DumpWriter, address: int) -> None:
    writer.ref(address, heap.to(), weak=heap.flag(), our_stash=heap.to(*STASHES), **heap.common())


def _array(heap: Heap, writer: DumpWriter, address: int) -> None:
    writer.array(address, heap.some(heap.to), real=heap.flag(), **heap.common())


def _hash(heap: Heap, writer: DumpWriter, address: int) -> None:
    writer.hash(address, heap.values(), backrefs=heap.to(Kind.ARRAY), **heap.common())


def _package(heap: Heap) -> dict[str, Any]:
    mro = (heap.to(Kind.ARRAY, Kind.HASH), heap.to(), heap.to(Kind.HASH), heap.to(Kind.HASH))
    return {"backrefs": heap.to(Kind.ARRAY), "mro": mro, **heap.common()}


def _stash(heap: Heap, writer: DumpWriter, address: int) -> None:
    writer.stash(address, heap.name(), heap.values(Kind.GLOB, Kind.CODE), **_package(heap))


def _class(heap: Heap, writer: DumpWriter, address: int) -> None:
    fields = heap.some(lambda: (heap.number(), heap.name()))
    more: dict[str, Any] = {"fields": fields, "adjust_blocks": heap.to(Kind.ARRAY), **_package(heap)}
    writer.klass(address, heap.name(), heap.values(Kind.GLOB, Kind.CODE), **more)


def _code(heap: Heap, writer: DumpWriter, address: int) -> None:
    pads = heap.some(lambda: (1 + heap.number(), heap.to(Kind.ARRAY)), 2)
    writer.code(
        address,
        file=heap.name(),
        line=heap.number(),
        name=heap.name() if heap.flag() else None,
        flags=heap.draw(st.integers(0, 0x3F)),
        oproot=heap.number(),
        depth=heap.number(),
        name_hek=heap.number(),
        stash=heap.to(*STASHES),
        glob=heap.to(Kind.GLOB),
        outside=heap.to(Kind.CODE),
        padlist=heap.to(Kind.ARRAY),
        constval=heap.to(*VALUES),
        consts=heap.some(heap.to, 2),
        const_indexes=heap.some(heap.number, 2),
        globs=heap.some(lambda: heap.to(Kind.GLOB), 2),
        glob_indexes=heap.some(heap.number, 2),
        padnames_address=heap.to(Kind.ARRAY) if heap.flag() else None,
        padnames=heap.some(lambda: (heap.number(), heap.name(), heap.to(*STASHES)), 3),
        padname_flags=heap.some(lambda: (heap.number(), heap.draw(st.integers(0, 255))), 2),
        padname_fields=heap.some(lambda: (heap.number(), heap.number(), heap.to(*STASHES)), 1),
        pads=pads,
        **heap.common(),
    )


def _io(heap: Heap, writer: DumpWriter, address: int) -> None:
    to_globs = {name: heap.to(Kind.GLOB) for name in ("top", "form", "bottom")}
    writer.io(address, ifileno=heap.number(), ofileno=heap.number(), **to_globs, **heap.common())


def _lvalue(heap: Heap, writer: DumpWriter, address: int) -> None:
    part = {"offset": heap.number(), "length": heap.number()}
    writer.lvalue(address, heap.to(), type=bytes([heap.draw(st.integers(0, 255))]), **part, **heap.common())


def _object(heap: Heap, writer: DumpWriter, address: int) -> None:
    writer.object(address, heap.some(heap.to), **heap.common())


def _struct(heap: Heap, writer: DumpWriter, address: int) -> None:
    values = [heap.to(), heap.flag(), heap.draw(st.integers(0, 255)), heap.number(), heap.number()]
    writer.struct(address, NODE, values, size=64)


def _other(heap: Heap, writer: DumpWriter, address: int) -> None:
    writer.other(25, address, header=b"abc", pointers=[heap.to()], strings=[heap.name()], **heap.common())


def _short(kind: Kind) -> Callable[[Heap, DumpWriter, int], None]:
    """A record with nothing but what every SV has."""

    def write(heap: Heap, writer: DumpWriter, address: int) -> None:
        getattr(writer, kind.name.lower())(address, **heap.common())

    return write


RECORDS: Mapping[Kind, Callable[[Heap, DumpWriter, int], None]] = {
    Kind.REF: _ref,
    Kind.SCALAR: _scalar,
    Kind.ARRAY: _array,
    Kind.HASH: _hash,
    Kind.CODE: _code,
    Kind.GLOB: _glob,
    Kind.STASH: _stash,
    Kind.IO: _io,
    Kind.LVALUE: _lvalue,
    Kind.OBJECT: _object,
    Kind.CLASS: _class,
    Kind.C_STRUCT: _struct,
    Kind.PADLIST: _other,  # Stands for a kind that no version has: it is in no file.
    **{
        kind: _short(kind)
        for kind in (Kind.REGEXP, Kind.FORMAT, Kind.INVLIST, Kind.UNDEF, Kind.YES, Kind.NO, Kind.UNKNOWN)
    },
}
"""How a record of each kind is written."""


def _magic(heap: Heap, writer: DumpWriter) -> None:
    type = bytes([heap.draw(st.sampled_from(b"PDrqt~<\x00\xff"))])
    more = {"pointer": heap.to(), "vtable": heap.number()} if writer.minor else {}
    writer.magic(heap.to(), type, object=heap.to(), counted=writer.minor > 0 and heap.flag(), **more)


def _magic2(heap: Heap, writer: DumpWriter) -> None:
    flags = {"shape": heap.draw(st.integers(0, 255)), "flags": heap.draw(st.integers(0, 255))}
    pointers = {name: heap.to() for name in ("functions", "aux", "pointer", "key", "user")}
    writer.magic2(heap.to(), **flags, length=heap.number(), key_iv=heap.number(), **pointers)


def _context_sub(heap: Heap, writer: DumpWriter) -> None:
    place: dict[str, Any] = {"file": heap.name(), "line": heap.number(), "gimme": heap.number()}
    place["gimme"] %= 256
    writer.context_sub(heap.to(Kind.CODE), heap.to(Kind.ARRAY), old_depth=heap.number(), **place)


SAID: Sequence[tuple[int, Callable[[Heap, DumpWriter], None]]] = (
    (0, _magic),
    (0, _context_sub),
    (0, lambda heap, writer: writer.context_eval(heap.to(Kind.SCALAR), file=heap.name(), line=heap.number())),
    (0, lambda heap, writer: writer.context_try(file=heap.name(), line=heap.number())),
    (4, lambda heap, writer: writer.saved_scalar(heap.to(Kind.GLOB), heap.to(*VALUES))),
    (4, lambda heap, writer: writer.saved_array(heap.to(Kind.GLOB), heap.to(Kind.ARRAY))),
    (4, lambda heap, writer: writer.saved_hash(heap.to(Kind.GLOB), heap.to(Kind.HASH))),
    (4, lambda heap, writer: writer.saved_element(heap.to(Kind.ARRAY), heap.number(), heap.to(*VALUES))),
    (4, lambda heap, writer: writer.saved_value(heap.to(Kind.HASH), heap.to(Kind.SCALAR), heap.to(*VALUES))),
    (4, lambda heap, writer: writer.saved_code(heap.to(Kind.GLOB), heap.to(Kind.CODE))),
    (4, lambda heap, writer: writer.note(heap.to(), heap.to(), heap.name())),
    (4, lambda heap, writer: writer.debug_report(heap.to(), serial=heap.number(), file=heap.name(), line=7)),
    (4, lambda heap, writer: writer.mortals(heap.some(heap.to), floor=heap.number())),
    (4, lambda heap, writer: writer.other_extension(0x90, heap.to(), header=b"abcd", pointers=[heap.to()])),
    (6, lambda heap, writer: writer.shared_hek(heap.to(Kind.SCALAR), heap.number())),
    (6, _magic2),
)
"""Records about SVs and beside them, with the minor version that introduced each."""


def _closure(heap: Heap, writer: DumpWriter, address: int, target: int) -> None:
    names, pads = [(1, heap.name(), 0)], [(1, address + 8)]
    blessed = heap.to(*STASHES)
    writer.code(address, file=heap.name(), line=7, flags=2, oproot=1, padnames=names, pads=pads, blessed=blessed)
    writer.array(address + 8, [0, target])


LINKS: Sequence[Callable[[Heap, DumpWriter, int, int], None]] = (
    lambda heap, writer, address, target: writer.ref(address, target, blessed=heap.to(*STASHES)),
    lambda heap, writer, address, target: writer.array(address, [heap.to(), target]),
    lambda heap, writer, address, target: writer.hash(address, {**heap.values(), b"next": target}),
    _closure,
)
"""How one SV holds another."""


def _cycle(heap: Heap, writer: DumpWriter) -> None:
    """A cycle that nothing else holds, so that it has leaked, or that a root leads to by a weak reference."""
    links = heap.draw(st.lists(st.sampled_from(LINKS), min_size=1, max_size=4))
    for place, link in enumerate(links):
        link(heap, writer, _CYCLE + 0x10 * place, _CYCLE + 0x10 * ((place + 1) % len(links)))
    if heap.flag():
        weak = _CYCLE + 0x10 * len(links)
        writer.ref(weak, _CYCLE, weak=True)
        writer.root("+own", weak)


def _words(draw: Draw, odd: int) -> dict[str, Any]:
    """How numbers are written, and by what perl."""
    flags = ("big_endian", "long_double")
    words = {name: draw(st.booleans()) for name in flags}
    words["uint64"], words["ptr64"] = draw(st.sampled_from([(True, True), (True, False), (False, False)]))
    words["ithreads"] = draw(st.sampled_from([True, False]))
    words["perl"] = draw(st.sampled_from(PERLS))
    if odd:
        words["immortals"] = draw(st.sampled_from([IMMORTALS, (0, 0, 0), (0x10, 0x10, 0x10), (0x1000, 0x2000, 0x2018)]))
    return words


def _addresses(draw: Draw, number: int, odd: int) -> list[int]:
    """Where the SVs of a heap lie, in the order of the file; not always one each in an odd one."""
    plain = st.just(0)
    moved = draw(
        st.lists(plain | st.sampled_from(ODD_ADDRESSES[1:]) if odd else plain, min_size=number, max_size=number)
    )
    step = draw(st.sampled_from([0x18, 0x10, 8, 3])) if odd else 0x18
    return [one or _NEW_ADDRESSES + step * place for place, one in enumerate(moved)]


@st.composite
def written_heaps(draw: Draw) -> DumpWriter:
    """A well-formed file of a heap that may be odd."""
    minor, odd = draw(st.integers(0, 6)), draw(st.sampled_from([0, 1, 3]))
    words, has_common = _words(draw, odd), draw(st.booleans())
    kinds_there = [kind for kind in RECORDS if minor >= _FIRST_MINOR.get(kind, 0)]
    kinds = draw(st.lists(st.sampled_from(kinds_there), max_size=_MOST_RECORDS))
    svs: dict[Kind, list[int]] = {kind: list(addresses) for kind, addresses in COMMON.items()} if has_common else {}
    addresses = _addresses(draw, len(kinds), odd)
    for kind, address in zip(kinds, addresses, strict=True):
        svs.setdefault(kind, []).append(address)
    writer = every_format.common_heap(minor, words) if has_common else DumpWriter(minor, **words)
    heap = Heap(draw, svs, odd)
    if Kind.C_STRUCT in kinds:
        fields = [(str(heap.name()), type) for type in range(FIELD_POINTER, FIELD_UINT + 1)]
        writer.meta_struct(NODE, "Node", fields)
    for kind, address in zip(kinds, addresses, strict=True):
        RECORDS[kind](heap, writer, address)
    if draw(st.integers(0, 3)) == 3:
        _cycle(heap, writer)
    said = [say for first, say in SAID if minor >= first]
    for say in draw(st.lists(st.sampled_from(said), max_size=4)):
        say(heap, writer)
    for name in draw(st.lists(st.sampled_from([*ROOT_DESCRIPTIONS, "+own", "-weak", "odd"]), max_size=4)):
        writer.root(name, heap.to())
    if draw(st.booleans()):
        writer.stack(heap.some(heap.to))
    return writer


def _with_another_number(draw: Draw, raw: bytes, writer: DumpWriter) -> bytes:
    """Replace a small number, which may well be a count, an index or a length."""
    order: Literal["big", "little"] = "big" if writer.big_endian else "little"
    sizes = sorted({1, 4, writer.uint_size})
    size: int = draw(st.sampled_from(sizes))
    old = draw(st.integers(0, 16)).to_bytes(size, order)
    places, at = [], raw.find(old)
    while at >= 0:
        places.append(at)
        at = raw.find(old, at + 1)
    if not places:
        return raw
    at = draw(st.sampled_from(places))
    new: int = draw(st.sampled_from(ODD_NUMBERS)) % (1 << 8 * size)
    return raw[:at] + new.to_bytes(size, order) + raw[at + size :]


def _with_other_bytes(draw: Draw, raw: bytes, _writer: DumpWriter) -> bytes:
    at: int = draw(st.integers(0, len(raw) - 1) | st.integers(0, min(len(raw), 120) - 1))
    new: bytes = draw(st.binary(min_size=1, max_size=8))
    left_out: int = draw(st.integers(0, 8))
    return raw[:at] + new + raw[at + left_out :]


def _cut(draw: Draw, raw: bytes, _writer: DumpWriter) -> bytes:
    end: int = draw(st.integers(1, len(raw)))
    return raw[:end]


@st.composite
def dumps(draw: Draw) -> bytes:
    """The bytes of a dump: as it was written, or damaged."""
    writer = draw(written_heaps())
    raw: bytes = writer.to_bytes()
    changes = [_with_another_number, _with_another_number, _with_other_bytes, _cut]
    for change in draw(st.just([]) | st.lists(st.sampled_from(changes), max_size=3)):
        raw = change(draw, raw, writer)
    return raw
