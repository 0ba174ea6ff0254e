"""A process that asks everything of drawn dumps: `python -m tests.fuzz.by_strategy FOLDER SECONDS SEED`."""

from __future__ import annotations

import itertools
import sys
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from tests.fuzz.checking import check
from tests.fuzz.heaps import dumps
from tests.fuzz.working import Work

_INPUTS_IN_A_ROUND = 500
SETTINGS = settings(
    max_examples=_INPUTS_IN_A_ROUND,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
)


def run(work: Work, first_seed: int) -> None:
    """Check what the other half has found, then draw dumps until the time is over; each new failure is shrunk."""
    for path in sorted(work.corpus.glob("*")):
        if not work.is_over:
            work.attempt(path.read_bytes(), check)
    known = set(work.failures.names)
    for number in itertools.count(first_seed):
        if work.is_over:
            return
        # Whatever it is, it is kept already.
        with suppress(Exception):
            seed(number)(_round(work, known))()
        known |= work.failures.names


def _round(work: Work, known: set[str]):  # type: ignore[no-untyped-def]  # What hypothesis returns has no name.
    @SETTINGS
    @given(raw=dumps())
    def draw(raw: bytes) -> None:
        failed = None if work.is_over else work.attempt(raw, check)
        if failed and failed[0] not in known:
            raise failed[1]

    return draw


if __name__ == "__main__":
    run(Work(Path(sys.argv[1]), float(sys.argv[2])), int(sys.argv[3]))
