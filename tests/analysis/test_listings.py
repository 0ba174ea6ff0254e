"""`elems`, `values`, `symbols`, `packages`, `callers`, `stack` and `io`: what `test_conformance` cannot compare.

Here are limits, cycles, errors, hostile dumps, and what the reference leaves out.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pmat_lsp.analysis.callers import callers_tree
from pmat_lsp.analysis.contents import elements_table, values_table
from pmat_lsp.analysis.handles import handles_table
from pmat_lsp.analysis.ownership import find_ownership
from pmat_lsp.analysis.stack import stack_table
from pmat_lsp.analysis.symbols import packages_table, symbols_table
from pmat_lsp.analysis.tables import Table
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.describe import code_name
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.values import elements
from pmat_lsp.render.listing_text import callers_text, elements_text, handles_text, symbols_text, values_text
from tests.dump_writer import DumpWriter
from tests.dumps import ROOT, heap_of, named, own_dumps

STASH, GLOB, ARRAY, HASH, CODE, PAD, ARGUMENTS = 0x1000, 0x1100, 0x2000, 0x2100, 0x3000, 0x3100, 0x3200
DATA = ROOT / "tests" / "data"


def loaded(tmp_path: Path, writer: DumpWriter) -> Heap:
    """The dump, written and read."""
    path = tmp_path / "a.pmat"
    path.write_bytes(writer.to_bytes())
    return load(path)


def column(table: Table, name: str) -> list[object]:
    """The values of one column."""
    at = [column.name for column in table.columns].index(name)
    return [row[at] for row in table.rows]


def a_list(tmp_path: Path, length: int = 12) -> Heap:
    """An array of numbers, and one hole; a reference to it."""
    writer = DumpWriter()
    addresses = [0x9000 + 0x20 * index for index in range(length)]
    for index, address in enumerate(addresses):
        writer.scalar(address, iv=index * 10)
    writer.array(ARRAY, [*addresses, 0])
    writer.ref(0x2050, ARRAY)
    return loaded(tmp_path, writer)


def test_elements_are_told_from_any_start_to_any_count(tmp_path: Path) -> None:
    heap = a_list(tmp_path)
    array = heap.id_at(ARRAY)
    everything = elements_table(heap, array)
    assert everything.more == 0
    for start in range(15):
        for count in range(1, 15):
            part = elements_table(heap, array, start, count)
            assert part.rows == everything.rows[start : start + count]
            assert part.more == max(len(everything.rows) - start - count, 0)


def test_elements_are_aligned_and_a_hole_is_null(tmp_path: Path) -> None:
    heap = a_list(tmp_path)
    assert elements_text(elements_table(heap, heap.id_at(ARRAY), 9, 2)).plain.splitlines() == [
        "  [9]  SCALAR(IV) at 0x9120 = 90",
        "  [10] SCALAR(IV) at 0x9140 = 100",
        "  ... (2 more)",
    ]
    assert elements_text(elements_table(heap, heap.id_at(ARRAY), 12)).plain == "  [12] NULL\n"


def test_a_reference_is_followed(tmp_path: Path) -> None:
    heap = a_list(tmp_path)
    assert elements_table(heap, heap.id_at(0x2050)) == elements_table(heap, heap.id_at(ARRAY))


def test_references_in_a_circle_are_no_array(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.ref(0x1000, 0x1100)
    writer.ref(0x1100, 0x1000)
    heap = loaded(tmp_path, writer)
    with pytest.raises(PmatError, match="has no elements"):
        elements_table(heap, 0)
    with pytest.raises(PmatError, match="has no values"):
        values_table(heap, 0)


def test_what_holds_the_other_thing_is_said(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.array(ARRAY)
    writer.hash(HASH)
    heap = loaded(tmp_path, writer)
    with pytest.raises(PmatError) as of_array:
        values_table(heap, heap.id_at(ARRAY))
    with pytest.raises(PmatError) as of_hash:
        elements_table(heap, heap.id_at(HASH))
    assert "`elems`" in of_array.value.hint
    assert "`values`" in of_hash.value.hint


def test_values_are_in_the_order_of_their_keys_and_can_be_paged(tmp_path: Path) -> None:
    writer = DumpWriter()
    keys = ["pear", "apple", "two words", "Zoe", "\u263a", ""]
    for index, _ in enumerate(keys):
        writer.scalar(0x9000 + 0x20 * index, iv=index)
    writer.hash(HASH, {key: 0x9000 + 0x20 * index for index, key in enumerate(keys)})
    heap = loaded(tmp_path, writer)
    table = values_table(heap, heap.id_at(HASH))
    assert column(table, "key") == sorted(keys, key=str.encode)
    assert column(table, "access") == ['{""}', "{Zoe}", "{apple}", "{pear}", '{"two words"}', '{"\\342\\230\\272"}']
    pages = [values_table(heap, heap.id_at(HASH), skip, 4) for skip in (0, 4)]
    assert pages[0].rows + pages[1].rows == table.rows
    assert [page.more for page in pages] == [2, 0]
    assert values_text(pages[1]).plain.splitlines()[0] == '  {"two words"}    SCALAR(IV) at 0x9040 = 2'


def test_a_long_listing_can_be_cancelled(tmp_path: Path) -> None:
    def stop(_stage: str, _done: int, _total: int) -> None:
        raise InterruptedError

    heap = a_list(tmp_path)
    with pytest.raises(InterruptedError):
        elements_table(heap, heap.id_at(ARRAY), progress=stop)
    demo = heap_of(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")
    with pytest.raises(InterruptedError):
        packages_table(demo, progress=stop)


def packages(writer: DumpWriter) -> None:
    """`main`, in it `Foo` with `$Foo::x`, `&Foo::bare` without a glob, and names that lead back to both."""
    writer.root("defstash", STASH)
    writer.stash(STASH, "main", {"main::": GLOB, "Foo::": 0x1200, "_<a.pl": 0x1500, "\x17": 0x1500})
    writer.glob(GLOB, "main::", stash=STASH, hash=STASH)
    writer.glob(0x1200, "Foo::", stash=STASH, hash=0x1300)
    writer.stash(0x1300, "Foo", {"x": 0x1400, "bare": 0x1600, "Top::": GLOB, "Again::": 0x1200, "forward": 0x1800})
    writer.glob(0x1400, "x", stash=0x1300, scalar=0x1700, array=ARRAY)
    writer.glob(0x1500, "_<a.pl", stash=STASH, scalar=0x1700)
    writer.ref(0x1600, CODE)
    writer.code(CODE, stash=0x1300)
    writer.scalar(0x1700, iv=3)
    writer.scalar(0x1800, iv=-1)
    writer.array(ARRAY)


def test_symbols_of_packages_that_name_each_other_end(tmp_path: Path) -> None:
    writer = DumpWriter()
    packages(writer)
    heap = loaded(tmp_path, writer)
    assert column(symbols_table(heap, recurse=True), "symbol") == [
        "${^W}",
        "%Foo::",
        "%Foo::Again::",
        "%Foo::Top::",
        "&Foo::bare",
        "$Foo::x",
        "@Foo::x",
    ]
    below = column(symbols_table(heap, "Foo", recurse=True), "symbol")
    assert len(below) == len(set(below))
    assert {"%Foo::Top::", "&Foo::bare", "$Foo::x"} < set(below)
    assert column(packages_table(heap), "package") == ["Foo", "Foo::Again", "Foo::Top"]


@pytest.mark.parametrize("name", ["Foo", "Foo::", "%Foo::", "main::Foo", "%main::Foo::"])
def test_a_package_may_be_written_in_any_way(tmp_path: Path, name: str) -> None:
    writer = DumpWriter()
    packages(writer)
    table = symbols_table(loaded(tmp_path, writer), name, count=4)
    assert column(table, "symbol") == ["%Foo::Again::", "%Foo::Top::", "&Foo::bare", "$Foo::x"]
    assert table.more == 1
    assert symbols_text(table).plain.splitlines()[-1] == "  ... (1 more)"


def test_a_package_that_is_not_there_is_said(tmp_path: Path) -> None:
    writer = DumpWriter()
    packages(writer)
    with pytest.raises(PmatError, match="no package Bar"):
        symbols_table(loaded(tmp_path, writer), "Bar")
    assert packages_table(loaded(tmp_path, DumpWriter())).rows == ()


def test_every_sub_with_a_name_is_among_the_symbols() -> None:
    """Against the subs themselves: each says its package and name, whether or not it has a glob."""
    heap = heap_of(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")
    told = {(name, sv) for name, sv, _ in symbols_table(heap, recurse=True).rows}
    names = {sv: code_name(heap, sv) or "" for sv in heap.codes.sv.tolist()}
    courier = {sv: name for sv, name in names.items() if name.startswith("Courier") and not name.endswith("::BEGIN")}
    assert len(courier) > 10
    assert {(f"&{name}", heap.address_of(sv)) for sv, name in courier.items()} <= told


def test_versions_are_those_that_the_program_has() -> None:
    heap = heap_of(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")
    table = packages_table(heap, versions=True)
    versions = dict(zip(column(table, "package"), column(table, "version"), strict=True))
    assert (versions["Courier::HTTP"], versions["Carp"], versions["Devel"]) == ("1.02", "1.52", None)


def test_a_version_object_is_told_as_it_was_written(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.root("defstash", STASH)
    writer.stash(STASH, "main", {"Foo::": 0x1200})
    writer.glob(0x1200, "Foo::", stash=STASH, hash=0x1300)
    writer.stash(0x1300, "Foo", {"VERSION": 0x1400})
    writer.glob(0x1400, "VERSION", stash=0x1300, scalar=0x1500)
    writer.ref(0x1500, HASH)
    writer.hash(HASH, {"original": 0x1600, "qv": 0x1700})
    writer.scalar(0x1600, pv=b"v1.2.3")
    writer.scalar(0x1700, iv=1)
    assert column(packages_table(loaded(tmp_path, writer), versions=True), "version") == ["v1.2.3"]


def recursion(writer: DumpWriter, depths: list[int]) -> None:
    """A sub with a pad for each of its running calls, the call of depth d with the argument d."""
    pads = [(depth + 1, PAD + 0x100 * depth) for depth in range(len(depths))]
    writer.code(CODE, name="walk", stash=STASH, padnames=[(1, "$self", 0)], pads=pads)
    writer.stash(STASH, "App")
    for depth, (_, pad) in enumerate(pads):
        base = 0x8000 + 0x1000 * depth
        writer.array(pad, [base, base + 0x100])
        writer.array(base, [base + 0x200])
        writer.scalar(base + 0x100, iv=100 + depth)
        writer.scalar(base + 0x200, iv=depth)
    for depth in depths:
        writer.context_sub(CODE, old_depth=depth, line=10 + depth)


@pytest.mark.parametrize("minor", [0, 1, 2, 4])
def test_each_call_of_a_recursion_has_its_own_arguments_and_lexicals(tmp_path: Path, minor: int) -> None:
    writer = DumpWriter(minor)
    recursion(writer, [2, 1, 0])
    text = callers_text(callers_tree(loaded(tmp_path, writer))).plain
    lines = [line.strip() for line in text.splitlines()]
    assert [line.rsplit(" = ", 1)[1] for line in lines if line.startswith("$_[0]")] == ["2", "1", "0"]
    assert [line.rsplit(" = ", 1)[1] for line in lines if line.startswith("$self")] == ["102", "101", "100"]
    assert [line for line in lines if line.startswith("at ")] == [f"at a.pl line {line}" for line in (12, 11, 10)]


def test_a_context_of_an_unknown_kind_is_left_out(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.code(CODE, name="f")
    writer.context_sub(CODE, line=1)
    writer.context_sub(CODE, line=2)
    heap = loaded(tmp_path, writer)
    heap = replace(heap, contexts=replace(heap.contexts, kind=np.array([7, 1], np.uint8)))
    assert [row.values[-1] for row in callers_tree(heap).rows] == [2]


def test_a_recursion_of_thirty_thousand_calls_is_listed_in_linear_time(tmp_path: Path) -> None:
    """With work for each pair of calls this takes minutes."""
    count, first = 30_000, 0x100000
    writer = DumpWriter(0)
    writer.code(CODE, name="walk", pads=[(depth + 1, first + 0x100 * depth) for depth in range(count)])
    for depth in range(count):
        writer.array(first + 0x100 * depth)
        writer.context_sub(CODE)
    assert len(callers_tree(loaded(tmp_path, writer), pads=True).rows) == count * 2


def test_arguments_come_from_the_call_where_no_pad_has_them(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.code(CODE, name="f")
    writer.array(ARGUMENTS, [0x9000])
    writer.scalar(0x9000, pv=b"x")
    writer.context_sub(CODE, ARGUMENTS)
    writer.context_sub(CODE, CODE)
    text = callers_text(callers_tree(loaded(tmp_path, writer))).plain
    assert text.count('  $_[0]: SCALAR(PV) at 0x9000 = "x"\n') == 1
    assert text.count("  (no args)\n") == 1


def test_calls_whose_sub_or_text_is_not_in_the_dump_are_told(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.array(ARRAY)
    writer.context_sub(0x7777, gimme=2)
    writer.context_eval(0x7777, file="b\x1b[2J.pl")
    writer.context_eval(ARRAY)
    writer.context_try(gimme=9)
    lines = callers_text(callers_tree(loaded(tmp_path, writer))).plain.splitlines()
    assert [line for line in lines if line.startswith("caller")] == [
        "caller(0): a sub => scalar",
        "caller(1): eval (...) => void",
        "caller(2): eval (...) => void",
        "caller(3): eval {...} => ?",
    ]
    assert all(line.isprintable() for line in lines)


def test_the_stack_is_told_from_its_top(tmp_path: Path) -> None:
    writer = DumpWriter()
    writer.scalar(0x9000, iv=1)
    writer.scalar(0x9100, iv=2)
    writer.stack([0x9000, 0x9100])
    heap = loaded(tmp_path, writer)
    assert [(row[0], row[1]) for row in stack_table(heap).rows] == [(1, 0x9100), (0, 0x9000)]
    assert stack_table(heap, 1).rows == stack_table(heap).rows[:1]
    assert stack_table(heap, 1).more == 1


@pytest.mark.parametrize("dump", named(own_dumps()[::3]))
def test_the_handles_are_those_with_a_number_and_leaked_are_those_of_the_leaks(dump: Path) -> None:
    heap = heap_of(dump)
    ownership = find_ownership(heap)
    table = handles_table(heap, ownership)
    ios = zip(*(values.tolist() for values in (heap.ios.sv, heap.ios.ifileno, heap.ios.ofileno)), strict=True)
    numbers = {sv: found for sv, *found in ios if max(found) >= 0}
    assert {heap.id_at(int(str(sv))) for sv in column(table, "sv")} == set(numbers)
    told = [[-1 if number is None else number for number in row[2:4]] for row in table.rows]
    assert told == sorted(numbers.values())
    leaked = {row[0] for row in table.rows if row[5] == "leaked"}
    assert leaked == {heap.address_of(sv) for sv in numbers if ownership.proven[sv]}
    part = handles_table(heap, ownership, 1)
    assert (part.rows, part.more) == (table.rows[:1], max(len(table.rows) - 1, 0))


def test_handles_are_listed_as_the_io_tool_did() -> None:
    heap = heap_of(DATA / "gensym_handle.pmat.xz")
    lines = handles_text(handles_table(heap, find_ownership(heap))).plain.splitlines()
    assert lines[0].split() == ["Addr", "ifileno", "ofileno", "glob", "state"]
    words = [line.split()[3:] for line in lines[1:]]
    assert words[:3] == [["0", "-1", "*main::stdin"], ["1", "1", "*main::STDOUT"], ["2", "2", "*main::STDERR"]]
    assert words[3:] == [[str(3 + n), "-1", f"*Symbol::GEN{n}", "leaked"] for n in range(3)]


def test_every_array_and_hash_of_a_real_dump_can_be_listed() -> None:
    heap = heap_of(DATA / "tied_values.pmat.xz")
    for sv in heap.ids_of(Kind.ARRAY)[:500].tolist():
        assert column(elements_table(heap, sv), "sv") == [
            heap.address_of(element) if element >= 0 else None for element in elements(heap, sv)
        ]
    for sv in heap.ids_of(Kind.HASH, Kind.STASH)[:300].tolist():
        assert len(values_table(heap, sv).rows) == heap.length[sv]
