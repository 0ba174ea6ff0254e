"""The writer of dumps against the reference reader: what is written must come back from Devel::MAT."""

from __future__ import annotations

import json
import lzma
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.dump_writer import (
    CODE,
    FIELD_BOOL,
    FIELD_POINTER,
    FIELD_U8,
    FIELD_U32,
    FIELD_UINT,
    GLOB,
    MAGIC,
    OBJECT,
    SHARED_HEK,
    DumpWriter,
)

TELL_ALL = Path(__file__).with_name("tell_all.pl")
"""Prints, as JSON, everything that the reference reader understood of a dump."""

WORDS = {
    "little, 64 bit": {},
    "big, 64 bit": {"big_endian": True},
    "little, 32 bit, 64-bit integers": {"ptr64": False},
    "big, 32 bit, no threads": {"big_endian": True, "ptr64": False, "uint64": False, "ithreads": False},
    "little, long double": {"long_double": True},
}


def everything(minor: int, **words: Any) -> DumpWriter:
    """A heap with each kind of record that the minor version has."""
    dump = DumpWriter(minor, **words)
    dump.stash(0x1000, "Ship", {"sail": 0x1040}, mro=(0, 0x1030, 0, 0), refcount=3, size=321)
    dump.scalar(0x1008, uv=7, nv=0.1, pv="sea \xe9", utf8=minor > 0, size=99)
    dump.ref(0x1010, 0x1018, weak=True)
    dump.array(0x1018, [0x1008, 0, 0x1010], real=False, blessed=0x1000)
    dump.hash(0x1020, {b"a": 0x1008, "key \xe9".encode(): 0x1010}, refcount=2)
    dump.code(
        0x1028,
        file="lib/Ship.pm",
        line=12,
        name="helm",
        flags=1,
        oproot=0x7000,
        depth=2,
        outside=0x1038,
        consts=[0x1008],
        const_indexes=[3],
        globs=[0x1040],
        glob_indexes=[4],
        padnames=[(1, "$wind", 0x1000)],
        padname_flags=[(1, 0x11)],
        pads=[(1, 0x1030)],
    )
    dump.array(0x1030, [0, 0x1008])
    dump.code(0x1038, file=None, line=0, flags=4)
    dump.glob(0x1040, "sail", file="lib/Ship.pm", line=5, stash=0x1000, code=0x1028, egv=0x1040, io=0x1048)
    dump.io(0x1048, ifileno=5, ofileno=-1)
    dump.lvalue(0x1050, 0x1008, type=b"x", offset=2, length=3)
    dump.regexp(0x1058)
    dump.format(0x1060)
    dump.invlist(0x1068)
    dump.magic(0x1010, b"<", object=0x1020, pointer=0x1008, vtable=0x9000, counted=True)
    if minor >= 3:
        dump.undef(0x1070)
        dump.yes(0x1078)
        dump.no(0x1080)
    if minor >= 4:
        add_extensions(dump)
    if minor >= 5:
        dump.klass(0x10B0, "Crew", {}, fields=[(0, "$name"), (1, "@watch")], adjust_blocks=0x1018)
        dump.object(0x10B8, [0x1008, 0x1018], blessed=0x10B0)
        dump.mortals([0x1020], floor=-1)
    dump.root("main_cv", 0x1028)
    dump.root("beginav", 0)
    dump.stack([0x1008, 0x1018])
    dump.context_sub(0x1028, 0x1030, old_depth=1, gimme=2, file="a.pl", line=7)
    dump.context_try(gimme=3, file="b.pl", line=8)
    dump.context_eval(0x1008, file="(eval 1)", line=9)
    return dump


def add_extensions(dump: DumpWriter) -> None:
    """The records that came with the table of extensions."""
    dump.saved_scalar(0x1040, 0x1008)
    dump.saved_array(0x1040, 0x1018)
    dump.saved_hash(0x1040, 0x1020)
    dump.saved_element(0x1018, 1, 0x1008)
    dump.saved_value(0x1020, 0x1008, 0x1010)
    dump.saved_code(0x1040, 0x1028)
    dump.note(0x1018, 0x1008, "a note")
    dump.debug_report(0x1018, serial=3, file="c.pl", line=4)
    fields = [("next", FIELD_POINTER), ("on", FIELD_BOOL), ("small", FIELD_U8), ("mid", FIELD_U32), ("big", FIELD_UINT)]
    dump.meta_struct(1, "Engine/part", fields)
    dump.struct(0x1090, 1, [0x1008, 1, 200, 70_000, 1_000_000])


@pytest.fixture(scope="module")
def perl() -> str:
    """The perl that has the reference reader."""
    found = shutil.which("perl")
    if not found or subprocess.run([found, "-MDevel::MAT::Dumpfile", "-e0"], capture_output=True).returncode:
        pytest.skip("needs perl with Devel::MAT, the reference reader (Debian: libdevel-mat-perl)")
    return found


def read_back(perl: str, dump: DumpWriter, folder: Path) -> Any:
    """What the reference reader makes of the dump."""
    path = folder / "written.pmat"
    path.write_bytes(dump.to_bytes())
    ran = subprocess.run([perl, TELL_ALL, path], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS.keys())
