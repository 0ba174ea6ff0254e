"""The real dumps that tests run on: the repository's own, and the big corpus where a developer has it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap

ROOT = Path(__file__).parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the big corpus of dumps is not at {CORPUS}")


def own_dumps() -> list[Path]:
    """The dumps in the repository."""
    return sorted([*(ROOT / "tests" / "data").glob("*.pmat.xz"), *(ROOT / "pmat_lsp" / "demo").glob("*.pmat.xz")])


def corpus_dumps() -> list[Path]:
    """The whole dumps of the big corpus."""
    return [path for path in sorted(CORPUS.glob("*/*.pmat.xz")) if "TRUNCATED" not in path.name]


def truncated_dumps() -> list[Path]:
    """The dumps of the big corpus whose writer crashed."""
    return sorted(CORPUS.glob("*/*-TRUNCATED.pmat.xz"))


def named(paths: list[Path]) -> list[object]:
    """Parameters with readable ids: `sid-s390x-perl5.42.3/a_conn_leak`."""
    return [pytest.param(path, id=f"{path.parent.name}/{path.name.removesuffix('.pmat.xz')}") for path in paths]


@lru_cache(maxsize=8)
def heap_of(path: Path) -> Heap:
    """A dump, loaded once for the tests that follow each other."""
    return load(path)
