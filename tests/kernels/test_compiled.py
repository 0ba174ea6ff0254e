"""The kernels give the same columns compiled and as plain Python, on every real dump."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pmat_lsp.analysis import cycles, islands, ownership, rows
from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.heap import added, addresses, gather, records, references, survey, tables
from pmat_lsp.heap.load import load
from pmat_lsp.kernels import graph, interning, linking, scan
from tests.dumps import ROOT, corpus_dumps, named, own_dumps
from tests.same import assert_same


def is_compiled(module: ModuleType) -> bool:
    """Whether a module is machine code."""
    return not str(module.__file__).endswith(".py")


pytestmark = pytest.mark.skipif(
    not all(map(is_compiled, (scan, graph, linking, interning))),
    reason="the kernels are not compiled here: no C compiler",
)


def plain(name: str) -> ModuleType:
    """A kernel's source, run as Python whatever stands beside it."""
    path = ROOT / "pmat_lsp" / "kernels" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"plain_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # Where there is no compiler there is no Cython either.
        patch.setitem(sys.modules, "cython", None)
        spec.loader.exec_module(module)
    return module


PLAIN_SCAN, PLAIN_GRAPH, PLAIN_LINKING, PLAIN_INTERNING = map(plain, ("scan", "graph", "linking", "interning"))


@pytest.mark.parametrize("path", named([*own_dumps(), *corpus_dumps()]))
def test_compiled_and_plain_kernels_give_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = load(path)
    compiled_leaks = find_leaks(compiled)
    for module in (survey, records, added, gather):
        monkeypatch.setattr(module, "kernel", PLAIN_SCAN)
    for module in (addresses, records, references):
        monkeypatch.setattr(module, "linking", PLAIN_LINKING)
    monkeypatch.setattr(tables, "interning", PLAIN_INTERNING)
    monkeypatch.setattr(ownership, "graph", PLAIN_GRAPH)
    for module in (islands, cycles, rows):
        monkeypatch.setattr(module, "graph", PLAIN_GRAPH)
    interpreted = load(path)
    assert_same(compiled, interpreted)
    leaks = find_leaks(interpreted)
    assert leaks.report == compiled_leaks.report
    assert np.array_equal(leaks.islands.owner, compiled_leaks.islands.owner)
    assert not is_compiled(PLAIN_SCAN)