@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5])
def test_the_reference_reader_gets_back_what_was_written(
    perl: str, tmp_path: Path, minor: int, words: dict[str, Any]
) -> None:
    told = read_back(perl, everything(minor, **words), tmp_path)
    svs = {int(address): sv for address, sv in told["svs"].items()}

    assert {address: sv["type"] for address, sv in svs.items()} == expected_types(minor)
    assert told["main"] == 0x1028
    assert told["stack"] == [0x1008, 0x1018]
    assert told["contexts"] == [
        ["SUB", "a.pl", 7, "scalar"],
        ["TRY", "b.pl", 8, "array"],
        ["EVAL", "(eval 1)", 9, "void"],
    ]
    check_plain_kinds(svs, minor, words)
    check_code(svs, minor)
    if minor >= 4:
        assert svs[0x1090]["struct"] == "Engine/part"
        numbers = [["next", 0x1008], ["on", 1], ["small", 200], ["mid", 70_000], ["big", 1_000_000]]
        assert svs[0x1090]["fields"] == numbers
    if minor >= 5:
        assert svs[0x10B0]["name"] == "Crew"
        assert svs[0x10B0]["fields"] == [[0, "$name"], [1, "@watch"]]
        assert svs[0x10B8]["fields"] == [0x1008, 0x1018]
        assert [address for address, sv in svs.items() if sv["mortal"]] == [0x1020]


def expected_types(minor: int) -> dict[int, str]:
    """The names that the reference reader gives the SVs of `everything`, by address."""
    types = {
        0x1000: "STASH", 0x1008: "SCALAR", 0x1010: "REF", 0x1018: "ARRAY", 0x1020: "HASH", 0x1028: "CODE",
        0x1030: "PAD", 0x1038: "CODE", 0x1040: "GLOB", 0x1048: "IO", 0x1050: "LVALUE", 0x1058: "REGEXP",
        0x1060: "FORMAT", 0x1068: "INVLIST",
    }  # fmt: skip
    if minor >= 3:
        types |= {0x1070: "UNDEF", 0x1078: "BOOL", 0x1080: "BOOL"}
    if minor >= 4:
        types[0x1090] = "C_STRUCT"
    if minor >= 5:
        types |= {0x10B0: "CLASS", 0x10B8: "OBJECT"}
    return types


def check_plain_kinds(svs: dict[int, Any], minor: int, words: dict[str, Any]) -> None:
    """Scalars, references, containers, handles and magic have the values that were written."""
    assert (svs[0x1000]["name"], svs[0x1000]["refcount"], svs[0x1000]["size"]) == ("Ship", 3, 321)
    scalar = svs[0x1008]
    assert (scalar["integer"], scalar["pvlen"], scalar["size"]) == ("7", 6, 99)
    assert scalar["pv"] == ("sea \xe9" if minor else "sea \xc3\xa9")
    if not words.get("long_double"):  # whose NVs the reference reader loses
        assert float(scalar["nv"]) == 0.1
    assert (svs[0x1010]["rv"], svs[0x1010]["weak"]) == (0x1018, 1)
    assert (svs[0x1018]["elems"], svs[0x1018]["unreal"], svs[0x1018]["blessed"]) == ([0x1008, 0, 0x1010], 1, 0x1000)
    assert svs[0x1020]["values"] == {"a": 0x1008, "key \xc3\xa9": 0x1010}
    assert svs[0x1010]["magic"] == [["<", 0x1020]]
    glob = svs[0x1040]
    assert (glob["name"], glob["file"], glob["line"]) == ("sail", "lib/Ship.pm", 5)
    assert (glob["io"], glob["code"]) == (0x1048, 0x1028)
    assert (svs[0x1050]["off"], svs[0x1050]["len"], svs[0x1050]["target"]) == (2, 3, 0x1008)
    if minor >= 2:
        assert (svs[0x1048]["ifileno"], svs[0x1048]["ofileno"]) == (5, -1)


def check_code(svs: dict[int, Any], minor: int) -> None:
    """The sub has its place, names, pads and enclosing sub."""
    code = svs[0x1028]
    assert (code["file"], code["line"], code["oproot"], code["clone"]) == ("lib/Ship.pm", 12, 0x7000, 1)
    assert (code["outside"], code["padname"]) == (0x1038, "$wind")
    if minor >= 2:
        assert (code["name"], code["depth"]) == ("helm", 2)


@pytest.mark.parametrize(("words", "told"), [
    ({}, ("5.36.0", "little", 8, 8, 8, 1)),
    ({"big_endian": True, "ithreads": False, "perl": (5, 8, 9)}, ("5.8.9", "big", 8, 8, 8, 0)),
    ({"uint64": False, "ptr64": False}, ("5.36.0", "little", 4, 4, 8, 1)),
    ({"long_double": True}, ("5.36.0", "little", 8, 8, 10, 1)),
])  # fmt: skip
def test_the_header_says_how_numbers_are_written(
    perl: str, tmp_path: Path, words: dict[str, Any], told: tuple[object, ...]
) -> None:
    read = read_back(perl, everything(4, **words), tmp_path)
    assert tuple(read[name] for name in ("perl", "endian", "uint", "ptr", "nv", "ithreads")) == told


