"""Changes of source files as a unified diff, which `patch` and `git apply` take."""

from __future__ import annotations

import difflib
from pathlib import Path

from rich.text import Text

from pmat_lsp.render.paths import shown_path

_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_NO_LINE_FEED = "\\ No newline at end of file\n"


def diff_text(path: Path, folder: Path, before: str, after: str) -> Text:
    """The changes of one file, its name relative to `folder` where it lies in it. Source text is not escaped."""
    name = shown_path(path, folder)
    old, new = (name, name) if name.startswith("/") else (f"a/{name}", f"b/{name}")
    text = Text()
    for number, line in enumerate(difflib.unified_diff(_lines(before), _lines(after), old, new)):
        shown = line if line.endswith("\n") else f"{line}\n{_NO_LINE_FEED}"
        text.append(shown, "bold" if number < 2 else _STYLES.get(line[0]))
    return text


def _lines(text: str) -> list[str]:
    """With their line feeds; a form feed ends no line."""
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])
