"""The protocol of pygls, which forgets a message when it has been handled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pygls.protocol import LanguageServerProtocol


class ForgettingProtocol(LanguageServerProtocol):
    """pygls 2.1 keeps the future of every notification until the server leaves: some kilobytes for each edit."""

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
