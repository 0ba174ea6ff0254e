"""The failures of one run: for each kind the smallest input, and what was raised."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from tests.dumps import ROOT

FOUND = ROOT / "tests" / "data" / "found"
"""Inputs that once failed; a test checks that they no longer do."""
_OWN = str(ROOT / "pmat_lsp")


def name_of(error: BaseException) -> str:
    """What a failure is called: `keyerror-describe-code_name`, by the innermost function of the package."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(_OWN) and not frame.name.startswith("<")] or frames
    return re.sub(r"[^\w-]", "", f"{type(error).__name__.lower()}-{Path(own[-1].filename).stem}-{own[-1].name}")


class Failures:
    """What failed, in a folder: `NAME.pmat` is the input, `NAME.txt` the traceback."""

    def __init__(self, folder: Path) -> None:
        """The folder may already contain failures."""
        self.folder = folder
        self.names = {path.stem for path in folder.glob("*.txt")}

    def keep(self, raw: bytes, error: BaseException) -> str:
        """Keep an input, unless a smaller one fails the same way; returns the name of the failure."""
        name = name_of(error)
        path = self.folder / f"{name}.pmat"
        if name not in self.names or len(raw) < path.stat().st_size:
            path.write_bytes(raw)
            (self.folder / f"{name}.txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
            self.names.add(name)
        return name
