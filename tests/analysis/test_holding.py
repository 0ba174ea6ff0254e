"""Holders, ways from roots, classes and what subs retain, against slow programs that only count."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from pmat_lsp.analysis.classes import Classes
from pmat_lsp.analysis.closures import CodeSite, clones_at, code_facts, code_sites, retained_by
from pmat_lsp.analysis.file_numbers import file_numbers
from pmat_lsp.analysis.holders import MOST_REFERENCES, hops_from, hops_to
from pmat_lsp.analysis.leaks import Leaks, captures_of, find_leaks
from pmat_lsp.analysis.reached import Roots
from pmat_lsp.analysis.retained import retained_sizes
from pmat_lsp.format.kinds import Kind, Strength
from pmat_lsp.heap.describe import is_prototype
from pmat_lsp.heap.model import Heap
from tests.dumps import ROOT, heap_of, named

_NAMES = (
    "container_capture",
    "registered_callbacks",
    "nested_closures",
    "outside_scope",
    "file_handles",
    "odd_classes",
)
DUMPS = [ROOT / "tests" / "data" / f"{name}.pmat.xz" for name in _NAMES]
every_dump = pytest.mark.parametrize("path", named(DUMPS))


def _sites(heap: Heap) -> list[CodeSite]:
    return [site for sites in code_sites(heap).values() for site in sites]


@lru_cache(maxsize=8)
def _leaks(path: Path) -> Leaks:
    return find_leaks(heap_of(path))


@every_dump
def test_a_sub_has_a_way_from_a_root_exactly_if_it_is_not_lost(path: Path) -> None:
    heap, lost = heap_of(path), _leaks(path).ownership.lost
    roots = Roots(heap)
    assert {sv: roots.way_to(sv) is None for sv in heap.codes.sv.tolist()} == {
        sv: bool(lost[sv]) for sv in heap.codes.sv.tolist()
    }


@every_dump
def test_the_facts_of_a_sub_are_those_of_all_its_clones_counted_one_by_one(path: Path) -> None:
    heap, leaks = heap_of(path), _leaks(path)
    for site in _sites(heap):
        clones = [sv for sv in site.codes.tolist() if not is_prototype(heap, sv)]
        assert clones_at(heap, site).tolist() == clones
        facts = code_facts(heap, leaks, site)
        owned = [sv for sv in range(heap.n) if int(heap.owner[sv]) in set(clones)] if len(clones) > 1 else None
        if owned is not None:
            assert facts.bytes == sum(int(heap.size[sv]) for sv in [*clones, *owned])
        counts = [int(heap.refcount[sv]) for sv in clones]
        assert dict(facts.refcounts) == {count: counts.count(count) for count in counts}


@every_dump
def test_what_leaked_subs_retain_are_their_islands_and_a_living_one_retains_what_it_dominates(path: Path) -> None:
    heap, leaks = heap_of(path), _leaks(path)
    sizes = retained_sizes(heap, leaks.ownership)
    for site in _sites(heap):
        clones = clones_at(heap, site).tolist()
        islands = {int(leaks.islands.cycle[sv]) for sv in clones}
        found = retained_by(heap, leaks, sizes, site)
        if clones and -1 not in islands:
            assert found == sum(int(leaks.islands.bytes[island]) for island in islands)
        elif len(clones) == 1 and leaks.islands.owner[clones[0]] < 0:
            assert found == int(sizes.bytes[clones[0]])


@every_dump
def test_every_counted_reference_to_a_sub_is_a_hop_that_ends_there(path: Path) -> None:
    heap = heap_of(path)
    for sv in heap.codes.sv.tolist():
        rows = heap.in_rows(sv)[:MOST_REFERENCES]
        hops = list(hops_to(heap, sv))
        assert len(hops) == int(((heap.out_strength[rows] & Strength.COUNTED) != 0).sum())
        assert all(hop.target == sv for hop in hops)


@every_dump
def test_what_leaves_a_closure_are_its_captures_but_for_weak_pad_slots(path: Path) -> None:
    heap = heap_of(path)
    for sv in heap.codes.sv.tolist():
        hops = list(hops_from(heap, sv))
        assert {hop.name for hop in hops} <= {capture.name for capture in captures_of(heap, sv)}
        assert all(hop.source == sv and hop.kind == "capture" for hop in hops)


@every_dump
def test_classes_have_the_objects_that_a_look_at_every_sv_finds(path: Path) -> None:
    heap = heap_of(path)
    classes = Classes(heap)
    found: dict[str, list[int]] = {}
    for sv in range(heap.n):
        name = heap.class_of(sv)
        if name is not None:
            found.setdefault(name, []).append(sv)
    assert {name: sorted(classes.objects(name).tolist()) for name in found} == found
    assert not len(classes.objects("No::Such::Class"))


def test_isa_is_read_from_the_symbol_table_both_ways() -> None:
    classes = Classes(heap_of(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz"))
    assert classes.parents("IO::Socket::INET") == ("IO::Socket",)
    assert "IO::Socket::INET" in classes.children("IO::Socket")
    assert classes.parents("Courier::HTTP") == ()


def test_file_numbers_are_those_of_the_io_below_a_variable_and_of_nothing_else() -> None:
    heap = heap_of(ROOT / "tests" / "data" / "file_handles.pmat.xz")
    for io, into, out in zip(heap.ios.sv.tolist(), heap.ios.ifileno.tolist(), heap.ios.ofileno.tolist(), strict=True):
        assert set(file_numbers(heap, io)) == {number for number in (into, out) if number >= 0}
    assert file_numbers(heap, int(heap.ids_of(Kind.HASH)[0])) == ()
