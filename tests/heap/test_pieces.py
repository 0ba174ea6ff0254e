"""Strings that are read piece by piece are those that are read one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pmat_lsp.format.kinds import RefKind
from pmat_lsp.heap import pieces
from pmat_lsp.heap.pieces import different_strings
from pmat_lsp.heap.values import read_string
from tests.dumps import heap_of, named, own_dumps


@pytest.mark.parametrize("path", named(own_dumps()[::8]))
@pytest.mark.parametrize(("piece", "beyond"), [(4 << 20, 1 << 12), (1000, 9), (1, 8)])
def test_keys_are_those_that_are_read_one_by_one(
    path: Path, piece: int, beyond: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_PIECE", piece)
    monkeypatch.setattr(pieces, "_BEYOND", beyond)
    heap = heap_of(path)
    offsets = heap.out_detail[np.flatnonzero(heap.out_kind == RefKind.VALUE)][::-1][:500]
    strings, which = different_strings(heap, offsets)
    assert [strings[one] for one in which.tolist()] == [read_string(heap, offset) for offset in offsets.tolist()]
    assert len(set(strings)) == len(strings)


def test_of_no_strings_there_are_none(demo_dump: Path) -> None:
    strings, which = different_strings(heap_of(demo_dump), np.zeros(0, np.int64))
    assert (strings, which.tolist()) == ([], [])
