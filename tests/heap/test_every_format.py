"""Every minor version, byte order and word size is read to the same heap, with every kind of record in it."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pmat_lsp.errors import DumpError
from pmat_lsp.format.kinds import KIND_NAMES, ContextKind, Kind, PadnameFlag, RefKind, Strength
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.values import elements, hash_entries, scalar_value
from tests.dump_writer import DumpWriter

WORDS = [
    pytest.param({"big_endian": big, "uint64": uint, "ptr64": ptr, "long_double": long_double}, id=name)
    for (big, order), (uint, ptr, words), (long_double, number) in itertools.product(
        [(False, "little"), (True, "big")],
        [(True, True, "64"), (True, False, "32-with-64-bit-integers"), (False, False, "32")],
        [(False, "double"), (True, "long-double")],
    )
    for name in [f"{order}-{words}-{number}"]
]
MINORS = range(7)
MAIN, GLOB, SCALAR, REF, WEAK, ARRAY, HASH, CODE, PAD, IO, LVALUE, REGEXP, FORMAT, INVLIST, PADNAMES = range(
    0x1000, 0x1000 + 15 * 0x10, 0x10
)


def common_heap(minor: int, words: dict[str, Any]) -> DumpWriter:
    """The kinds that every minor version has."""
    writer = DumpWriter(minor, **words)
    writer.root("defstash", MAIN)
    writer.stack([SCALAR, ARRAY])
    writer.stash(MAIN, "main", {"glob": GLOB})
    writer.glob(
        GLOB, "glob", file="lib/A.pm", line=12, stash=MAIN, scalar=SCALAR, array=ARRAY, hash=HASH, code=CODE, io=IO
    )
    writer.scalar(SCALAR, iv=-42, nv=3.25, pv="text")
    writer.ref(REF, HASH)
    writer.ref(WEAK, HASH, weak=True)
    writer.array(ARRAY, [REF, 0, WEAK])
    writer.hash(HASH, {"key": CODE, "": REGEXP}, blessed=MAIN)
    writer.code(CODE, file="lib/A.pm", line=7, name=None, stash=MAIN, glob=GLOB, oproot=0x99, flags=0x02,
                padnames=[(1, "$x", 0), (2, "@y", 0)], padname_flags=[(1, 0x01)], pads=[(1, PAD)])  # fmt: skip
    writer.array(PAD, [0, SCALAR, ARRAY, INVLIST])
    writer.io(IO, ifileno=7, ofileno=-1)
    writer.lvalue(LVALUE, SCALAR, offset=3, length=4)
    writer.regexp(REGEXP)
    writer.format(FORMAT)
    writer.invlist(INVLIST)
    writer.magic(HASH, b"P", object=REF, counted=True)
    writer.context_sub(CODE, ARRAY, file="lib/A.pm", line=9, gimme=2)
    writer.context_eval(SCALAR, file="app.pl", line=3)
    writer.context_try(line=4)
    return writer


def loaded(writer: DumpWriter, tmp_path: Path) -> Heap:
    """The heap that a writer's file is read to."""
    path = tmp_path / "made.pmat"
    path.write_bytes(writer.to_bytes())
    return load(path)


def out(heap: Heap, address: int) -> Counter[tuple[RefKind, int, int]]:
    """(kind, address of the target, strength) of the references of an SV."""
    return Counter(
        (RefKind(int(heap.out_kind[row])), int(heap.address[heap.out_target[row]]), int(heap.out_strength[row]))
        for row in heap.out_rows(heap.id_at(address))
    )


