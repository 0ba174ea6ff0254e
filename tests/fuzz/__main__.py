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
        tried = 0
        for module, share in (("guided", 0.5 if has_atheris else 0), ("by_strategy", 0.5 if has_atheris else 1)):
            if share:
                tried = _run(module, folder, seconds * share, tried)
        return _report(folder)


def _run(module: str, folder: Path, seconds: float, before: int) -> int:
    """Run one half, again where it broke; returns how many inputs were tried by then."""
    work, start = Work(folder, seconds), time.monotonic()
    while (left := seconds - (time.monotonic() - start)) > 1:
        seed = random.randrange(1, 1 << 31)
        command = [sys.executable, "-m", f"tests.fuzz.{module}", str(folder), str(left), str(seed)]
        # Of its own: what it reports is in the folder.
        with open(folder / "log", "wb") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
            broke = _watch(process, work)
        if broke:
            log_text = (folder / "log").read_text(encoding="utf-8", errors="replace")
            (folder / f"{broke}-{module}-{work.tried}.txt").write_text(f"{command}: {broke}\n{log_text[-4000:]}")
            if work.now.exists():
                shutil.copy(work.now, folder / f"{broke}-{module}-{work.tried}.pmat")
    tried, minutes = work.tried - before, (time.monotonic() - start) / 60
    print(f"{module}: {tried:,} inputs in {minutes:.1f} min, {tried / minutes:,.0f} a minute", flush=True)
    return work.tried


def _watch(process: subprocess.Popen[bytes], work: Work) -> str:
    """Wait for a process; how it broke, or "" """
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
