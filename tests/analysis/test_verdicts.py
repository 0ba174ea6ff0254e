"""What is leaked is what no program can reach or free any more: tried out, on small heaps, by doing everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmat_lsp.analysis.ownership import find_ownership
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from tests.dump_writer import DumpWriter

ROOT = -1
"""Holds as a package does: what it holds is alive, and the program can change it."""

SVS, EDGES = 6, 9


class Edge(NamedTuple):
    """A reference: `holder` has an element that refers to `target`."""

    holder: int
    target: int
    weak: bool = False


@dataclass(frozen=True)
class State:
    """A heap in between two steps of a program. SVs are numbers; those that were freed are not there."""

    svs: frozenset[int]
    edges: frozenset[tuple[int, Edge]]
    """Numbered, since an SV can hold another one twice."""
    held: frozenset[int] = frozenset()
    """What the program has in variables of its own."""

    def reachable(self) -> set[int]:
        """What the program can get at by strong references."""
        seen = set(self.held)
        while new := {e.target for _, e in self.edges if not e.weak and (e.holder == ROOT or e.holder in seen)} - seen:
            seen |= new
        return seen

    def settled(self) -> State:
        """After perl freed what has no count left: with its references, and with the weak ones to it."""
        counted = {edge.target for _, edge in self.edges if not edge.weak} | self.held
        if counted >= self.svs:
            return self
        edges = {(n, e) for n, e in self.edges if e.target in counted and (e.holder == ROOT or e.holder in counted)}
        return State(self.svs & counted, frozenset(edges), self.held).settled()

    def steps(self) -> Iterator[State]:
        """What can come next: a reachable weak reference is copied, or a reachable reference is dropped."""
        reachable = self.reachable()
        for numbered in self.edges:
            edge = numbered[1]
            if edge.holder != ROOT and edge.holder not in reachable:
                continue
            if edge.weak and edge.target not in self.held:
                yield State(self.svs, self.edges, self.held | {edge.target})
            yield State(self.svs, self.edges - {numbered}, self.held).settled()
        for sv in self.held:
            yield State(self.svs, self.edges, self.held - {sv}).settled()

    def touched(self) -> set[int]:
        """What some sequence of steps reaches or frees: all of them are tried."""
        seen, todo = {self}, [self]
        touched: set[int] = set()
        while todo:
            state = todo.pop()
            touched |= state.reachable() | (self.svs - state.svs)
            new = set(state.steps()) - seen
            seen |= new
            todo += new
        return touched


@dataclass(frozen=True)
class RandomHeap:
    """What a dump has, as far as it holds anything."""

    edges: tuple[Edge, ...]
    mortals: frozenset[int] = frozenset()
    """Temporaries: perl holds one count of each."""
    arguments: tuple[int, ...] = ()
    """In the `@_` of a running call, which owns no counts; the call may use them."""
    hidden: frozenset[int] = frozenset()
    """What something holds that the dump does not show."""

    def start(self) -> State:
        """Before the program does anything: everything that is held, however it is, can be used."""
        roots = [Edge(ROOT, sv) for sv in (*self.mortals, *self.hidden)]
        arguments = [Edge(ROOT, sv, weak=True) for sv in self.arguments]
        edges = frozenset(enumerate((*self.edges, *roots, *arguments)))
        return State(frozenset(range(SVS)), edges).settled()

    def edges_in(self, state: State) -> list[Edge]:
        """The references that were not freed with what held them, or with their target."""
        return [e for e in self.edges if e.target in state.svs and (e.holder == ROOT or e.holder in state.svs)]

    def write(self, path: Path, state: State) -> None:
        """As a dump: an SV is an array whose elements are references; only those of `state` are in it."""
        edges = self.edges_in(state)
        writer = DumpWriter()
        for name, address in ROOTS.items():
            writer.root(name, address)
        for sv in (ROOT, *sorted(state.svs)):
            strong = sum(1 for edge in edges if edge.target == sv and not edge.weak)
            count = 1 if sv == ROOT else strong + (sv in self.mortals) + (sv in self.hidden)
            elements = [reference_at(i) for i, edge in enumerate(edges) if edge.holder == sv]
            writer.array(address_of(sv), elements, refcount=count)
            weakly = [reference_at(i) for i, edge in enumerate(edges) if edge.target == sv and edge.weak]
            if weakly:
                # Perl keeps a list of the weak references to an SV, with a count more than there are references to it.
                writer.array(backrefs_of(sv), weakly, real=False, refcount=2)
                writer.magic(address_of(sv), b"<", object=backrefs_of(sv), counted=True)
        for i, edge in enumerate(edges):
            writer.ref(reference_at(i), address_of(edge.target), weak=edge.weak)
        writer.code(RUNNING_CODE, refcount=2)
        writer.array(ARGUMENTS, [address_of(sv) for sv in self.arguments if sv in state.svs], real=False, refcount=2)
        writer.context_sub(RUNNING_CODE, ARGUMENTS)
        writer.mortals([address_of(sv) for sv in sorted(self.mortals & state.svs)])
        path.write_bytes(writer.to_bytes())


def address_of(sv: int) -> int:
    """Of an SV's array."""
    return 0x1000 + 0x100 * (sv + 1)


