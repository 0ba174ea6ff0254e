"""A process that changes dumps so that the reader runs lines it has not run yet, by atheris.

`python -m tests.fuzz.guided FOLDER SECONDS SEED`. The kernels are plain Python here, so that their lines are seen.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

import tests.fuzz.plain  # noqa: F401

with atheris.instrument_imports(include=["pmat_lsp.format", "pmat_lsp.heap", "pmat_lsp.kernels"]):
    from tests.fuzz.checking import check_reading, limits

from tests.fuzz.failures import FOUND
from tests.fuzz.working import Work
from tests.heap.test_every_format import MINORS, WORDS, common_heap

_LARGEST = 1 << 14
"""Bytes of an input: small ones are tried more often."""
_MOST_INPUTS = 10_000
"""Of one process: code that atheris has instrumented keeps some 30 KB for each input; without it, memory stays flat."""


def check(raw: bytes, folder: Path) -> None:
    """Read a dump, and its index."""
    path = folder / "guided.pmat"
    path.write_bytes(raw)
    with limits():
        check_reading(path)


def sow(corpus: Path) -> None:
    """Put what to begin with into a folder: a heap of every format, and what was found before."""
    corpus.mkdir(exist_ok=True)
    for minor in MINORS:
        for number, words in enumerate(WORDS):
            (corpus / f"{minor}-{number}").write_bytes(common_heap(minor, dict(words.values[0])).to_bytes())  # type: ignore[call-overload]
    for path in FOUND.glob("*.pmat"):
        (corpus / path.name).write_bytes(path.read_bytes())


def run(work: Work, seconds: int, seed: int) -> None:
    """Change dumps until the time is over, or many were tried; what has reached something new is in the corpus then."""
    sow(work.corpus)
    options = [f"-max_total_time={seconds}", f"-runs={_MOST_INPUTS}", f"-seed={seed}"]
    options += [f"-max_len={_LARGEST}", "-verbosity=0", "-len_control=0"]
    atheris.Setup([sys.argv[0], *options, str(work.corpus)], lambda raw: work.attempt(raw, check))
    atheris.Fuzz()


if __name__ == "__main__":
    run(Work(Path(sys.argv[1]), float(sys.argv[2])), max(1, int(float(sys.argv[2]))), int(sys.argv[3]))
