"""How much memory the questions take that have arrays as long as the heap: `python -m tests.benchmarks.needs DUMP`.

Prints what `analysis.needs` says of each beside what it took, in bytes an SV. Arrays are counted when they are made, so
that what is reserved and never touched counts, as it does for a limit.
"""

from __future__ import annotations

import os
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pmat_lsp.analysis import needs
from pmat_lsp.analysis.needs import NEEDS, Need
from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.session import Dump, Settings, open_dump
from tests.benchmarks.__main__ import CACHE_VARIABLE, FOLDER

ABOUT_TWO = ("diff",)
AFTER_OWNERSHIP = ("leaks", "retained", "reachability")
"""What is said of them is what they take besides."""


Ask = Callable[[tuple[Dump, ...]], object]


def questions() -> Mapping[str, tuple[Need, Ask]]:
    """By name: what is said of a question, and how it is asked of open dumps."""
    built_on: dict[str, tuple[Need, Ask]] = {
        "ownership": (needs.OWNERSHIP, lambda dumps: dumps[0].ownership),
        "leaks": (needs.LEAKS, lambda dumps: dumps[0].leaks),
        "retained": (needs.RETAINED, lambda dumps: dumps[0].retained()),
    }
    return {**built_on, **{name: (need, partial(_asked, *name.partition(" ")[::2])) for name, need in NEEDS.items()}}


def _asked(name: str, flag: str, dumps: tuple[Dump, ...]) -> object:
    question = BY_NAME[name]
    return question.answer(question.asked(dumps, {flag: True} if flag else {}))


def peak(path: Path, name: str) -> tuple[int, int]:
    """(bytes that a question took at most, what was said that it would take), about a dump that is just opened.

    What Python imports for it is not counted, since it is asked once before.
    """
    need, ask = questions()[name]
    most = said = 0
    for _ in range(2):
        dumps = tuple(open_dump(path, Settings()) for _ in range(2 if name in ABOUT_TWO else 1))
        lost = int(dumps[0].ownership.lost.sum()) if name in AFTER_OWNERSHIP else 0
        said = sum(need.of(dump.heap, lost) for dump in dumps)
        with _traced():
            kept = ask(dumps)
            _, most = tracemalloc.get_traced_memory()
        del kept
    return most, said


@contextmanager
def _traced() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def main() -> None:
    """Measure, and print a table."""
    os.environ.setdefault(CACHE_VARIABLE, str(FOLDER / "cache"))
    path = Path(sys.argv[1])
    heap = open_dump(path, Settings()).heap
    print("| question | bytes an SV | said |\n|---|--:|--:|")
    for name in questions():
        svs = heap.n * (2 if name in ABOUT_TWO else 1)
        most, said = peak(path, name)
        print(f"| {name} | {most / svs:.1f} | {said / svs:.1f} |", flush=True)


if __name__ == "__main__":
    main()