def test_perl_5_18_names_an_array_of_padnames_and_each_pad(perl: str, tmp_path: Path) -> None:
    dump = DumpWriter(perl=(5, 18, 2))
    dump.code(0x1000, padnames_address=0x1008, pads=[(1, 0x1018)])
    check_padname_array(read_back(perl, dump_pad_arrays(dump), tmp_path))


def test_perl_5_16_has_the_padnames_and_pads_in_a_padlist(perl: str, tmp_path: Path) -> None:
    dump = DumpWriter(perl=(5, 16, 3))
    dump.code(0x1000, padlist=0x1020)
    dump.array(0x1020, [0x1008, 0x1018])
    check_padname_array(read_back(perl, dump_pad_arrays(dump), tmp_path))


def dump_pad_arrays(dump: DumpWriter) -> DumpWriter:
    """Adds an array of padnames and a pad."""
    dump.array(0x1008, [0, 0x1010])
    dump.scalar(0x1010, pv="$wind")
    dump.array(0x1018, [0, 0])
    return dump


def check_padname_array(told: Any) -> None:
    """The sub at 0x1000 has the pad and the name of `dump_pad_arrays`."""
    assert told["svs"]["4096"]["padname"] == "$wind"
    assert [told["svs"][address]["type"] for address in ("4104", "4120")] == ["PADNAMES", "PAD"]


def test_an_sv_unknown_to_the_dumper_has_the_common_part_only() -> None:
    dump = DumpWriter()
    empty = len(dump.to_bytes())
    dump.unknown(0x1000, refcount=4)
    assert len(dump.to_bytes()) - empty == 1 + 8 + 4 + 8 + 8


def test_an_extension_from_the_future_can_be_stepped_over(perl: str, tmp_path: Path) -> None:
    dump = DumpWriter()
    dump.undef(0x1000)
    dump.other_extension(0x93, 0x1000, header=b"abc", pointers=[1, 2], strings=["new", None])
    dump.undef(0x1008)
    assert read_back(perl, dump, tmp_path)["svs"].keys() == {"4096", "4104"}


def test_minor_4_has_the_header_of_a_real_dump() -> None:
    real = lzma.decompress((Path(__file__).parent / "data" / "many_values.pmat.xz").read_bytes())
    written = DumpWriter(4).to_bytes()
    length = 12 + (1 + 3 * 16) + (1 + 3 * 9) + (1 + 3 * 4)
    assert written[:length] == real[:length]


def test_minor_6_has_the_tables_that_dumper_0_52_writes() -> None:
    dump = DumpWriter(6, big_endian=True, perl=(5, 42, 3))
    assert dump.type_sizes[GLOB] == (16, 8, 2)
    assert dump.type_sizes[CODE] == (29, 5, 2)
    assert dump.type_sizes[OBJECT:] == [(8, 0, 0), (8, 6, 1)]
    assert dump.extension_sizes[SHARED_HEK - MAGIC :] == [(8, 0, 0), (20, 5, 0)]


def test_a_kind_from_the_future_is_told_by_the_table_of_sizes() -> None:
    dump = DumpWriter(6)
    dump.other(40, 0x1000, header=b"abc", pointers=[1, 2], strings=["new"])
    data = dump.to_bytes()
    count = data[12]
    assert count == 41
    assert tuple(data[13 + 3 * 40 : 13 + 3 * 41]) == (3, 2, 1)


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4, 5])
def test_records_that_a_minor_version_has_not_are_refused(minor: int) -> None:
    dump = DumpWriter(minor)
    with pytest.raises(ValueError, match="minor version 6"):
        dump.shared_hek(0x1000, 0x2000)
    if minor < 3:
        with pytest.raises(ValueError, match="minor version 3"):
            dump.undef(0x1000)
    if minor < 4:
        with pytest.raises(ValueError, match="minor version 4"):
            dump.note(0x1000, 0x2000, "x")
    if minor < 5:
        with pytest.raises(ValueError, match="minor version 5"):
            dump.object(0x1000)


def test_minor_6_puts_a_shared_key_into_globs_subs_and_hash_entries() -> None:
    def length(minor: int) -> int:
        dump = DumpWriter(minor)
        dump.hash(0x1000, {"a": 1, "b": 2})
        dump.glob(0x1008, "g")
        dump.code(0x1010)
        return len(dump.to_bytes())

    tables = 3 * 2  # minor 6 also has two more types of extension
    assert length(6) - length(5) == tables + 8 * (2 + 1 + 1)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "i686"), reason="needs a machine with x87 long doubles")
@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -2.5, 0.1, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")])
def test_long_doubles_have_the_bytes_of_the_machine(value: float) -> None:
    little = DumpWriter(long_double=True)
    little.scalar(0x1000, nv=value)
    assert np.longdouble(value).tobytes()[:10] in little.to_bytes()
    big = DumpWriter(long_double=True, big_endian=True)
    big.scalar(0x1000, nv=value)
    assert np.longdouble(value).tobytes()[9::-1] in big.to_bytes()
