"""What the plugin costs when Neovim starts without a Perl file: `python -m tests.benchmarks.neovim`.

Starts each Neovim that is there ten times, and prints the least and the median time in which it sourced the plugin's
files, in milliseconds, as `--startuptime` tells.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from tests.editors.neovim import PLUGIN, programs

_ROUNDS = 10


def costs(program: str, home: Path) -> list[float]:
    """Milliseconds of each start."""
    log = home / "startup.log"
    argv = [program, "--headless", "-n", "-i", "NONE", "-u", "NORC", "--cmd", f"set runtimepath^={PLUGIN}"]
    for _ in range(_ROUNDS):
        subprocess.run([*argv, "--startuptime", str(log), "+qall"], check=True, env={**os.environ, "HOME": str(home)})
    # Columns: clock, with what it sources, itself.
    return [
        float(line.split()[1])
        for line in log.read_text().splitlines()
        if f"sourcing {PLUGIN}" in line and len(line.split()) > 3
    ]


def main() -> None:
    """Measure, and print a line for each."""
    for version, program in programs().items():
        if program is not None:
            with tempfile.TemporaryDirectory() as home:
                taken = costs(program, Path(home))
            print(f"Neovim {version}: least {min(taken):.2f} ms, median {statistics.median(taken):.2f} ms")


if __name__ == "__main__":
    main()
