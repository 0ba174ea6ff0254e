"""The language server itself: pygls' one with our state, and without its popups."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import JsonRPCRequestMessage, default_converter

from pmat_lsp import __version__
from pmat_lsp.errors import DumpError, PmatError
from pmat_lsp.heap import memory
from pmat_lsp.render.escape import visible, without_links
from pmat_lsp.server.late_types import put_off
from pmat_lsp.server.protocol import ForgettingProtocol
from pmat_lsp.server.state import State

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
_logger = logging.getLogger(__name__)
_LONGEST = 1000
LONGEST_WAIT = 5.0
"""Seconds that a client has to answer."""


def _converter() -> Converter:
    """That of pygls, but for the parameters of our own requests, which stay the values that JSON has.

    pygls makes tuples with named fields of them, and renames every key that is no name in Python.
    """
    with put_off():
        converter: Converter = default_converter()  # type: ignore[no-untyped-call]
    converter.register_structure_hook(
        JsonRPCRequestMessage,
        lambda given, cls: cls(given["id"], given["method"], given["jsonrpc"], given.get("params")),
    )
    return converter


def _is_no_answer(record: logging.LogRecord) -> bool:
    """Leaves out the tracebacks that pygls logs of errors that are answers: `report_server_error` gives each a line."""
    return not (record.exc_info and isinstance(record.exc_info[1], JsonRpcException))


class PmatServer(LanguageServer):
    """Answers one client."""

    def __init__(self) -> None:
        # Whole texts, not changes: pygls 2.1 applies changes to the lines of `str.splitlines`, which also ends a line
        # at a form feed, and form feeds are common in Perl.
        super().__init__(
            "pmat-lsp",
            __version__,
            text_document_sync_kind=types.TextDocumentSyncKind.Full,
            protocol_cls=ForgettingProtocol,
            converter_factory=_converter,
        )
        logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_no_answer)
        self.state = State()
        self._offers: list[tuple[str, str, Callable[..., Any], object]] = []

    def offer(self, capability: str, method: str, handler: Callable[..., Any], options: object = None) -> None:
        """Answer a method for clients that announce this capability of `textDocument`, as `code_lens`, alone."""
        self._offers.append((capability, method, handler, options))

    def take_up_offers(self, capabilities: types.ClientCapabilities) -> None:
        """Register what was offered, and the client announces."""
        document = capabilities.text_document or types.TextDocumentClientCapabilities()
        for capability, method, handler, options in self._offers:
            # A client that comes for diagnostics, but cannot be told when, is better sent them.
            needed = self.state.client.pulls_diagnostics if capability == "diagnostic" else True
            if needed and getattr(document, capability) is not None:
                self.feature(method, options)(handler)

    async def ask_to_register(self, *wanted: types.Registration) -> bool:
        """Ask the client to send what is registered. Returns whether it does."""
        try:
            asked = self.client_register_capability_async(types.RegistrationParams(wanted))
            await asyncio.wait_for(asked, LONGEST_WAIT)
        except Exception as error:
            self.log(types.MessageType.Log, f"the client does not register {[one.id for one in wanted]}: {error}")
            return False
        return True

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Write the error into the client's log; pygls would open a popup."""
        self.log(types.MessageType.Error, f"{getattr(source, '__name__', source)}: {error}")

    def log(self, level: types.MessageType, message: str) -> None:
        """Write a line into the client's log."""
        self.window_log_message(types.LogMessageParams(type=level, message=message))

    def trace(self, name: str, began: float, details: object) -> None:
        """Tell a client that wants to know what was done, and how long that took from `began` on."""
        level = self.protocol.trace
        if level != types.TraceValue.Off:
            took = f"{name}: {(time.perf_counter() - began) * 1000:.1f} ms"
            verbose = visible(repr(details), _LONGEST) if level == types.TraceValue.Verbose else None
            self.log_trace(types.LogTraceParams(took, verbose))

    def tell(self, level: types.MessageType, message: str) -> None:
        """Show a message to the user."""
        self.window_show_message(types.ShowMessageParams(type=level, message=without_links(message)))


class Unanswerable(PmatError):
    """A request that has the right form, but cannot be answered now."""


REQUEST_FAILED = -32803
"""The protocol's code for it."""


def answered(
    handler: Callable[[PmatServer, Any], Coroutine[Any, Any, Result]],
) -> Callable[[PmatServer, Any], Coroutine[Any, Any, Result]]:
    """A handler of a request of our own: an error for people becomes the error of the response, with its hint."""

    @functools.wraps(handler)
    async def answer(ls: PmatServer, params: Any) -> Result:
        began = time.perf_counter()
        try:
            return await handler(ls, params)
        except (PmatError, MemoryError, OSError, RuntimeError) as caught:
            error = memory.shortage("this", caught) or caught
            if not isinstance(error, PmatError):
                raise
            failed = isinstance(error, Unanswerable | DumpError | memory.NotEnoughMemory)
            code = REQUEST_FAILED if failed else JsonRpcInvalidParams.CODE
            raise JsonRpcException(visible(error.message, _LONGEST), code, {"hint": error.hint}) from None
        finally:
            ls.trace(handler.__name__, began, params)

    return answer


def guarded(
    handler: Callable[Concatenate[PmatServer, Parameters], Coroutine[Any, Any, Result]],
) -> Callable[Concatenate[PmatServer, Parameters], Coroutine[Any, Any, Result | None]]:
    """A handler whose exceptions are logged and answered with nothing, so that the other features live on."""

    @functools.wraps(handler)
    async def guard(ls: PmatServer, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result | None:
        began, name = time.perf_counter(), handler.__name__
        try:
            return await handler(ls, *args, **kwargs)
        except Exception as error:
            # The dump may have been overwritten since it was loaded.
            known = error if isinstance(error, PmatError) else memory.shortage("it", error)
            if known is None:
                _logger.exception("%s failed", name)
            details = f"{known.message}. {known.hint}" if known else "".join(traceback.format_exception(error))
            ls.log(types.MessageType.Error, f"{name} failed: {details}")
            return None
        finally:
            ls.trace(name, began, args)

    return guard
