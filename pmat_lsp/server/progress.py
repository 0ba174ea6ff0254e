"""Work-done progress of one piece of work, where the client shows it; the user may cancel the work."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar

from lsprotocol import types

from pmat_lsp.render.escape import without_links
from pmat_lsp.server.language_server import LONGEST_WAIT, PmatServer

Answer = TypeVar("Answer")


class Cancelled(Exception):
    """The user cancelled the work."""


class Progress:
    """A progress bar, from `async with` to its end; does nothing for a client without progress."""

    def __init__(self, ls: PmatServer, title: str, given: str | int | None = None) -> None:
        """`given` is the token of a client that wants to be told of the progress of its own request."""
        self._ls = ls
        self._title = title
        self._given = given
        self._token: str | int | None = None
        self._last: tuple[str, int] | None = None

    async def __aenter__(self) -> Progress:
        """Begin; a client that refuses gets no progress."""
        if self._given is not None:
            self._begin(self._given)
            return self
        if not self._ls.state.client.progress:
            return self
        token = f"pmat-{uuid.uuid4()}"
        try:
            await asyncio.wait_for(self._ls.work_done_progress.create_async(token), LONGEST_WAIT)
        except Exception as error:
            self._ls.log(types.MessageType.Log, f"the client shows no progress: {error}")
            return self
        self._begin(token)
        return self

    def _begin(self, token: str | int) -> None:
        self._token = token
        begin = types.WorkDoneProgressBegin(without_links(self._title), cancellable=True)
        self._ls.work_done_progress.begin(token, begin)

    def report(self, message: str) -> None:
        """Say what is being done.

        Raises:
            Cancelled: the user has cancelled the work.
        """
        if self._token is not None:
            if self._ls.work_done_progress.tokens[self._token].cancelled():
                raise Cancelled
            self._tell(self._token, message)

    def from_thread(self) -> Callable[[str, int, int], None]:
        """A function for another thread, to be called with the stage, what is done and the total."""
        loop = asyncio.get_running_loop()

        def tell(stage: str, done: int, total: int) -> None:
            percentage = min(100, done * 100 // total) if total > 0 else 0
            # Where the loop was closed the server has left.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._report_part, stage, percentage)

        return tell

    def _report_part(self, stage: str, percentage: int) -> None:
        if (
            self._token is not None
            and self._token in self._ls.work_done_progress.tokens
            and self._last != (stage, percentage)
        ):
            self._last = (stage, percentage)
            # In words: the protocol wants a percentage that only rises, and every stage begins anew.
            self._tell(self._token, f"{stage} {percentage}%" if percentage else stage)

    def _tell(self, token: str | int, message: str) -> None:
        self._ls.work_done_progress.report(token, types.WorkDoneProgressReport(message=without_links(message)))

    async def or_cancelled(self, work: Awaitable[Answer]) -> Answer:
        """The result of `work`, which is cancelled when the user or whoever waits for it gives up.

        What cannot be stopped goes on unheard.

        Raises:
            Cancelled: the user cancelled the work before it was done.
        """
        task = asyncio.ensure_future(work)
        if self._token is None:
            return await task
        cancelled = asyncio.wrap_future(self._ls.work_done_progress.tokens[self._token])
        try:
            await asyncio.wait({task, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Cancelled
        finally:
            task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        if self._token is not None:
            self._ls.work_done_progress.end(self._token, types.WorkDoneProgressEnd())
            self._ls.work_done_progress.tokens.pop(self._token, None)
