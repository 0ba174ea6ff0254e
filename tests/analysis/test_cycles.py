"""The shortest cycle that is told: the first in an order that does not depend on addresses, and not longer than can be
read."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmat_lsp.analysis import cycles
from pmat_lsp.analysis.cycles import ShortestCycles
from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.format.kinds import RefKind, Strength
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.values import read_string
from tests.dump_writer import DumpWriter

SVS = 7
values = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, SVS - 1)), max_size=5)
shapes = st.lists(st.tuples(st.booleans(), values), min_size=SVS, max_size=SVS)


def address(sv: int) -> int:
    """Of an SV of a written heap."""
    return 0x1000 + 0x100 * sv


def written(path: Path, svs: list[tuple[bool, list[tuple[str, int]]]]) -> Heap:
    """A heap of hashes and arrays that hold each other."""
    writer = DumpWriter()
    for sv, (is_hash, held) in enumerate(svs):
        if is_hash:
            writer.hash(address(sv), {key: address(target) for key, target in held})
        else:
            writer.array(address(sv), [address(target) for _, target in held])
    path.write_bytes(writer.to_bytes())
    return load(path)


def shortest_by_search(heap: Heap, start: int) -> list[int]:
    """The SVs of a shortest cycle, found breadth first, the references of each SV in their order."""

    def rank(row: int) -> tuple[int, bytes, int]:
        kind, detail = int(heap.out_kind[row]), int(heap.out_detail[row])
        return (kind, read_string(heap, detail), 0) if kind == RefKind.VALUE else (kind, b"", detail)

    came_from: dict[int, int] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for row in sorted((row for row in heap.out_rows(node)), key=rank):
            target = int(heap.out_target[row])
            if not heap.out_strength[row] & Strength.COUNTED:
                continue
            if target == start:
                way = [node]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return [*way[::-1], start]
            if target not in came_from:
                came_from[target] = node
                queue.append(target)
    return []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes, st.integers(0, SVS - 1))
def test_it_is_the_one_that_a_search_in_order_finds(
    tmp_path: Path, svs: list[tuple[bool, list[tuple[str, int]]]], start: int
) -> None:
    heap = written(tmp_path / "random.pmat", svs)
    counted = (heap.out_strength & np.uint8(Strength.COUNTED)).astype(np.uint8)
    finder = ShortestCycles(heap, counted, np.zeros(heap.n + 3, np.int32))
    for sv in (start, *range(SVS)):
        wanted = shortest_by_search(heap, sv)
        hops = finder.through(sv)
        assert [sv for hop in hops for sv in hop.svs[:-1]] == wanted[:-1]
        assert not hops or hops[-1].target == sv


@pytest.mark.parametrize("links", [4, 5, 6, 20])
def test_the_last_hop_of_a_long_one_stands_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: int
) -> None:
    monkeypatch.setattr(cycles, "MOST_HOPS", 5)
    ring = [(True, [("next", (sv + 1) % links)]) for sv in range(links)]
    heap = written(tmp_path / "ring.pmat", ring)
    (finding,) = find_leaks(heap).report.findings
    told = finding.cycle
    assert [hop.label for hop in told[:5]] == ["->{next}"] * min(links, 5)
    assert [hop.label for hop in told[5:]] == ([f"… {links - 5:,} more references …"] if links > 5 else [])
    assert all(one.target == other.source for one, other in zip(told, [*told[1:], told[0]], strict=True))
    assert finding.svs_each == links
