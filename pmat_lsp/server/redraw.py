"""Lets the client ask again for what it shows: it cannot know that a dump was loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from pygls.exceptions import JsonRpcException

from pmat_lsp.server.language_server import PmatServer
from pmat_lsp.server.settings import ServerSettings

_logger = logging.getLogger(__name__)


def ask_again(ls: PmatServer, before: ServerSettings | None = None) -> None:
    """Tell the client to ask for what is shown now, or was shown under the settings `before`."""
    now = ls.state.settings
    then = before or now
    changed = before is None or before != now
    if changed and ls.state.client.refreshes_code_lenses and (now.code_lens or then.code_lens):
        ls.state.start(call_again(ls.workspace_code_lens_refresh_async))
    if changed and ls.state.client.refreshes_inlay_hints and (now.inlay_hints or then.inlay_hints):
        ls.state.start(call_again(ls.workspace_inlay_hint_refresh_async))


async def call_again(refresh: Callable[[None], Coroutine[Any, Any, None]]) -> None:
    """Send one of the requests with which a client is told to ask anew."""
    try:
        await refresh(None)
    except JsonRpcException as error:
        _logger.info("the client announced a refresh that it does not have: %s", error)
