"""The prompt of the shell: history, and completion of commands, options, symbols and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import platformdirs
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from pmat_lsp.cli.shell.commands import Shell
from pmat_lsp.cli.shell.completion import completions


class _Completer(Completer):
    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        word, found = completions(self._shell, document.text_before_cursor)
        yield from (Completion(text, -len(word)) for text in found)


def typed_lines(shell: Shell) -> Iterator[str]:
    """What is typed, a line at a time, until Ctrl-D; Ctrl-C clears the line."""
    session: PromptSession[str] = PromptSession(
        "pmat> ", history=_history(), completer=_Completer(shell), complete_while_typing=False
    )
    while True:
        try:
            yield session.prompt()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def _history() -> History:
    """That of the user; only of this session where it cannot be kept."""
    path = Path(platformdirs.user_state_dir("pmat-lsp", appauthor=False)) / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(path)
