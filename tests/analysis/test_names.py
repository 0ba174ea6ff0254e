"""How names are chosen, and what of them is blanked, in heaps that are written here."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmat_lsp.analysis.blanks import blanked, blanked_key, numberless
from pmat_lsp.analysis.names import Name, NameKind, name_of, names_of
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from tests.dump_writer import DumpWriter

ADDRESS = 0x55D0C8A00000
STASH, ARRAY, FIRST = ADDRESS, ADDRESS + 0x1000, ADDRESS + 0x2000
"""Where the SVs of these heaps are."""


def heap_of(dump: DumpWriter) -> Heap:
    return load(Path("names.pmat"), read=lambda _: dump.to_bytes())


def held_by_keys(keys: list[str], blessed: list[bool]) -> Heap:
    """An array that each of some hashes has under a key, in the order of their addresses."""
    dump = DumpWriter()
    dump.root("defstash", STASH)
    dump.stash(STASH, "Hub", {})
    dump.array(ARRAY, [], refcount=len(keys))
    for number, (key, is_object) in enumerate(zip(keys, blessed, strict=True)):
        at = FIRST + 0x100 * number
        dump.hash(at, {key: at + 0x10}, blessed=STASH if is_object else 0)
        dump.ref(at + 0x10, ARRAY)
    return heap_of(dump)


def name_in(heap: Heap) -> Name | None:
    return name_of(heap, heap.id_at(ARRAY))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("{CODE(0x55d0c8a0b2c8)} of Hub", "{CODE(0x…)} of Hub"),
        ("{Foo=HASH(0x1f)} of HASH", "{Foo=HASH(0x…)} of HASH"),
        ("%seen of (eval 12)", "%seen of (eval …)"),
        ("$x of the closure at (eval 7)[lib/A.pm:3]:1", "$x of the closure at (eval …)[lib/A.pm:3]:1"),
        ("@Symbol::GEN12", "@Symbol::GEN…"),
        ("$IO::File::_GEN_3", "$IO::File::_GEN_…"),
        # What says something stays.
        ("$x2 of the closure at lib/A2.pm:12", "$x2 of the closure at lib/A2.pm:12"),
        ("{0xff} of Colours", "{0xff} of Colours"),
        ("@App::GENERATION2", "@App::GENERATION2"),
        ("{a} of Model::__ANON__::3", "{a} of Model::__ANON__::3"),
    ],
)
def test_addresses_and_numbers_that_perl_counts_up_are_blanked(name: str, expected: str) -> None:
    assert blanked(name) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (str(ADDRESS + 0x1008), "…"),
        ("17", "…"),
        (f"{ADDRESS + 8:x}", "…"),
        (f"{ADDRESS + 8:#x}", "…"),
        (f"job {ADDRESS + 8} done", "job … done"),
        (f"CODE({ADDRESS:#x})", "CODE(0x…)"),
        ("job 17", "job 17"),
        ("1700000000.5", "1700000000.5"),
        ("facade", "facade"),
        ("deadbeefcafe", "deadbeefcafe"),
        ("", ""),
    ],
)
def test_a_key_loses_what_may_be_an_address_of_its_heap(key: str, expected: str) -> None:
    assert blanked_key(held_by_keys(["a"], [False]), key) == expected


def test_a_heap_without_svs_has_no_addresses() -> None:
    assert blanked_key(heap_of(DumpWriter()), "0x55d0c8a00000") == "0x55d0c8a00000"


def test_every_number_of_a_key_is_one_sign() -> None:
    assert numberless("HASH(0x5f), slot 12 of 3") == "HASH(#), slot # of #"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcXYZ_"), st.booleans()), min_size=1, max_size=9))
def test_the_order_of_addresses_does_not_choose_a_name(held: list[tuple[str, bool]]) -> None:
    keys, blessed = [key for key, _ in held], [is_object for _, is_object in held]
    name = name_in(held_by_keys(keys, blessed))
    assert name == name_in(held_by_keys(keys[::-1], blessed[::-1]))
    assert name is not None
    # A key of an object is a name; that of a plain hash may be data.
    of_objects = sorted(key for key, is_object in held if is_object)
    assert name.text == (f"{{{of_objects[0]}}} of Hub" if of_objects else f"{{{min(keys)}}} of HASH")
    assert name.kind == (NameKind.MEMBER if of_objects else NameKind.DATA)


def test_keys_that_are_addresses_are_one_name_and_shown_as_they_are() -> None:
    held = held_by_keys([f"CODE({ADDRESS + 8:#x})", f"CODE({ADDRESS + 16:#x})"], [False, False])
    assert name_in(held) == Name(NameKind.DATA, "{CODE(0x…)} of HASH", "{CODE(0x55d0c8a00008)} of HASH(1)")


def test_the_fewest_references_go_before_the_better_kind_of_name() -> None:
    """`our $other = \\@array` does not name what is in `@first`, and `@Alias` and `@Name` are both its own."""
    dump = DumpWriter()
    dump.root("defstash", STASH)
    globs = {"other": FIRST, "Name": FIRST + 0x100, "Alias": FIRST + 0x200}
    dump.stash(STASH, "main", dict(globs))
    dump.array(ARRAY, [], refcount=3)
    dump.glob(globs["other"], name="other", stash=STASH, scalar=FIRST + 0x300)
    dump.ref(FIRST + 0x300, ARRAY)
    for name in ("Name", "Alias"):
        dump.glob(globs[name], name=name, stash=STASH, array=ARRAY)
    heap = heap_of(dump)
    # What the variable refers to would be called after it, if nothing nearer had a name.
    assert name_in(heap) == Name(NameKind.VARIABLE, "@main::Alias", "@main::Alias")
    reference = heap.id_at(FIRST + 0x300)
    assert [name and name.text for name in names_of(heap, [reference, heap.id_at(STASH)])] == ["$main::other", None]


def test_references_that_refer_to_each_other_name_nothing() -> None:
    dump = DumpWriter()
    dump.ref(FIRST, FIRST + 0x10)
    dump.ref(FIRST + 0x10, FIRST)
    assert names_of(heap_of(dump), [0, 1]) == [None, None]
    assert names_of(heap_of(dump), []) == []
