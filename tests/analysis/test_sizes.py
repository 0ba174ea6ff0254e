"""Sizes of the corpus's SVs are those that the reference tool prints; where it errs, they are what it should print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.analysis import largest, size
from pmat_lsp.analysis.largest import by_itself, first_by, largest_by_retained, largest_tree
from pmat_lsp.analysis.ownership import find_ownership, root_ids
from pmat_lsp.analysis.retained import retained_sizes
from pmat_lsp.analysis.size import owned, owned_svs, retained, shallow, size_table, structure
from pmat_lsp.format.kinds import Kind, RefKind, Strength
from pmat_lsp.heap.model import Heap
from pmat_lsp.units import format_bytes
from tests.dumps import corpus_dumps, heap_of, named, needs_corpus, own_dumps

_SIZE = re.compile(
    r"^@@ size,0x(\w+)\n.* consumes:\n  (.*) directly\n  (.*) structurally\n  (.*) including owned referrants", re.M
)
_LARGEST = re.compile(r"^(.*) at 0x(\w+)\S*: ([\d.]+ \w+)", re.M)
_OTHERWISE = {
    "j2_class_feature": ("the reference knows no inherited fields", 2),
    "j3_class_fields": ("the reference knows no inherited fields", 2),
    "l_threads-thr": ("what it counts twice depends on the order of a hash", 1),
    "o_async_structs": ("what it counts twice depends on the order of a hash", 1),
}
"""Dumps of which some answers of the reference differ: why, and how many."""
_SAVED = tuple(kind for kind in RefKind if kind.name.startswith("SAVED_"))


def answer(dump: Path, name: str) -> str:
    """What the reference tool printed about a dump, "" where it was not asked."""
    path = dump.parent / dump.name.replace(".pmat.xz", ".expected") / f"{name}.txt"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def told_sizes(dump: Path, heap: Heap) -> Iterator[tuple[int, str, str, str]]:
    """(SV, itself, structure, owned) for each SV that the reference was asked about."""
    for match in _SIZE.finditer(answer(dump, "sv_size")):
        yield heap.id_at(int(match[1], 16)), match[2], match[3], match[4]


class OwnedByTheReference:
    """The owned sizes of a heap with the reference's faults, which its own listings of `outrefs` show.

    - It takes the glob that has a CODE in its slot for the glob of the CODE (`_set_glob_at` in SV.pm).
    - It lists values that `local` has put aside among the strong references of arrays and hashes.
    - It counts an SV again that it comes to by a second way before it has followed the first.
    """

    def __init__(self, heap: Heap) -> None:
        in_slot = heap.out_kind == RefKind.GLOB_CODE
        self._heap = heap
        self._slots = dict(zip(heap.out_target[in_slot].tolist(), heap.out_source[in_slot].tolist(), strict=True))

    def size(self, sv: int) -> int:
        heap = self._heap
        seen: set[int] = set()
        todo, total = [sv], 0
        while todo:
            at = todo.pop()
            seen.add(at)
            total += int(heap.size[at])
            todo += [one for one in self._held(at) if one < heap.n and one not in seen and heap.refcount[one] == 1]
        return total

    def _held(self, sv: int) -> Iterator[int]:
        heap = self._heap
        for row in heap.out_rows(sv):
            target, kind = int(heap.out_target[row]), int(heap.out_kind[row])
            saved = kind in _SAVED and heap.kind[sv] != Kind.GLOB
            if saved or heap.out_strength[row] & Strength.STRONG:
                yield self._slots.get(sv, target) if kind == RefKind.CODE_GLOB else target


def wrong_sizes(dump: Path) -> list[tuple[str, str, str]]:
    """(what, the reference's answer, ours) wherever they differ."""
    heap = heap_of(dump)
    owner = OwnedByTheReference(heap)
    told = [
        pair
        for sv, itself, structural, owning in told_sizes(dump, heap)
        for pair in (
            (f"size of {sv}", itself, shallow(heap, sv).bytes),
            (f"structure of {sv}", structural, structure(heap, sv).bytes),
            (f"owned by {sv}", owning, owner.size(sv)),
        )
    ]
    for match in _LARGEST.finditer(answer(dump, "largest")):
        told.append((match[1], match[3], shallow(heap, heap.id_at(int(match[2], 16))).bytes))
    for match in _LARGEST.finditer(answer(dump, "largest_--owned")):
        told.append((match[1], match[3], owner.size(heap.id_at(int(match[2], 16)))))
    return [(what, theirs, ours) for what, theirs, size in told if (ours := format_bytes(size)) != theirs]


@needs_corpus
@pytest.mark.parametrize("dump", named(corpus_dumps()))
def test_sizes_are_those_of_the_reference(dump: Path) -> None:
    reason, count = _OTHERWISE.get(dump.name.removesuffix(".pmat.xz"), ("", 0))
    wrong = wrong_sizes(dump)
    assert len(wrong) <= count, (wrong, reason)


@needs_corpus
@pytest.mark.parametrize("dump", named(corpus_dumps()))
def test_owned_is_less_than_the_reference_only_by_its_faults(dump: Path) -> None:
    heap = heap_of(dump)
    owner = OwnedByTheReference(heap)
    differ = [sv for sv, *_ in told_sizes(dump, heap) if owned(heap, sv).bytes != owner.size(sv)]
    assert all(owned(heap, sv).bytes < owner.size(sv) for sv in differ)
    assert len(differ) <= 5


@needs_corpus
@pytest.mark.parametrize("dump", named(corpus_dumps()))
def test_largest_lists_the_sizes_that_the_reference_lists(dump: Path) -> None:
    heap = heap_of(dump)
    told = [match[3] for match in _LARGEST.finditer(answer(dump, "largest"))]
    ours = [row.values[2] for row in largest_tree(heap, by_itself(heap), (5,)).rows if row.values[0] is not None]
    assert not told or [format_bytes(int(str(size))) for size in ours] == told


@pytest.mark.parametrize("dump", named(own_dumps()[::8]))
def test_owned_and_retained_are_the_same_where_they_mean_the_same(dump: Path) -> None:
    heap = heap_of(dump)
    ownership = find_ownership(heap)
    sizes = retained_sizes(heap, ownership)
    held_otherwise = np.zeros(heap.n + 3, np.bool_)
    held_otherwise[root_ids(heap)] = True
    plain = ((heap.out_strength & Strength.STRONG) != 0) & (ownership.counted == 0)
    held_otherwise[heap.out_target[plain]] = True
    # Globs that are aliases of each other hold what is in their slots with one count.
    found = np.bincount(heap.out_target[ownership.counted != 0], minlength=heap.n + 3)
    held_otherwise |= found > heap.refcount[:]
    # On a leaked cycle every SV owns it all, but only the one where the cycle is entered retains it.
    held_otherwise[: heap.n] |= ownership.lost & (sizes.idom[: heap.n] == sizes.super_root)
    same = 0
    for sv in range(heap.n):
        inside = sizes.dominated(sv)[1:]
        if (heap.refcount[inside] == 1).all() and not held_otherwise[inside].any():
            beside = [one for one in owned_svs(heap, sv) if held_otherwise[one] and one != sv]
            if not beside:
                assert owned(heap, sv) == retained(sizes, sv)
                same += len(inside) > 0
    assert same > 300


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_the_largest_by_retained_size_are_those_of_a_full_sort(dump: Path) -> None:
    heap = heap_of(dump)
    sizes = retained_sizes(heap, find_ownership(heap))
    wanted = sorted(range(heap.n), key=lambda sv: (-int(sizes.bytes[sv]), sv))
    table = largest_by_retained(heap, sizes, 100)
    assert [row[0] for row in table.rows] == [heap.address_of(sv) for sv in wanted[:100]]
    assert table.more == heap.n - 100


def test_the_first_of_nothing_are_none_and_ties_keep_their_order() -> None:
    assert first_by(np.zeros(0, np.uint64), 3) == []
    assert first_by(np.array([1, 7, 7, 0, 7], np.uint64), 2) == [1, 2]
    assert first_by(np.array([1, 2], np.uint64), 5) == [1, 0]
    assert first_by(np.array([1, 2], np.uint64), 0) == []


@given(st.lists(st.integers(0, 3) | st.integers(0, (1 << 64) - 1), max_size=60), st.integers(0, 70), st.integers(1, 9))
def test_the_first_are_those_of_a_full_sort_however_many_are_looked_at_together(
    sizes: list[int], count: int, block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(largest, "_BLOCK", block)
        first = first_by(np.array(sizes, np.uint64), count)
    assert first == sorted(range(len(sizes)), key=lambda at: (-sizes[at], at))[:count]


@pytest.mark.parametrize("dump", named(own_dumps()[::14]))
def test_what_much_is_owned_by_is_found_as_what_little_is(dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heap = heap_of(dump)
    some = range(0, heap.n, max(1, heap.n // 300))
    little = [owned_svs(heap, sv).tolist() for sv in some]
    monkeypatch.setattr(size, "_FEW", 0)
    assert [owned_svs(heap, sv).tolist() for sv in some] == little
    assert max(map(len, little)) > 1


def test_the_table_of_sizes_has_the_retained_one_where_it_is_known(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    sizes = retained_sizes(heap, find_ownership(heap))
    assert [row[0] for row in size_table(heap, 0).rows] == ["itself", "structure", "owned"]
    assert size_table(heap, 0, sizes).rows[-1] == ("retained", int(sizes.bytes[0]), int(sizes.svs[0]))
