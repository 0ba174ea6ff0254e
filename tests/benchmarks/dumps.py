"""The dumps that are measured: written by a real perl, kept below build/ until the program that writes them changes."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

GENERATOR = Path(__file__).parent / "generate.pl"


@dataclass(frozen=True)
class BenchDump:
    """A dump, and one SV of it to ask about."""

    path: Path
    address: str
    """Of an object that several SVs refer to: `0x55f864446cf8`."""


def bench_dump(folder: Path, svs: int) -> BenchDump:
    """The dump of about `svs` SVs; written if it is not there or older than the generator.

    Raises:
        subprocess.CalledProcessError: perl or Devel::MAT::Dumper is missing, or ran out of memory.
    """
    path, notes = folder / f"{svs}.pmat", folder / f"{svs}.json"
    if not notes.exists() or notes.stat().st_mtime < GENERATOR.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["perl", str(GENERATOR), str(svs), str(path)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        notes.write_text(json.dumps({"address": done.stdout.strip()}), encoding="utf-8")
    return BenchDump(path, json.loads(notes.read_text(encoding="utf-8"))["address"])
