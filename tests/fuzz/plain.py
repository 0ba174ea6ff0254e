"""Importing this first makes the kernels plain Python, also where they are compiled: so that their lines are seen."""

from __future__ import annotations

import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path

_KERNELS = str(Path(__file__).parent.parent.parent / "pmat_lsp" / "kernels")
# What is compiled lies beside the sources, and would be found first. Where there is no compiler there is no Cython.
sys.path_importer_cache[_KERNELS] = FileFinder(_KERNELS, (SourceFileLoader, SOURCE_SUFFIXES))
sys.modules["cython"] = None  # type: ignore[assignment]
