"""The protocol of pygls, which forgets a message when it has been handled, and what it needs not know at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lsprotocol import types
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
    """pygls 2.1 keeps the future of every notification until the server leaves: some kilobytes for each edit."""

    def structure_message(self, data: Any) -> Any:
        """As that of the base class, without the capabilities of a client that are of no use here.

        To make objects of them takes half of the time that the first message takes.
        """
        if isinstance(data, dict) and data.get("method") == types.INITIALIZE:
            _leave_out_of_no_use(data.get("params"))
        return super().structure_message(data)

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