def backrefs_of(sv: int) -> int:
    """Of the list of weak references to it."""
    return address_of(sv) + 0x80


def reference_at(i: int) -> int:
    """Of the scalar that is the i-th reference."""
    return 0x8000 + 0x10 * i


RUNNING_CODE, ARGUMENTS = 0x4000, 0x5000
ROOTS = {"defstash": address_of(ROOT), "main_cv": RUNNING_CODE}


def edges_among(svs: int) -> st.SearchStrategy[tuple[Edge, ...]]:
    """Each SV holds one, so that there is a ring, and rings that hold others; then some references more."""
    target = st.integers(0, svs - 1)
    more = st.builds(Edge, holder=st.integers(ROOT, svs - 1), target=target, weak=st.sampled_from([True, True, False]))
    return st.tuples(
        st.tuples(*[target] * svs).map(lambda held: [Edge(*pair) for pair in enumerate(held)]),
        st.lists(more, max_size=EDGES - svs),
    ).map(lambda parts: (*parts[0], *parts[1]))


sv = st.integers(0, SVS - 1)
few = st.frozensets(sv, max_size=1)
heaps = st.builds(
    RandomHeap,
    edges=st.integers(2, SVS).flatmap(edges_among),
    mortals=few,
    arguments=st.lists(sv, max_size=1).map(tuple),
    hidden=few,
)
no_reset = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400, deadline=None)


def svs_in(heap: Heap, mask: npt.NDArray[np.bool_]) -> set[int]:
    """The numbers of those SVs that are set in a mask."""
    set_ = set(heap.address[np.flatnonzero(mask)].tolist())
    return {number for number in range(SVS) if address_of(number) in set_}


@given(heaps)
@no_reset
def test_leaked_is_what_no_program_can_reach_or_free(tmp_path: Path, random: RandomHeap) -> None:
    path, state = tmp_path / "random.pmat", random.start()
    random.write(path, state)
    heap = load(path)
    ownership = find_ownership(heap)
    assert svs_in(heap, ownership.proven) == state.svs - state.touched()
    verdicts = [ownership.proven, ownership.self_held, ownership.unexplained]
    assert (np.sum(verdicts, axis=0) == ownership.lost).all()
    assert random.hidden or not ownership.unexplained.any()
    # A reference has the verdict of what holds it.
    proven = set(heap.address[np.flatnonzero(ownership.proven)].tolist())
    for i, edge in enumerate(random.edges_in(state)):
        assert (reference_at(i) in proven) == (address_of(edge.holder) in proven)


RING = (Edge(0, 1), Edge(1, 0))


@pytest.mark.parametrize(
    ("random", "leaked"),
    [
        pytest.param(RandomHeap(RING), {0, 1}, id="a-ring"),
        pytest.param(RandomHeap((*RING, Edge(1, 2), Edge(2, 3))), {0, 1, 2, 3}, id="a-ring-keeps-what-hangs-on-it"),
        pytest.param(RandomHeap((*RING, Edge(ROOT, 0, weak=True))), set(), id="a-weak-reference-from-a-package"),
        pytest.param(RandomHeap((*RING, Edge(2, 0, weak=True))), {0, 1}, id="a-weak-reference-from-what-was-freed"),
        pytest.param(
            RandomHeap((*RING, Edge(2, 2), Edge(2, 0, weak=True))), {0, 1, 2}, id="a-weak-reference-from-a-leak"
        ),
        pytest.param(
            RandomHeap((*RING, Edge(2, 2), Edge(2, 0, weak=True), Edge(ROOT, 2, weak=True))),
            set(),
            id="a-weak-reference-from-what-a-weak-reference-leads-to",
        ),
        pytest.param(
            RandomHeap((*RING, Edge(1, 2), Edge(ROOT, 2, weak=True))), {0, 1}, id="a-weak-reference-beside-the-ring"
        ),
        pytest.param(RandomHeap(RING, arguments=(0,)), set(), id="an-argument-of-a-running-call"),
        pytest.param(RandomHeap(RING, mortals=frozenset({0})), set(), id="a-temporary"),
        pytest.param(RandomHeap(RING, hidden=frozenset({0})), set(), id="a-count-that-nothing-explains"),
        pytest.param(
            RandomHeap((*RING, Edge(2, 0, weak=True)), hidden=frozenset({2})),
            set(),
            id="a-weak-reference-from-such-one",
        ),
    ],
)
def test_the_simulator_and_the_analysis_know_the_plain_cases(
    random: RandomHeap, leaked: set[int], tmp_path: Path
) -> None:
    path, state = tmp_path / "small.pmat", random.start()
    random.write(path, state)
    heap = load(path)
    assert state.svs - state.touched() == leaked == svs_in(heap, find_ownership(heap).proven)
