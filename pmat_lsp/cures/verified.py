"""What running a program with a fix has shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pmat_lsp.cures.model import Cure


class Obstacle(Enum):
    """Why runs say nothing about a fix."""

    TOO_SLOW = "the unchanged command did not end in time"
    NO_PERL = "no perl was seen among its processes"
    NO_DUMPER = "no perl among its processes has Devel::MAT::Dumper"
    NO_DUMP = "no perl among its processes ended in such a way that it could write a dump"
    STATUS_VARIES = "two unchanged runs ended with different exit statuses"
    DUMPS_VARY = "not as many dumps were written as without the fix"
    NOT_SHOWN = "the leak is not in the dumps of every unchanged run"
    OUTSIDE = "a file of the fix is not in the copy"
    NOT_LOADED = "no perl loaded a file of the fix"
    LOADED_ELSEWHERE = "a perl loaded the original of a file of the fix"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the output of one stream differs: from the first such line to the last; 1-based."""

    stream: str
    """`stdout` or `stderr`."""
    before: tuple[int, int] | None
    """Of the first text; None where it has nothing there."""
    after: tuple[int, int] | None
    """Of the second text."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The two runs without a fix."""

    status: int | None
    """The exit status of the first; None: it took too long, and there is no second."""
    perls: int
    """Perls that started in the first run, and were seen."""
    dumps: int
    """How many of them wrote a dump."""
    differences: tuple[Difference, ...]
    """Between the two: these streams cannot be compared."""
    last_message: str
    """The last line that the first run wrote to stderr; "" for none."""
    left_running: bool
    """Whether the command left processes behind, which were ended."""
    unread: tuple[Path, ...]
    """What could not be read, so was not in the copies."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run with some fix has shown, beside the runs without it."""

    obstacle: Obstacle | None = None
    """Why nothing is known; None: it was run and compared."""
    file: Path | None = None
    """That which the obstacle is about."""
    status: tuple[int | None, int | None] = (0, 0)
    """Exit status without and with the fix; None: it took too long."""
    differences: tuple[Difference, ...] = ()
    compared: tuple[str, ...] = ()
    """The streams that were compared."""
    islands: tuple[int, int] = (0, 0)
    """Of what the fix is for, in all dumps of a run, without and with the fix; where the obstacle is that they are not
    in every run, in the first and the second run without it."""
    others: tuple[int, int] = (0, 0)
    """Islands of those other findings that came or grew with the fix, without and with it."""

    @property
    def changes(self) -> bool:
        """Whether the program does not do the same."""
        return self.obstacle is None and (self.status[0] != self.status[1] or bool(self.differences))

    @property
    def verified(self) -> bool | None:
        """True: the program does the same, and the leak is gone; False: the runs show the contrary; None: neither."""
        if self.obstacle is not None:
            return None
        return not self.changes and self.islands[1] == 0 and self.others[1] <= self.others[0]


@dataclass(frozen=True, slots=True)
class Trial:
    """The run with one fix."""

    finding: int
    """Which of the findings that were asked about."""
    cure: Cure
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Verification:
    """All runs."""

    command: tuple[str, ...]
    timeout: float
    """Seconds that each run was given."""
    runs: int
    unchanged: Unchanged
    trials: tuple[Trial, ...]
    """At least one for each finding that has a fix; those of one finding in the order in which they were tried."""
    together: Outcome | None
    """Of all fixes that need no review, made together; None where those are not several."""
