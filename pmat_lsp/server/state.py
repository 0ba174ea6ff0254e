"""What the server holds: the dump that is open, the settings, what the client can do and what it was sent."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types

from pmat_lsp.analysis.outline import Named
from pmat_lsp.server.client import Client
from pmat_lsp.server.dumps import Stamp
from pmat_lsp.server.positions import Encoding
from pmat_lsp.server.settings import ServerSettings
from pmat_lsp.server.sites import Sites
from pmat_lsp.server.texts import Change, Texts, apply_changes
from pmat_lsp.session import Dump

Answer = TypeVar("Answer")
Publication = tuple[int | None, tuple[types.Diagnostic, ...]]
"""The version of the document, None where it is not open or the client has no use for it, and its diagnostics."""


@dataclass
class OpenDump:
    """A dump with what the server keeps about it. Only the worker thread of `State` looks into it."""

    dump: Dump
    sites: Sites
    outline: tuple[Named, ...] | None = None
    """All that has a name; made when it is first asked for."""


@dataclass
class Watch:
    """Which dump is followed."""

    chosen: Path | None = None
    """By the command `pmat.load`; goes before the settings."""
    paused: bool = False
    """After `pmat.unload`: until a dump is asked for, none is loaded."""
    tried: dict[Path, Stamp | None] = field(default_factory=dict)
    """How each dump was when it was last loaded, with or without success, so that a broken one is told once."""


@dataclass(frozen=True, slots=True)
class Front:
    """How it is with the dump in front, as clients are told."""

    state: str = "none"
    """`none`, `loading`, `ready` or `failed`."""
    path: Path | None = None
    """The dump that is open, or that was tried."""
    message: str = "no heap dump is open"
    """One line, safe to show."""
    version: int = 0
    """Grows with each change."""


class State:
    """All state of one server; it lives on the event loop.

    Questions to the dump are answered one after the other in a thread of their own, so that none of them blocks the
    loop and no two of them meet.
    """

    def __init__(self) -> None:
        self.client = Client()
        self.settings = ServerSettings()
        self.folders: tuple[Path, ...] = ()
        self.encoding = Encoding.of(None)
        self.texts = Texts()
        self.watch = Watch()
        self.front = Front()
        self.settled = self.front
        """What `front` was when nothing was under way and nothing had failed."""
        self.reports: tempfile.TemporaryDirectory[str] | None = None
        """Where reports are written for a client that takes files only."""
        self.documents: set[str] = set()
        """URIs of the reports that the client has asked for."""
        self.previous: Path | None = None
        """The dump that was open before the one that is."""
        self.published: dict[str, Publication] = {}
        """By URI: what the client shows now."""
        self.refresh: asyncio.Task[None] | None = None
        """Waits for the end of an edit."""
        self.loading: asyncio.Task[bool] | None = None
        self.tasks: set[asyncio.Task[object]] = set()
        """The event loop holds its tasks weakly only."""
        self._open: OpenDump | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pmat-dump")

    @property
    def dump_path(self) -> Path | None:
        """Of the dump that is open."""
        return self._open.dump.path if self._open else None

    def install(self, dump: Dump | None) -> None:
        """From now on this is the dump that is open; None: no dump is."""
        if self._open is not None and (dump is None or dump.path != self._open.dump.path):
            self.previous = self._open.dump.path
        self._open = None if dump is None else OpenDump(dump, Sites(dump))
        if dump is not None:
            self._worker.submit(apply_changes, dump.places, self.texts.all())

    def is_open(self, dump: Dump) -> bool:
        """Whether this is still the dump that is open."""
        return self._open is not None and self._open.dump is dump

    async def ask(self, question: Callable[[OpenDump], Answer]) -> Answer | None:
        """The answer of the worker, on the texts as they are now; None where no dump is open."""
        opened = self._open
        if opened is None:
            return None
        changes = self.texts.take_changes()
        return await asyncio.get_running_loop().run_in_executor(self._worker, _answer, opened, changes, question)

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Do a longer work beside the handlers, and cancel it when the server leaves."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def close(self) -> None:
        """End everything that is at work."""
        for task in (self.refresh, self.loading, *self.tasks):
            if task is not None:
                task.cancel()
        if self.reports is not None:
            self.reports.cleanup()
        self._worker.shutdown(wait=False, cancel_futures=True)


def _answer(opened: OpenDump, changes: list[Change], question: Callable[[OpenDump], Answer]) -> Answer:
    apply_changes(opened.dump.places, changes)
    if changes:
        opened.sites.forget_marks()
    return question(opened)
