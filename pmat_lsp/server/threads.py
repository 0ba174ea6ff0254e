"""Long work beside the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

Result = TypeVar("Result")


async def in_daemon_thread(work: Callable[[], Result]) -> Result:
    """The result of `work`, done in a thread for which a server that leaves does not wait, as a pool's it would.

    Cancelling does not stop the thread; its result is dropped.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        try:
            answer = work()
        except BaseException as error:
            _hand_over(loop, result, partial(result.set_exception, error))
        else:
            _hand_over(loop, result, partial(result.set_result, answer))

    threading.Thread(target=run, name="pmat-load", daemon=True).start()
    return await result


def _hand_over(loop: asyncio.AbstractEventLoop, result: asyncio.Future[Result], settle: Callable[[], None]) -> None:
    def settle_if_awaited() -> None:
        if not result.done():
            settle()

    try:
        loop.call_soon_threadsafe(settle_if_awaited)
    except RuntimeError:
        # The loop was closed: the server has left.
        return
