"""Links on a terminal (OSC 8): from an address or a file and line in a text to the line in the file on this disk.

No scheme of a URL can give a terminal a command to run, and none should. So an address leads to source where its SV has
a line there (a CODE), and nowhere else. The line is the URL's fragment, `file://host/path#12`, as kitty reads it and
ripgrep writes it; terminals that do not know it open the file. The host lets a terminal at the other end of an ssh
connection see that the file is not its own.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from rich.style import Style
from rich.text import Text

from pmat_lsp.render.mentions import Mention, mentions

Line: TypeAlias = tuple[Path, int]
"""A file on this disk, and a 1-based line in it."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What the words of a text lead to."""

    place: Callable[[str, int], Line | None]
    """What the name of a file and a 1-based line in a text stand for; None where there is no such file."""
    address: Callable[[int], Line | None]
    """What the SV at an address was compiled from; None where it has no line."""


def linked(text: Text, targets: Targets) -> Text:
    """A copy of `text` with a link on each address and on each `FILE line N` or `FILE:N` that leads to a file here."""
    result = text.copy()
    for mention in mentions(text.plain):
        target = _target(mention, targets)
        if target is not None:
            result.stylize(Style(link=line_url(*target)), mention.start, mention.end)
    return result


def line_url(path: Path, line: int) -> str:
    """The URL of a line in a file of this machine; in ASCII, whatever the name of the file is."""
    return f"file://{quote(platform.node())}{path.absolute().as_uri().removeprefix('file://')}#{line}"


def _target(mention: Mention, targets: Targets) -> Line | None:
    if mention.address is not None:
        return targets.address(mention.address)
    return targets.place(mention.file, mention.line)