OWNED = int(Strength.STRONG | Strength.COUNTED)


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("words", WORDS)
def test_the_common_kinds_are_read_alike(tmp_path: Path, minor: int, words: dict[str, Any]) -> None:
    heap = loaded(common_heap(minor, words), tmp_path)
    kinds = Counter(KIND_NAMES[kind] for kind in heap.kind[: heap.n].tolist())
    ones = ("STASH", "GLOB", "SCALAR", "ARRAY", "HASH", "CODE", "IO", "PAD", "LVALUE", "REGEXP", "FORMAT", "INVLIST")
    assert kinds == Counter({"REF": 2} | dict.fromkeys(ones, 1))
    assert heap.warnings == ()
    assert (heap.layout.minor, heap.layout.perl) == (minor, "5.36.0")
    assert heap.layout.nv_size == (10 if words["long_double"] else 8)

    value = scalar_value(heap, heap.id_at(SCALAR))
    assert (value.integer, value.number, value.string, value.string_length) == (-42, 3.25, b"text", 4)
    assert out(heap, REF) == {(RefKind.REFERENT, HASH, OWNED): 1}
    assert out(heap, WEAK) == {(RefKind.REFERENT, HASH, int(Strength.WEAK)): 1}
    assert list(elements(heap, heap.id_at(ARRAY))) == [heap.id_at(REF), -1, heap.id_at(WEAK)]
    assert {entry.key: entry.value for entry in hash_entries(heap, heap.id_at(HASH))} == {
        b"key": heap.id_at(CODE),
        b"": heap.id_at(REGEXP),
    }
    assert heap.class_of(heap.id_at(HASH)) == "main"
    assert (RefKind.MAGIC_OBJECT, REF, OWNED) in out(heap, HASH)
    assert (RefKind.BLESSED, MAIN, int(Strength.WEAK | Strength.COUNTED)) in out(heap, HASH)
    assert [heap.address[sv] for sv in heap.stack.tolist()] == [SCALAR, ARRAY]


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("words", WORDS)
def test_code_globs_handles_and_contexts_are_read_alike(tmp_path: Path, minor: int, words: dict[str, Any]) -> None:
    heap = loaded(common_heap(minor, words), tmp_path)
    code = heap.id_at(CODE)
    assert (heap.string(int(heap.codes.file[0])), int(heap.codes.line[0])) == ("lib/A.pm", 7)
    assert (int(heap.codes.oproot[0]), heap.codes.name[0]) == (0x99, -1)
    assert (heap.padname(code, 1), heap.padname(code, 2), heap.padname(code, 3)) == ("$x", "@y", None)
    assert heap.padname_flags(code, 1) == PadnameFlag.OUTER
    assert out(heap, PAD) == {
        (RefKind.PAD_LEXICAL, SCALAR, OWNED): 1,
        (RefKind.PAD_LEXICAL, ARRAY, OWNED): 1,
        (RefKind.PAD_TEMPORARY, INVLIST, OWNED): 1,
    }
    assert (heap.string(int(heap.globs.name[0])), heap.string(int(heap.globs.file[0]))) == ("glob", "lib/A.pm")
    assert (RefKind.GLOB_IO, IO, OWNED) in out(heap, GLOB)
    assert (int(heap.ios.ifileno[0]), int(heap.ios.ofileno[0])) == ((7, -1) if minor >= 2 else (-1, -1))
    running = heap.contexts
    assert running.kind.tolist() == [ContextKind.SUB, ContextKind.EVAL, ContextKind.TRY]
    assert (heap.string(int(running.file[0])), running.line[0], running.gimme[0]) == ("lib/A.pm", 9, 2)
    assert (running.code[0], running.arguments[0]) == (code, heap.id_at(ARRAY))
    assert running.code[1] == heap.id_at(SCALAR)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("minor", [4, 5, 6])
def test_extensions_and_c_structures_are_read(tmp_path: Path, minor: int, words: dict[str, Any]) -> None:
    writer = common_heap(minor, words)
    writer.meta_struct(3, "Node", [("next", 0), ("live", 1), ("kind", 2), ("serial", 3), ("big", 4)])
    writer.struct(0x9000, 3, [ARRAY, 1, 200, 7, 9])
    writer.saved_scalar(GLOB, SCALAR)
    writer.saved_element(ARRAY, 5, REF)
    writer.saved_value(HASH, SCALAR, REF)
    writer.note(HASH, ARRAY, "the note")
    writer.debug_report(SCALAR, serial=11, file="lib/A.pm", line=13)
    writer.mortals([SCALAR, REF], floor=1)
    heap = loaded(writer, tmp_path)
    assert heap.struct_types[3].name == "Node"
    assert heap.struct_types[3].fields == (("next", 0), ("live", 1), ("kind", 2), ("serial", 3), ("big", 4))
    assert out(heap, 0x9000) == {(RefKind.STRUCT_FIELD, ARRAY, OWNED): 1}
    inferred = int(Strength.INFERRED)
    assert (RefKind.SAVED_SCALAR, SCALAR, inferred) in out(heap, GLOB)
    assert (RefKind.SAVED_ELEMENT, REF, inferred) in out(heap, ARRAY)
    assert {(RefKind.SAVED_KEY, SCALAR, inferred), (RefKind.SAVED_VALUE, REF, inferred)} <= set(out(heap, HASH))
    assert (RefKind.ANNOTATION, ARRAY, OWNED) in out(heap, HASH)
    assert [heap.address[sv] for sv in heap.mortals.tolist()] == [SCALAR, REF]
    assert heap.warnings == ()


