"""Long work beside the event loop, in threads for which a server that leaves does not wait (it would for a pool's)."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")
_logger = logging.getLogger(__name__)
_LONGEST_CLEANING = 6.0
"""Seconds: processes have two to end by themselves, and two more after they were made to."""


async def in_daemon_thread(work: Callable[[], Result]) -> Result:
    """The result of `work`, done in a thread of its own.

    Cancelling does not stop the thread; its result is dropped.
    """
    result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    threading.Thread(target=_settle, args=(work, result), name="pmat-work", daemon=True).start()
    return await result


class Stoppable:
    """A work in a thread of its own that can be ended, and cleans up behind itself."""

    def __init__(self) -> None:
        self._given_up = threading.Event()
        self._ended = threading.Event()
        self._ended.set()

    async def do(self, work: Callable[[Callable[[], bool]], Result]) -> Result:
        """The result of `work`, which is given a function that tells whether to give up; at most once.

        When the task that waits is cancelled, the work is told to give up.
        """

        def do_and_tell() -> Result:
            try:
                return work(self._given_up.is_set)
            finally:
                self._ended.set()

        self._ended.clear()
        try:
            return await in_daemon_thread(do_and_tell)
        finally:
            self.give_up()

    @property
    def is_given_up(self) -> bool:
        """Whether its result is not waited for any more."""
        return self._given_up.is_set()

    @property
    def is_over(self) -> bool:
        """Whether it has given up, and nothing is left of it."""
        return self._given_up.is_set() and self._ended.is_set()

    def give_up(self) -> None:
        """Tell the work to end."""
        self._given_up.set()

    def wait(self) -> None:
        """Block until it has cleaned up, but not for ever."""
        self._ended.wait(_LONGEST_CLEANING)


class Worker:
    """One thread that does one work after the other; what nobody waits for any more is left out."""

    def __init__(self) -> None:
        self._works: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="pmat-dump", daemon=True).start()

    async def do(self, work: Callable[[], Result]) -> Result:
        """The result of `work`."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._works.put(partial(_settle, work, result))
        return await result

    def submit(self, work: Callable[[], None]) -> None:
        """Have a work done for which nobody waits."""
        self._works.put(work)

    def close(self) -> None:
        """Do what was begun, and nothing more."""
        self._works.put(None)

    def _run(self) -> None:
        while (work := self._works.get()) is not None:
            try:
                work()
            except Exception:
                _logger.exception("a work failed")


def _settle(work: Callable[[], Result], result: asyncio.Future[Result]) -> None:
    """Do the work in this thread, and hand its result or its exception over to the loop that waits for it."""
    if result.cancelled():
        return
    try:
        answer = work()
    except BaseException as error:
        _hand_over(result, partial(result.set_exception, error))
    else:
        _hand_over(result, partial(result.set_result, answer))


def _hand_over(result: asyncio.Future[Result], settle: Callable[[], None]) -> None:
    def settle_if_awaited() -> None:
        if not result.done():
            settle()

    try:
        result.get_loop().call_soon_threadsafe(settle_if_awaited)
    except RuntimeError:
        # The loop was closed: the server has left.
        return
