"""Where a command prints to: coloured on a terminal, plain anywhere else."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pmat_lsp.errors import PmatError

# What a function needs is imported in it: this module is part of every command.
if TYPE_CHECKING:
    from rich.text import Text

    from pmat_lsp.render.links import Targets

PROGRAM = "pmat-lsp"
_LONGEST_MESSAGE = 10_000
_VTE_THAT_CRASHES = 5000
"""0.50.0, the first one with links."""
_TERMS_WITH_LINKS = ("xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour")
"""Beginnings of $TERM."""
_PROGRAMS_WITH_LINKS = frozenset({"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "WarpTerminal", "rio", "zed"})
"""Values of $TERM_PROGRAM."""


def survive_any_character() -> None:
    """Print what the locale's encoding lacks as an escape, where the default is to raise an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def show(text: Text, targets: Targets | None = None) -> None:
    """Print a text to stdout as it is: no wrapping, no markup; with links to `targets` where the terminal has them."""
    has_links = targets is not None and shows_links()
    if not wants_colour(sys.stdout.isatty(), os.environ):
        if not has_links:
            print(text.plain, end="")
            return
        from rich.text import Text

        text = Text(text.plain)
    from rich.console import Console

    if targets and has_links:
        from pmat_lsp.render.links import linked

        text = linked(text, targets)
    console = Console(file=sys.stdout, force_terminal=True, color_system="standard", no_color=False, highlight=False)
    console.print(text, end="", soft_wrap=True, markup=False, emoji=False)


def shows_links() -> bool:
    """Whether `show` makes links of what it is given targets for."""
    return wants_links(sys.stdout.isatty(), os.environ)


def wants_colour(is_terminal: bool, environment: Mapping[str, str]) -> bool:
    """Whether to print in colour: https://no-color.org, https://force-color.org, else if it is a terminal."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return is_terminal and environment.get("TERM") != "dumb"


def wants_links(is_terminal: bool, environment: Mapping[str, str]) -> bool:
    """Whether to print links (OSC 8): FORCE_HYPERLINK says it (0: no), else if it is a terminal known to have them.

    A multiplexer (tmux, screen) hands on the variables of the terminal around it, but not always its links.
    """
    if forced := environment.get("FORCE_HYPERLINK"):
        return forced != "0"
    term = environment.get("TERM", "dumb")
    if not is_terminal or term == "dumb" or term.startswith(("screen", "tmux")):
        return False
    vte = environment.get("VTE_VERSION", "")
    return (
        (vte.isdecimal() and int(vte) > _VTE_THAT_CRASHES)
        or term.startswith(_TERMS_WITH_LINKS)
        or environment.get("TERM_PROGRAM") in _PROGRAMS_WITH_LINKS
        or any(name in environment for name in ("WT_SESSION", "KONSOLE_VERSION", "DOMTERM"))
    )


def show_error(error: PmatError, prefix: str = f"{PROGRAM}: ") -> None:
    """Print an error to stderr, behind who says it; its hint under it."""
    print(f"{prefix}{_safe(error.message)}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"{' ' * len(prefix)}{_safe(line)}", file=sys.stderr)


def show_warning(message: str, prefix: str = f"{PROGRAM}: ") -> None:
    """Print to stderr, behind who says it, what a person should know, though the answer stands."""
    print(f"{prefix}warning: {_safe(message)}", file=sys.stderr)


def show_logged() -> None:
    """Print logged warnings and errors as `show_warning` does, unless a handler of its own takes them."""
    # Not at the top: commands that open no dump need no logging.
    import logging

    class Shown(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return f"{PROGRAM}: warning: {_safe(super().format(record))}"

    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Shown())


def show_note(message: str) -> None:
    """Print to stderr what a person may want to know of how they asked."""
    print(f"{PROGRAM}: note: {_safe(message)}", file=sys.stderr)


def _safe(text: str) -> str:
    from pmat_lsp.render.escape import visible

    return visible(text, _LONGEST_MESSAGE)