@pytest.mark.parametrize("words", WORDS)
def test_what_is_new_in_minor_6_is_read(tmp_path: Path, words: dict[str, Any]) -> None:
    writer = common_heap(6, words)
    writer.klass(0x9000, "Point", {"new": CODE}, fields=[(0, "$x"), (1, "@y")])
    writer.object(0x9100, [SCALAR, ARRAY], blessed=0x9000)
    writer.undef(0x9200)
    writer.yes(0x9300)
    writer.no(0x9400)
    writer.shared_hek(SCALAR, 0x77)
    writer.magic2(REGEXP, flags=0x01, aux=SCALAR, key=REF, user=ARRAY)
    heap = loaded(writer, tmp_path)
    assert heap.class_of(heap.id_at(0x9100)) == "Point"
    assert heap.class_fields == {heap.id_at(0x9000): {0: "$x", 1: "@y"}}
    assert {key[:2] for key in out(heap, 0x9100)} == {
        (RefKind.FIELD, SCALAR),
        (RefKind.FIELD, ARRAY),
        (RefKind.BLESSED, 0x9000),
    }
    assert out(heap, REGEXP) == {
        (RefKind.MAGIC2_AUXSV, SCALAR, int(Strength.WEAK)): 1,
        (RefKind.MAGIC2_KEYSV, REF, OWNED): 1,
        (RefKind.MAGIC2_USERSTRUCT, ARRAY, OWNED): 1,
    }
    values = [scalar_value(heap, heap.id_at(address)) for address in (0x9200, 0x9300, 0x9400)]
    assert [(value.defined, value.integer, value.string) for value in values] == [
        (False, None, None),
        (True, 1, b"1"),
        (True, 0, b""),
    ]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize(
    "number", [0.0, -0.0, 1.0, -1.5, 3.141592653589793, 1e308, 5e-324, 2.0**-1060, math.inf, -math.inf, math.nan]
)
def test_numbers_come_back_as_they_were(tmp_path: Path, words: dict[str, Any], number: float) -> None:
    writer = DumpWriter(**words)
    writer.scalar(0x1000, nv=number)
    found = scalar_value(loaded(writer, tmp_path), 0).number
    assert found is not None
    assert str(found) == str(number)


@pytest.mark.parametrize("words", WORDS)
def test_signed_and_unsigned_integers_come_back_as_they_were(tmp_path: Path, words: dict[str, Any]) -> None:
    bits = 64 if words["uint64"] else 32
    writer = DumpWriter(**words)
    writer.scalar(0x1000, iv=-(2 ** (bits - 1)))
    writer.scalar(0x1010, uv=2**bits - 1)
    heap = loaded(writer, tmp_path)
    assert [scalar_value(heap, sv).integer for sv in (0, 1)] == [-(2 ** (bits - 1)), 2**bits - 1]


def test_kinds_and_extensions_not_known_yet_are_skipped_by_their_sizes_and_told_once(tmp_path: Path) -> None:
    writer = common_heap(6, {})
    for address in (0x9000, 0x9100):
        writer.other(25, address, header=b"abc", pointers=[SCALAR, REF], strings=["text", None])
    for _ in range(3):
        writer.other_extension(0x90, SCALAR, header=b"abcd", pointers=[REF], strings=["x"])
    writer.unknown(0x9200)
    heap = loaded(writer, tmp_path)
    assert heap.n == 14 + 3
    assert sorted(heap.warnings) == [
        "2 SVs of unknown type 0x19: shown as UNKNOWN",
        "3 extension records of unknown type 0x90, skipped",
    ]


def test_old_perls_padlists_are_told_from_arrays(tmp_path: Path) -> None:
    """Before 5.18 a CODE's padlist was an array: first the names, then a pad for each depth."""
    writer = DumpWriter(1, perl=(5, 14, 2))
    writer.code(0x1000, padlist=0x1100, flags=0x02)
    writer.array(0x1100, [0x1200, 0x1300])
    writer.array(0x1200, [0, 0x1400])
    writer.array(0x1300, [0x1500, 0x1600, 0x1600])
    writer.scalar(0x1400, pv="$self")
    writer.array(0x1500)
    writer.scalar(0x1600, iv=1)
    heap = loaded(writer, tmp_path)
    assert [Kind(int(heap.kind[heap.id_at(address)])) for address in (0x1100, 0x1200, 0x1300, 0x1500)] == [
        Kind.PADLIST,
        Kind.PADNAMES,
        Kind.PAD,
        Kind.ARRAY,
    ]
    assert heap.padname(heap.id_at(0x1000), 1) == "$self"
    assert {key[0] for key in out(heap, 0x1300)} == {RefKind.PAD_ARGS, RefKind.PAD_LEXICAL, RefKind.PAD_TEMPORARY}


