"""The language server itself: pygls' one with our state, and without its popups."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from pmat_lsp import __version__
from pmat_lsp.server.state import State

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_logger = logging.getLogger(__name__)


class PmatServer(LanguageServer):
    """Answers one client."""

    def __init__(self) -> None:
        # Whole texts, not changes: pygls 2.1 applies changes to the lines of `str.splitlines`, which also ends a line
        # at a form feed, and form feeds are common in Perl.
        super().__init__("pmat-lsp", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.state = State()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Write the error into the client's log; pygls would open a popup."""
        self.log(types.MessageType.Error, f"{getattr(source, '__name__', source)}: {error}")

    def log(self, level: types.MessageType, message: str) -> None:
        """Write a line into the client's log."""
        self.window_log_message(types.LogMessageParams(type=level, message=message))

    def tell(self, level: types.MessageType, message: str) -> None:
        """Show a message to the user."""
        self.window_show_message(types.ShowMessageParams(type=level, message=message))


def guarded(
    handler: Callable[Concatenate[PmatServer, Parameters], Coroutine[Any, Any, Result]],
) -> Callable[Concatenate[PmatServer, Parameters], Coroutine[Any, Any, Result | None]]:
    """A handler whose exceptions are logged and answered with nothing, so that the other features live on."""

    @functools.wraps(handler)
    async def guard(ls: PmatServer, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result | None:
        try:
            return await handler(ls, *args, **kwargs)
        except Exception as error:
            name = getattr(handler, "__name__", "handler")
            _logger.exception("%s failed", name)
            details = "".join(traceback.format_exception(error))
            ls.log(types.MessageType.Error, f"{name} failed: {details}")
            return None

    return guard
