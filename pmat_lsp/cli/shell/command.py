"""`pmat-lsp shell`: one open dump, asked again and again, typed at a prompt or piped in."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable

from rich.text import Text

from pmat_lsp.cli.opening import add_dump, add_sources, opened_dump, source_settings
from pmat_lsp.cli.output import show, show_error
from pmat_lsp.cli.shell.commands import Leave, Shell
from pmat_lsp.cli.shell.pages import cut
from pmat_lsp.errors import PmatError, system_error_text
from pmat_lsp.heap import memory

NAME = "shell"
DESCRIPTION = """\
Opens a dump once and answers questions about it: the commands of pmat-lsp without the dump, such as `identify 0x…`.
`help` lists them. Ctrl-C ends a question, Ctrl-D the shell. Commands can be piped in, one a line.

Exit status: 0; 2 an error, or a command that was piped in failed."""

EXIT_FAILED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_dump(parser)
    add_sources(parser)


def run(arguments: argparse.Namespace) -> int:
    """Obey until there are no commands left.

    Raises:
        PmatError: the dump cannot be read, or a source root is no directory.
    """
    shell = Shell(opened_dump(arguments.dump, source_settings(arguments)), arguments.shown)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _obey_all(shell, sys.stdin)
    # Only who types pays for the import.
    from pmat_lsp.cli.shell.prompt import typed_lines

    for line in typed_lines(shell):
        try:
            _answer_page(shell, line)
        except Leave:
            break
        except KeyboardInterrupt:
            show_error(PmatError("interrupted"), "")
        except Exception as error:
            show_error(_told(error), "")
    return 0


def _obey_all(shell: Shell, lines: Iterable[str]) -> int:
    failed = False
    for number, line in enumerate(lines, 1):
        try:
            answer = shell.answer(line)
            if answer is not None:
                show(answer, shell.targets)
                sys.stdout.flush()
        except Leave:
            break
        except BrokenPipeError:
            raise
        except Exception as error:
            failed = True
            show_error(_told(error), f"line {number}: ")
    return EXIT_FAILED if failed else 0


def _answer_page(shell: Shell, line: str) -> None:
    answer = shell.answer(line)
    if answer is None:
        return
    columns, lines = shutil.get_terminal_size()
    page, shell.rest = cut(answer, columns, max(lines - 2, 1))
    show(page, shell.targets)
    shell.note(page.plain)
    if left := shell.rest.plain.count("\n"):
        show(Text(f"{left:,} more line{'' if left == 1 else 's'}: `more`\n", "dim"))


def _told(error: Exception) -> PmatError:
    """Anything that went wrong, on one line."""
    error = memory.shortage("this", error) or error
    if isinstance(error, PmatError):
        return PmatError(" ".join(f"{error.message}. {error.hint}".split()) if error.hint else error.message)
    if isinstance(error, OSError):
        return PmatError(system_error_text(error))
    return PmatError(f"a mistake of this program: {error!r}")
