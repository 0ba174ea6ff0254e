"""What many SVs are at once is what each of them is by itself."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.analysis.alike import alike
from pmat_lsp.analysis.descriptions import all_described, descriptions
from pmat_lsp.heap.naming import described, description
from tests.dumps import corpus_dumps, heap_of, named, own_dumps


@pytest.mark.parametrize("path", named([*own_dumps()[::4], *corpus_dumps()[::10]]))
def test_svs_are_described_as_one_by_one(path: Path) -> None:
    heap = heap_of(path)
    every = np.arange(heap.n + 3)
    assert descriptions(heap, every) == [description(heap, sv) for sv in every.tolist()]
    some = random.Random(path.name).sample(range(heap.n), min(heap.n, 200))
    assert all_described(heap, np.array(some, np.int32)) == [described(heap, sv) for sv in some]
    rooted = np.array(sorted({root.sv for root in heap.roots if root.sv >= 0}), np.int32)
    assert all_described(heap, rooted) == [described(heap, sv) for sv in rooted.tolist()]


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-(1 << 60), 1 << 60) | st.integers(0, 2))))
def test_rows_are_alike_where_all_columns_are(rows: list[tuple[int, int]]) -> None:
    first, group = alike(*np.array(rows, np.int64).reshape(-1, 2).T)
    assert len(first) == len(set(rows))
    assert [rows[first[one]] for one in group.tolist()] == rows
    assert all(rows.index(rows[at]) == at for at in first.tolist())
