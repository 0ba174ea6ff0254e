"""The protocol of pygls, which forgets a message when it has been handled, and answers those that cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol

_OF_OTHER_SERVERS = {
    "textDocument": (
        *("colorProvider", "completion", "declaration", "documentSymbol", "foldingRange", "formatting"),
        *("implementation", "inlineCompletion", "inlineValue", "linkedEditingRange", "moniker", "onTypeFormatting"),
        *("rangeFormatting", "rename", "selectionRange", "semanticTokens", "signatureHelp", "typeDefinition"),
    ),
    "workspace": ("fileOperations", "foldingRange", "inlineValue", "semanticTokens", "symbol"),
}
"""Keys in the capabilities of a client that are about what this server does not do."""


class ForgettingProtocol(LanguageServerProtocol):
    """pygls 2.1 keeps the future of every notification until the server leaves: some kilobytes for each edit.

    It answers requests that come too early, and leaves those without an answer that come too late or have wrong
    parameters: a client would wait for them for ever.
    """

    _is_initialized = False

    def structure_message(self, data: Any) -> Any:
        """As that of the base class, without the capabilities of a client that are of no use here.

        To make objects of them takes half of the time that the first message takes.

        Raises:
            JsonRpcException: the message has not the form that its method needs; a request has been answered so.
        """
        if isinstance(data, dict) and data.get("method") == types.INITIALIZE:
            _leave_out_of_no_use(data.get("params"))
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if isinstance(data.get("id"), int | str) and "method" in data:
                self._refuse(data["id"], JsonRpcInvalidParams(f"parameters that {data['method']} does not have"))
            raise error from None

    def handle_message(self, message: Any) -> None:
        """As that of the base class; a request that comes before `initialize` or after `shutdown` is refused."""
        method = getattr(message, "method", None)
        if method == types.INITIALIZE:
            self._is_initialized = True
        if method in (None, types.EXIT) or (self._is_initialized and not self._shutdown):
            super().handle_message(message)
        elif (msg_id := getattr(message, "id", None)) is not None:
            late = JsonRpcInvalidRequest("the server is shutting down")
            self._refuse(msg_id, late if self._shutdown else JsonRpcServerNotInitialized("no initialize came before"))

    def _refuse(self, msg_id: int | str, error: JsonRpcException) -> None:
        self._send_response(msg_id, None, error.to_response_error())

    def _execute_handler(
        self,
        msg_id: Any,
        handler: Callable[..., Any],
        callback: Callable[..., Any],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()

        def handled(future: Any) -> None:
            # Not at once: pygls may be looking through its futures, to cancel them.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._request_futures.pop, msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, handled, args, kwargs)


def _leave_out_of_no_use(params: Any) -> None:
    """Whatever it is: a message may have any form."""
    capabilities = params.get("capabilities") if isinstance(params, dict) else None
    if isinstance(capabilities, dict):
        for part, keys in _OF_OTHER_SERVERS.items():
            announced = capabilities.get(part)
            if isinstance(announced, dict):
                for key in keys:
                    announced.pop(key, None)
