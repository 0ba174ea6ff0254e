"""`python -m tests.fuzz`: look for dumps that break the reader or an answer, for FUZZ_SECONDS (default: 1800).

The first half of the time goes to `guided`, where atheris is installed, the rest to `by_strategy`; each in a process
that may break. Each kind of failure leaves its smallest input in tests/data/found, and makes the exit status 1.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.dumps import ROOT
from tests.fuzz.failures import FOUND
from tests.fuzz.working import Work

_STUCK = 60
"""Seconds after which an input hangs in compiled code, where no signal is heard."""


def main() -> int:
    """Fuzz, report, and return the exit status."""
    seconds = float(os.environ.get("FUZZ_SECONDS", "1800"))
    has_atheris = importlib.util.find_spec("atheris") is not None
    if not has_atheris:
        print("atheris is not installed: all of the time goes to drawn dumps")
    with tempfile.TemporaryDirectory(prefix="pmat-fuzz-") as name:
        folder = Path(name)
        halves = ("guided", "by_strategy") if has_atheris else ("by_strategy",)
        for module in halves:
            _run(module, folder, seconds / len(halves))
        return _report(folder)


def _run(module: str, folder: Path, seconds: float) -> None:
    """Run one half, again where it broke or ended early; say how many inputs it tried."""
    work, start, before = Work(folder, seconds), time.monotonic(), Work(folder, seconds).tried
    while (left := seconds - (time.monotonic() - start)) > 1:
        tried, seed = work.tried, random.randrange(1, 1 << 31)
        command = [sys.executable, "-m", f"tests.fuzz.{module}", str(folder), str(left), str(seed)]
        with open(folder / "log", "wb") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
            how = _watch(process, work)
        if how:
            _keep_breakage(f"{how}-{module}-{work.tried}", work)
            if work.tried == tried:
                # It would break again.
                break
    minutes, inputs = (time.monotonic() - start) / 60, work.tried - before
    print(f"{module}: {inputs:,} inputs in {minutes:.1f} min, {inputs / minutes:,.0f} a minute", flush=True)


def _keep_breakage(name: str, work: Work) -> None:
    """Keep what a process said at last, and the input that it was at."""
    said = (work.folder / "log").read_text(encoding="utf-8", errors="replace")
    (work.folder / f"{name}.txt").write_text(said[-4000:], encoding="utf-8")
    if work.now.exists():
        work.now.rename(work.folder / f"{name}.pmat")


def _watch(process: subprocess.Popen[bytes], work: Work) -> str:
    """Wait for a process, and end it where it hangs; returns how it broke, "" where it did not."""
    while True:
        try:
            status = process.wait(1)
        except subprocess.TimeoutExpired:
            if work.now.exists() and time.time() - work.now.stat().st_mtime > _STUCK:
                process.kill()
                return "hang"
        else:
            return f"exit{status}" if status else ""


def _report(folder: Path) -> int:
    """Print the failures, and put their inputs where a test runs them."""
    failures = sorted(folder.glob("*.txt"))
    for failure in failures:
        print(f"\n{failure.stem}\n{failure.read_text(encoding='utf-8')}")
        dump = failure.with_suffix(".pmat")
        if dump.exists():
            FOUND.mkdir(exist_ok=True)
            shutil.copy(dump, FOUND / dump.name)
    kept = f", kept in {FOUND.relative_to(ROOT)}" if failures else ""
    print(f"{len(failures)} distinct failures{kept}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
