"""What the server holds: the dumps that are open, the settings, what the client can do and what it was sent."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types

from pmat_lsp.heap.building import end_all
from pmat_lsp.server.client import Client
from pmat_lsp.server.disk import Signal
from pmat_lsp.server.dumps import Found, Stamp
from pmat_lsp.server.open_dumps import OpenDump, OpenDumps
from pmat_lsp.server.positions import Encoding
from pmat_lsp.server.settings import ServerSettings
from pmat_lsp.server.sites import Sites
from pmat_lsp.server.texts import Texts, apply_changes
from pmat_lsp.server.threads import Stoppable, Worker
from pmat_lsp.session import Dump
from pmat_lsp.source.sources import Sources

__all__ = ["Front", "Loading", "OpenDump", "Publication", "State", "Watch"]

Answer = TypeVar("Answer")
Publication = tuple[int | None, tuple[types.Diagnostic, ...]]
"""The version of the document, None where it is not open or the client has no use for it, and its diagnostics."""


@dataclass
class Watch:
    """Which dump is followed, and what is known of the disk."""

    chosen: Path | None = None
    """By the commands `pmat.load` and `pmat.reload`; goes before the settings."""
    paused: bool = False
    """After `pmat.unload`: until a dump is asked for, none is loaded."""
    tried: dict[Path, Stamp | None] = field(default_factory=dict)
    """How each dump was when it was last loaded, with or without success, so that a broken one is told once."""
    found: tuple[Found, ...] = ()
    """The dumps that the settings let choose from, as they were at the last look; the newest first."""
    marked: dict[Path, Stamp | None] = field(default_factory=dict)
    """The source files with marks, as they were when the marks were found."""
    by_client: bool = False
    """Whether the client watches the files of the workspace."""
    signals: asyncio.Queue[Signal] = field(default_factory=asyncio.Queue)
    """Hears of changes on the disk."""

    def stir(self) -> None:
        """Other folders may have to be watched from now on."""
        self.signals.put_nowait(None)


@dataclass(frozen=True, slots=True)
class Loading:
    """A dump that is being opened."""

    path: Path
    stamp: Stamp | None
    task: asyncio.Task[bool]


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
        self.warned: set[str] = set()
        """Of what the user was warned; once is enough."""
        self.previous: Path | None = None
        """The dump that was open before the one that is."""
        self.published: dict[str, Publication] = {}
        """By URI: what the client shows now, or is to come for."""
        self.related: set[str] = set()
        """URIs of the files of which a client that comes for diagnostics was told beside the one it asked for."""
        self.refresh: asyncio.Task[None] | None = None
        """Waits for the end of an edit."""
        self.refreshing: asyncio.Task[None] | None = None
        """The same, until the marks are found."""
        self.loading: Loading | None = None
        self.stoppable: set[Stoppable] = set()
        """What has processes and files of its own, which must not outlive the server."""
        self.tasks: set[asyncio.Task[object]] = set()
        """The event loop holds its tasks weakly only."""
        self.dumps = OpenDumps()
        self._sources = Sources()
        """Only the worker looks into it."""
        self._worker = Worker()

    @property
    def dump_path(self) -> Path | None:
        """Of the dump in front."""
        front = self.dumps.front
        return front.dump.path if front else None

    def install(self, dump: Dump, stamp: Stamp | None) -> OpenDump:
        """Put a dump in front that was opened as its file was at `stamp`."""
        dump = dump.placed(self.settings.session(self.folders), self._sources)
        opened = OpenDump(dump, Sites(dump), stamp)
        self.bring_to_front(opened)
        return opened

    def bring_to_front(self, opened: OpenDump) -> None:
        """From now on all answers are about this dump."""
        before = self.dump_path
        if before is not None and before != opened.dump.path:
            self.previous = before
        if before is None or before.parent != opened.dump.path.parent:
            self.watch.stir()
        self.dumps.bring_to_front(opened)

    def place_again(self) -> bool:
        """Look for the sources of all dumps anew where settings or folders have changed. Returns whether they have."""
        settings = self.settings.session(self.folders)
        moved = any(opened.dump.settings != settings for opened in self.dumps)
        for opened in tuple(self.dumps):
            if opened.dump.settings != settings:
                dump = opened.dump.placed(settings, self._sources)
                self.dumps.replace(OpenDump(dump, Sites(dump), opened.stamp, opened.outline))
        return moved

    def is_front(self, opened: OpenDump) -> bool:
        """Whether this is still the dump in front."""
        return self.dumps.front is opened

    async def ask(self, question: Callable[[OpenDump], Answer]) -> Answer | None:
        """The answer of the worker, on the texts as they are now; None where no dump is open."""
        opened = self.dumps.front
        if opened is None:
            return None
        changes = self.texts.take_changes()
        if changes:
            # A work of its own, since a question that nobody waits for any more is left out.
            self._worker.submit(partial(apply_changes, self._sources, changes))
        return await self._worker.do(partial(question, opened))

    def changed_on_disk(self, *, other_files: bool) -> None:
        """Source files were written; with `other_files`, some came or went."""
        self._worker.submit(partial(_changed_on_disk, self._sources, tuple(self.dumps), other_files))

    def start(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """Do a longer work beside the handlers, and cancel it when the server leaves."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def close(self) -> None:
        """End everything that is at work."""
        loading = self.loading.task if self.loading else None
        for task in (self.refresh, loading, *self.tasks):
            if task is not None:
                task.cancel()
        for work in self.stoppable:
            work.give_up()
        end_all()
        for work in self.stoppable:
            work.wait()
        if self.reports is not None:
            self.reports.cleanup()
            self.reports = None
        self._worker.close()


def _changed_on_disk(sources: Sources, dumps: tuple[OpenDump, ...], other_files: bool) -> None:
    """Runs in the worker."""
    sources.changed_on_disk()
    for opened in dumps if other_files else ():
        opened.dump.places.forget_files()
        opened.sites.forget_places()
