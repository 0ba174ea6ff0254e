"""What is lost, unexplained, proven and an island is what a slow program that only counts finds on random heaps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmat_lsp.analysis import ownership as module
from pmat_lsp.analysis.islands import OUTSIDE, SHARED, find_islands
from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.analysis.ownership import components_among, find_ownership
from pmat_lsp.heap.load import load
from tests.dump_writer import DumpWriter

SVS = 10


@dataclass(frozen=True)
class RandomHeap:
    """Arrays that hold each other: `holds[i]` are the elements of array i."""

    holds: tuple[tuple[int, ...], ...]
    real: tuple[bool, ...]
    """Whether array i owns its elements."""
    extra: tuple[int, ...]
    """Counts of array i that nothing in the dump explains."""
    root: int

    def counted(self) -> list[tuple[int, int]]:
        """The references that own a count."""
        return [(i, j) for i, held in enumerate(self.holds) if self.real[i] for j in held]

    def write(self, path: Path) -> None:
        """As a dump."""
        counts = [sum(1 for _, j in self.counted() if j == i) + self.extra[i] for i in range(SVS)]
        counts[self.root] += 1
        writer = DumpWriter()
        writer.root("defstash", address(self.root))
        for i in range(SVS):
            writer.array(
                address(i), [address(j) for j in self.holds[i]], real=self.real[i], refcount=counts[i], size=10
            )
        path.write_bytes(writer.to_bytes())


def address(i: int) -> int:
    """Of array i."""
    return 0x1000 + 0x10 * i


sv = st.integers(0, SVS - 1)
heaps = st.builds(
    RandomHeap,
    holds=st.tuples(*[st.lists(sv, max_size=3).map(tuple)] * SVS),
    real=st.tuples(*[st.sampled_from([True, True, True, False])] * SVS),
    extra=st.tuples(*[st.sampled_from([0, 0, 0, 0, 1])] * SVS),
    root=sv,
)
no_reset = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)


def closure(pairs: list[tuple[int, int]], starts: set[int]) -> set[int]:
    """What a set of SVs leads to."""
    seen = set(starts)
    while new := {j for i, j in pairs if i in seen} - seen:
        seen |= new
    return seen


def freed_by_counting(heap: RandomHeap, cut: set[int]) -> set[int]:
    """The SVs that perl would free if it freed those in `cut`: counts fall, and at 0 the next is freed."""
    counts = [sum(1 for _, j in heap.counted() if j == i) + heap.extra[i] + (i == heap.root) for i in range(SVS)]
    gone: set[int] = set()
    todo = set(cut)
    while todo:
        gone |= todo
        for i, j in heap.counted():
            if i in todo:
                counts[j] -= 1
        todo = {i for i in range(SVS) if i not in gone and counts[i] <= 0}
    return gone


@given(heaps)
@no_reset
def test_proven_is_what_counting_can_never_free_and_nothing_unseen_holds(tmp_path: Path, random: RandomHeap) -> None:
    path = tmp_path / "random.pmat"
    random.write(path)
    ownership = find_ownership(load(path))
    pairs = random.counted()
    lost = set(range(SVS)) - closure(pairs, {random.root})
    unexplained = closure(pairs, {i for i in lost if random.extra[i]}) & lost
    assert set(np.flatnonzero(ownership.lost).tolist()) == lost
    assert set(np.flatnonzero(ownership.unexplained).tolist()) == unexplained
    assert set(np.flatnonzero(ownership.proven).tolist()) == lost - unexplained


@given(heaps)
@no_reset
def test_an_island_keeps_what_perl_would_free_with_it(tmp_path: Path, random: RandomHeap) -> None:
    path = tmp_path / "random.pmat"
    random.write(path)
    heap = load(path)
    ownership = find_ownership(heap)
    islands = find_islands(heap, ownership, ownership.proven)
    pairs = [(i, j) for i, j in random.counted() if ownership.proven[i] and ownership.proven[j]]
    ways = {i: closure(pairs, {j for k, j in pairs if k == i}) for i in range(SVS)}
    on_cycles = {i for i in range(SVS) if i in ways[i]}
    assert {i for i in range(SVS) if islands.cycle[i] >= 0} == on_cycles
    for number in range(islands.count):
        members = {i for i in on_cycles if islands.cycle[i] == number}
        one = min(members)
        assert members == {i for i in on_cycles if i in ways[one] and one in ways[i]}
        freed = (freed_by_counting(random, members) - on_cycles) | members
        orphans = {
            i for i in range(SVS) if ownership.proven[i] and islands.owner[i] not in (number, SHARED)
        } - on_cycles
        kept = set(np.flatnonzero(islands.owner[: heap.n] == number).tolist())
        below_orphans = closure(pairs, {i for i in orphans if islands.owner[i] == -1})
        assert kept - below_orphans == (freed & closure(pairs, members)) - below_orphans
        assert int(islands.bytes[number]) == 10 * len(kept) == 10 * int(islands.svs[number])
    assert all((islands.owner[i] == OUTSIDE) == (not ownership.proven[i]) for i in range(SVS))


@given(heaps)
@no_reset
def test_the_cycle_of_a_finding_is_a_way_round_and_none_is_shorter(tmp_path: Path, random: RandomHeap) -> None:
    path = tmp_path / "random.pmat"
    random.write(path)
    heap = load(path)
    report = find_leaks(heap).report
    assert sum(finding.count for finding in report.findings) == len({min(c) for c in cycles(random, heap)})
    for finding in report.findings:
        hops = finding.cycle
        assert hops[-1].target == hops[0].source
        assert hops[0].source in finding.islands
        assert all(one.target == other.source for one, other in pairwise(hops))
        assert len(hops) == shortest(random, hops[0].source)


def cycles(random: RandomHeap, heap: object) -> list[set[int]]:
    """The strongly connected components with a cycle among the proven SVs."""
    pairs = random.counted()
    lost = set(range(SVS)) - closure(pairs, {random.root})
    proven = lost - closure(pairs, {i for i in lost if random.extra[i]})
    ways = {i: closure(pairs, {j for k, j in pairs if k == i}) for i in proven}
    return [{j for j in proven if j in ways[i] and i in ways[j]} for i in proven if i in ways[i]]


def shortest(random: RandomHeap, start: int) -> int:
    """The length of the shortest way from an SV back to itself, by trying ever longer ones."""
    pairs, at = random.counted(), {start}
    for length in range(1, SVS + 1):
        at = {j for i, j in pairs if i in at}
        if start in at:
            return length
    raise AssertionError(f"no way from {start} back to it")


@given(heaps, st.sets(st.integers(0, SVS - 1)))
@no_reset
def test_components_of_a_part_are_the_same_on_a_graph_of_that_part_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random: RandomHeap, chosen: set[int]
) -> None:
    path = tmp_path / "random.pmat"
    random.write(path)
    heap = load(path)
    counted = find_ownership(heap).counted
    svs = np.array(sorted(chosen), np.int32)
    found = []
    # All parts are few, then none.
    for few in (1, heap.n + 1):
        monkeypatch.setattr(module, "_FEW", few)
        found.append(components_among(heap, counted, svs))
    assert np.array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
