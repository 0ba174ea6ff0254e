"""The names by which tables call SVs lead back to them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from pmat_lsp.analysis.labels import labels
from pmat_lsp.format.kinds import STASH_KINDS, Kind
from pmat_lsp.heap.describe import referent
from pmat_lsp.heap.pads import first_pad, references_in_pad
from pmat_lsp.heap.symbols import find_symbol, glob_name
from tests.dumps import heap_of, named, own_dumps

SYMBOL = re.compile(r", ([$@%]\S+::\S+)$")
KINDS = (Kind.GLOB, *STASH_KINDS)
KEY = re.compile(r", \{([A-Za-z_]+)\} of Courier::\w+$")


def told(dump: Path) -> dict[int, str]:
    """SV id → its label, of every SV that has more than a description."""
    heap = heap_of(dump)
    label = labels(heap)
    return {sv: text for sv in range(heap.n) if "," in (text := label(sv))}


@pytest.mark.parametrize("dump", named(own_dumps()[:3]))
def test_a_symbol_names_the_sv_or_a_reference_to_it(dump: Path) -> None:
    heap = heap_of(dump)
    globs = Counter(glob_name(heap, glob) for glob in heap.globs.sv.tolist())
    symbols = {sv: found[1] for sv, text in told(dump).items() if (found := SYMBOL.search(text))}
    # Two globs can have one name, of which the symbol table has one, or none.
    led_to = {sv: find_symbol(heap, symbol) for sv, symbol in symbols.items() if globs[symbol[1:]] == 1}
    led_to = {sv: target for sv, target in led_to.items() if target >= 0}
    assert len(led_to) > 100
    for sv, target in led_to.items():
        held = referent(heap, target)
        assert sv == target or (held is not None and held[0] == sv)


def test_a_lexical_and_a_key_are_told_with_whose_they_are(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    found = told(demo_dump)
    arrays = [sv for sv, text in found.items() if text == "ARRAY(1), $conns of the closure at lib/Courier/HTTP.pm:80"]
    captured = {
        target
        for code in heap.codes.sv.tolist()
        if first_pad(heap, code) >= 0
        for name, target, strong in references_in_pad(heap, code)
        if name == "$conns" and strong
    }
    assert len(arrays) == 59
    assert captured.issuperset(arrays)
    keys = {match[1] for text in found.values() if (match := KEY.search(text))}
    assert {"on_closed", "socket", "connections"} <= keys


def test_globs_and_packages_are_not_named_twice(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    named_twice = re.compile(r", (\{|[$@%*])")
    assert not [text for sv, text in told(demo_dump).items() if heap.kind[sv] in KINDS and named_twice.search(text)]
