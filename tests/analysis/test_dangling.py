"""Dangling pointers are those that a slow reading of the values and elements finds, in every format."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmat_lsp.analysis.dangling import dangling_table
from pmat_lsp.format.kinds import HASH_KINDS, Kind, RefKind
from pmat_lsp.heap.bodies import body_of
from pmat_lsp.heap.load import dangling_pointers
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.reference_text import dangling_text
from tests.dumps import corpus_dumps, heap_of, named, needs_corpus, own_dumps


def slowly(heap: Heap) -> list[tuple[int, int]]:
    """(SV, address) of the values of hashes and the elements of arrays that lead to no SV, read one by one."""
    layout, found = heap.layout, []

    def number(at: int, size: int) -> int:
        return int.from_bytes(heap.data[at : at + size], layout.byte_order)

    for sv in range(heap.n):
        at = body_of(heap, sv)
        if heap.kind[sv] in HASH_KINDS:
            for _ in range(int(heap.length[sv])):
                length = number(at, layout.uint_size)
                at += layout.uint_size + (0 if length == layout.null_length else length)
                at += layout.ptr_size if layout.minor >= 6 else 0
                found.append((sv, number(at, layout.ptr_size)))
                at += layout.ptr_size
        elif heap.kind[sv] in (Kind.ARRAY, Kind.PAD, Kind.PADLIST, Kind.PADNAMES):
            for index in range(int(heap.length[sv])):
                found.append((sv, number(at + index * layout.ptr_size, layout.ptr_size)))
    return [(sv, address) for sv, address in found if address and heap.id_at(address) < 0]


def _check(heap: Heap) -> int:
    told = dangling_pointers(heap)
    members = [(one.source, one.address) for one in told if one.kind in (RefKind.VALUE, RefKind.ELEMENT)]
    assert members == slowly(heap)
    assert all(heap.id_at(one.address) < 0 for one in told)
    lines = dangling_text(dangling_table(heap)).plain.splitlines()
    assert len(lines) == len(told)
    return len(told)


@pytest.mark.parametrize("dump", named(own_dumps()[::10]))
def test_dangling_pointers_of_own_dumps(dump: Path) -> None:
    assert _check(heap_of(dump)) < 20


@needs_corpus
@pytest.mark.parametrize("dump", named([path for path in corpus_dumps() if path.name.startswith(("h_v", "j3", "q_"))]))
def test_dangling_pointers_in_every_format(dump: Path) -> None:
    assert _check(heap_of(dump)) < 50
