"""Where a command prints to: coloured on a terminal, plain anywhere else."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from pmat_lsp.errors import PmatError
from pmat_lsp.render.escape import visible

PROGRAM = "pmat-lsp"
_LONGEST_MESSAGE = 10_000


def survive_any_character() -> None:
    """Print what the locale's encoding lacks as an escape, where the default is to raise an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def show(text: Text) -> None:
    """Print a text to stdout as it is: no wrapping, no markup."""
    if not wants_colour(sys.stdout.isatty(), os.environ):
        print(text.plain, end="")
        return
    console = Console(file=sys.stdout, force_terminal=True, color_system="standard", no_color=False, highlight=False)
    console.print(text, end="", soft_wrap=True, markup=False, emoji=False)


def wants_colour(is_terminal: bool, environment: Mapping[str, str]) -> bool:
    """Whether to print in colour: https://no-color.org, https://force-color.org, else if it is a terminal."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return is_terminal and environment.get("TERM") != "dumb"


def show_error(error: PmatError) -> None:
    """Print an error to stderr, its hint under it."""
    print(f"{PROGRAM}: {visible(error.message, _LONGEST_MESSAGE)}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"{' ' * len(PROGRAM)}  {visible(line, _LONGEST_MESSAGE)}", file=sys.stderr)


def show_warning(message: str) -> None:
    """Print to stderr what a person should know, though the answer stands."""
    print(f"{PROGRAM}: warning: {visible(message, _LONGEST_MESSAGE)}", file=sys.stderr)
