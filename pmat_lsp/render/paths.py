"""How the name of a file is shown to somebody who stands in a folder."""

from __future__ import annotations

from pathlib import Path

from pmat_lsp.render.escape import visible

_LONGEST_PATH = 4096


def shown_path(path: Path, folder: Path) -> str:
    """`path` relative to `folder` where it lies in it, else whole; safe to print."""
    absolute = path.absolute()
    shown = absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute
    return visible(str(shown), _LONGEST_PATH)
