"""Entries of field hashes that keep their own keys alive."""

from __future__ import annotations

from pmat_lsp.analysis.field_hashes import field_hash_loops
from pmat_lsp.analysis.leaks import find_leaks
from tests.dumps import ROOT, heap_of, own_dumps

DUMP = ROOT / "tests" / "data" / "field_hash_loop.pmat.xz"


def test_only_entries_that_lead_back_to_their_keys_are_told() -> None:
    """Of two field hashes with six objects, one has five entries whose values hold the key through another object."""
    (loop,) = field_hash_loops(heap_of(DUMP))
    assert loop.name.startswith("%STEPS")
    assert (loop.entries, loop.objects) == (5, 10)


def test_they_are_no_leak() -> None:
    report = find_leaks(heap_of(DUMP)).report
    assert (report.findings, report.self_held, report.proven) == ((), (), 0)


def test_a_program_without_field_hashes_has_none() -> None:
    assert [path.name for path in own_dumps() if path != DUMP and field_hash_loops(heap_of(path))] == []
