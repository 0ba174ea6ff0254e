"""A program with a leak whose fix holds, and one with the same leak whose fix changes what it prints."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.dumps import ROOT

PROGRAMS = ROOT / "tests" / "programs" / "verify"
CALLS, KEEPS = "calls", "keeps"
"""The fix holds in the first one, and changes the output of the second."""
FILE = "lib/Thing.pm"
"""Where the leak is."""
MODULE = (PROGRAMS / FILE).read_text()
COMMAND = "perl -Ilib app.pl"


def program(folder: Path, name: str) -> Path:
    """A folder with a program as `app.pl`, and its dump."""
    (folder / "lib").mkdir(parents=True)
    shutil.copy(PROGRAMS / FILE, folder / FILE)
    shutil.copy(PROGRAMS / f"{name}.pl", folder / "app.pl")
    command = ["perl", "-MDevel::MAT::Dumper=-dump_at_END,-file,app.pmat", "-Ilib", "app.pl"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return folder
