"""What SVs are reached as is what the reference's tool says, where it says something that does not depend on luck."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pmat_lsp.analysis.ownership import find_ownership
from pmat_lsp.analysis.reachability import CLASSES, Reach, reachability, reachability_table, reached_svs_table
from pmat_lsp.format.container import read_dump
from pmat_lsp.format.kinds import Kind
from tests.dumps import heap_of, named, own_dumps

_TELL = """
    use Devel::MAT;
    my $pmat = Devel::MAT->load( $ARGV[0] );
    $pmat->load_tool( "Reachability" );
    printf "%d %d\\n", $_->addr, $_->reachable // 0 for $pmat->dumpfile->heap;
"""


@pytest.mark.parametrize("dump", named(own_dumps()[::8]))
def test_classes_are_those_of_the_reference(dump: Path, tmp_path: Path) -> None:
    if shutil.which("perl") is None or subprocess.run(["perl", "-MDevel::MAT", "-e", "0"], check=False).returncode:
        pytest.skip("perl with Devel::MAT is not here")
    heap = heap_of(dump)
    plain = tmp_path / "plain.pmat"
    plain.write_bytes(read_dump(dump))
    told = subprocess.run(["perl", "-e", _TELL, str(plain)], capture_output=True, text=True, timeout=60, check=True)
    ours = reachability(heap, find_ownership(heap))
    self_held = find_ownership(heap).self_held
    pairs: Counter[tuple[int, int]] = Counter()
    for line in told.stdout.splitlines():
        address, theirs = map(int, line.split())
        sv = heap.id_at(address)
        # It follows weak references, too.
        mine = theirs if self_held[sv] else int(ours[sv])
        pairs[theirs, mine] += 1
    assert sum(pairs.values()) == heap.n
    # It finds no names of lexicals in dumps of perl 5.20 and later, so variables are internal to it, and it does not
    # go on from what it has called internal: there it may say nothing, or internal, of anything. It follows weak
    # references, so it may call internal what is lost.
    certain = {pair: count for pair, count in pairs.items() if pair[0] in (Reach.SYMTAB, Reach.USER, Reach.PADLIST)}
    # What is a variable and data, too, it may call data: a sub of `builtin` that a pad holds.
    both = (Reach.USER, Reach.LEXICAL)
    assert {theirs == mine or (theirs, mine) == both for theirs, mine in certain} == {True}
    assert sum(certain.values()) > heap.n / 2


@pytest.mark.parametrize("dump", named(own_dumps()[::12]))
def test_what_is_unreachable_is_what_is_lost(dump: Path) -> None:
    heap = heap_of(dump)
    ownership = find_ownership(heap)
    reach = reachability(heap, ownership)
    assert ((reach == Reach.UNREACHABLE) == ownership.lost).all()
    assert (heap.kind[: heap.n][reach == Reach.LEXICAL] != Kind.PAD).all()
    pads = (heap.kind[: heap.n] == Kind.PAD) & ~ownership.lost
    assert np.isin(reach[pads], (Reach.PADLIST, Reach.INTERNAL)).all()


def test_the_classes_add_up_to_the_heap_and_list_their_svs(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    reach = reachability(heap, find_ownership(heap))
    rows = {str(row[0]): row for row in reachability_table(heap, reach).rows}
    assert tuple(rows) == CLASSES
    assert sum(int(str(row[1])) for row in rows.values()) == heap.n
    assert sum(int(str(row[2])) for row in rows.values()) == heap.bytes
    for name in CLASSES:
        listed = reached_svs_table(heap, reach, name, 3)
        assert len(listed.rows) + listed.more == rows[name][1]
