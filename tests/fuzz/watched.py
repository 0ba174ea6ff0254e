"""The process that the sanitizers watch; `sanitized.py` starts it.

`watched.py FOLDER SECONDS` asks everything of the inputs in tests/data/found; uses all kernels on the dumps of the
repository and of the big corpus, and asks everything of them, in half of the time; then draws dumps.
`watched.py FAULT` commits a fault on purpose.
"""

from __future__ import annotations

import ctypes
import importlib
import itertools
import random
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
from hypothesis import given, seed, settings

import pmat_lsp.kernels
from pmat_lsp.format.container import read_dump
from tests.dumps import corpus_dumps, own_dumps
from tests.fuzz import checking
from tests.fuzz.by_strategy import SETTINGS
from tests.fuzz.failures import FOUND
from tests.fuzz.heaps import dumps
from tests.fuzz.sanitized import BUILT, NOTICED

_SLOWER = 10
"""How much longer than usual something may take."""
_EVERYTHING_OF = 10
"""One of as many drawn dumps is asked everything, which takes ten times as long as to use the kernels on it."""

_IN_A_ROUND = 50
"""Dumps that hypothesis draws before it looks whether the time is over."""


def check_kernels() -> None:
    """All kernels were compiled with the sanitizers."""
    for source in Path(str(pmat_lsp.kernels.__file__)).parent.glob("*.pyi"):
        kernel = Path(str(importlib.import_module(f"pmat_lsp.kernels.{source.stem}").__file__))
        assert kernel.is_relative_to(BUILT), f"{kernel} was not built with the sanitizers"
        assert b"__asan_init" in kernel.read_bytes(), f"{kernel} was not compiled with the sanitizers"


def read_exactly(path: Path) -> bytes:
    """As `read_dump`, without the byte that Python adds to bytes: to read it is an error too."""
    raw = read_dump(path)
    if len(raw) > 1:
        end = id(raw) + bytes.__basicsize__ - 1 + len(raw)
        ctypes.CDLL(None).__asan_poison_memory_region(ctypes.c_void_p(end), ctypes.c_size_t(1))
    return raw


def ask(folder: Path, seconds: float) -> None:
    """Check as many dumps as there is time for."""
    began = time.monotonic()
    checking.MOST_SECONDS *= _SLOWER
    paths = [*own_dumps(), *corpus_dumps()]
    # Where the time is short, some of every perl.
    random.Random(1).shuffle(paths)
    drawn = asked = 0
    for path in FOUND.glob("*.pmat"):
        checking.check(path.read_bytes(), folder, read_exactly)
    for check in (checking.check_kernels, checking.check):
        read = 0
        for path in paths:
            if time.monotonic() - began < seconds / 2:
                read += 1
                check(read_dump(path), folder, read_exactly)
        print(f"{check.__name__}: {read} of {len(paths)} dumps in {time.monotonic() - began:.0f} s", flush=True)

    @settings(SETTINGS, max_examples=_IN_A_ROUND)
    @given(raw=dumps())
    def draw(raw: bytes) -> None:
        nonlocal drawn, asked
        if time.monotonic() - began < seconds:
            # The same for the same dump: it may be drawn again.
            everything = zlib.crc32(raw) % _EVERYTHING_OF == 0
            drawn, asked = drawn + 1, asked + everything
            (checking.check if everything else checking.check_kernels)(raw, folder, read_exactly)

    numbers = itertools.count(1)
    while time.monotonic() - began < seconds:
        seed(next(numbers))(draw)()
    print(f"{drawn:,} drawn dumps, {asked:,} of them asked everything: {time.monotonic() - began:.0f} s in all")


def commit(fault: str) -> None:
    """Let a kernel do what a sanitizer must notice."""
    broken = importlib.import_module("pmat_lsp.kernels.broken")
    if fault == "overflow":
        broken.overflow(1 << 30)
    elif fault == "array":
        broken.read_behind(np.zeros(64, np.uint8))
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(64))
            file.flush()
            broken.read_behind(read_exactly(Path(file.name)))


if __name__ == "__main__":
    check_kernels()
    if sys.argv[1] in NOTICED:
        commit(sys.argv[1])
    else:
        ask(Path(sys.argv[1]), float(sys.argv[2]))
