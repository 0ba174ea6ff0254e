"""The state of a fuzzing process: its folder, its end and its current input."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.failures import Failures


class Work:
    """The folder of one run. It shows other processes how many inputs were tried, and which input crashed this one."""

    def __init__(self, folder: Path, seconds: float) -> None:
        """Work in an existing folder for that many seconds."""
        self.folder = folder
        self.failures = Failures(folder)
        self._end = time.monotonic() + seconds
        self._tried = self.tried

    @property
    def now(self) -> Path:
        """The file with the current input."""
        return self.folder / "now"

    @property
    def corpus(self) -> Path:
        """The folder with inputs that reached something new."""
        return self.folder / "corpus"

    @property
    def tried(self) -> int:
        """How many inputs were tried, by this process and others before it."""
        count = self.folder / "tried"
        return int(count.read_text(encoding="ascii") or 0) if count.exists() else 0

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self._end

    def attempt(self, raw: bytes, check: Callable[[bytes, Path], object]) -> tuple[str, Exception] | None:
        """Check an input; the name of the failure and what was raised, or None."""
        self.now.write_bytes(raw)
        self._tried += 1
        (self.folder / "tried").write_text(str(self._tried), encoding="ascii")
        try:
            check(raw, self.folder)
        except Exception as error:
            return self.failures.keep(raw, error), error
        return None