def test_constants_of_ops_are_found_in_the_first_pad_and_owned_by_it(tmp_path: Path) -> None:
    writer = DumpWriter(6)
    writer.code(0x1000, const_indexes=[1, 1, 9], glob_indexes=[2], pads=[(1, 0x1100)])
    writer.array(0x1100, [0, 0x1200, 0x1300])
    writer.scalar(0x1200, iv=1)
    writer.glob(0x1300, "STDOUT")
    heap = loaded(writer, tmp_path)
    indirect = int(Strength.INDIRECT)
    assert out(heap, 0x1000) == {
        (RefKind.CODE_PAD, 0x1100, OWNED): 1,
        (RefKind.CODE_CONSTANT, 0x1200, indirect): 1,
        (RefKind.CODE_GLOBREF, 0x1300, indirect): 1,
    }


def test_constants_that_clones_share_are_owned_once_without_threads(tmp_path: Path) -> None:
    writer = DumpWriter(6, ithreads=False)
    for address in (0x1000, 0x1100):
        writer.code(address, consts=[0x1200], oproot=0x99)
    writer.scalar(0x1200, iv=1)
    heap = loaded(writer, tmp_path)
    counted = [heap.out_strength[row] & Strength.COUNTED for row in heap.in_rows(heap.id_at(0x1200)).tolist()]
    assert sorted(map(bool, counted)) == [False, True]


def test_the_slots_that_a_copied_glob_shares_are_owned_once(tmp_path: Path) -> None:
    """`*copy = *STDERR` makes both globs show the same slots, of which each has one count."""
    writer = DumpWriter(6)
    writer.glob(0x1000, "STDERR", io=0x1200, egv=0x1000)
    writer.glob(0x1100, "copy", io=0x1200, egv=0x1000, scalar=0x1300)
    writer.io(0x1200, ifileno=2, ofileno=2)
    writer.scalar(0x1300, iv=1)
    heap = loaded(writer, tmp_path)
    assert (RefKind.GLOB_IO, 0x1200, OWNED) in out(heap, 0x1000)
    assert (RefKind.GLOB_IO, 0x1200, int(Strength.STRONG)) in out(heap, 0x1100)
    assert (RefKind.GLOB_SCALAR, 0x1300, OWNED) in out(heap, 0x1100)


def test_an_address_dumped_twice_gives_the_later_record_and_a_warning(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.scalar(0x1000, iv=1)
    writer.scalar(0x1000, iv=2)
    heap = loaded(writer, tmp_path)
    assert (heap.n, scalar_value(heap, 0).integer) == (1, 2)
    assert heap.warnings == ("1 SV dumped twice; the later record is used",)


def test_immortals_have_ids_behind_all_svs(tmp_path: Path) -> None:
    writer = DumpWriter(immortals=(0x10, 0x20, 0x30))
    writer.array(0x1000, [0x10, 0x20, 0x30])
    heap = loaded(writer, tmp_path)
    assert list(elements(heap, 0)) == [1, 2, 3]
    assert [root.name for root in heap.roots] == ["sv_undef", "sv_yes", "sv_no"]
    assert heap.id_at(0x20) == 2
    assert heap.id_at(0x21) == heap.id_at(-1) == heap.id_at(1 << 70) == -1


@pytest.mark.parametrize("sizes", [[24, 2**63], [2**56, 2**56, 2**20]])
def test_more_memory_than_any_machine_has_is_damage(tmp_path: Path, sizes: list[int]) -> None:
    writer = DumpWriter()
    for number, size in enumerate(sizes[:-1]):
        writer.undef(0x1000 + 0x18 * number, size=size)
    before = len(writer.to_bytes())
    writer.scalar(0x2000, size=sizes[-1])
    with pytest.raises(DumpError, match="the SVs take more bytes than any machine has") as caught:
        loaded(writer, tmp_path)
    # Behind the SVs are two bytes that end them and the contexts.
    assert caught.value.offset == before - 2
