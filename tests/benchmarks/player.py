"""Plays a recorded session against the real server as fast as it answers, and measures each answer."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pmat_lsp.server.publishing import DEBOUNCE_SECONDS
from tests.benchmarks.dumps import GENERATOR
from tests.benchmarks.recording import Recording, read_recording, with_parts
from tests.benchmarks.wire import Reply, Server, running

SERVER = (sys.executable, "-m", "pmat_lsp", "serve")
RECORDING = Path(__file__).parent / "session.jsonl.xz"
MARKS = "publishDiagnostics after an edit"
"""The row of the marks that are found anew, from the end of the server's own waiting on."""
WARM_UP = 30
"""The memory is compared from this percentage of the messages on.

Features are imported and caches filled at their first use: of the first 1,500 messages, 450 take them all.
"""
_SAMPLES = 100
_INITIALIZE = "initialize"


@dataclass
class Played:
    """What came of a session."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    """By method: of each answer; those of `MARKS`, too."""
    edits: int = 0
    wrong: list[str] = field(default_factory=list)
    """Errors, and answers that are empty though the recorded ones were not."""
    memory: list[int] = field(default_factory=list)
    """Bytes of the server in memory, at even distances from the end of the warm-up to the end."""

    @property
    def growth(self) -> int:
        """Bytes that the server has more at the end than after the warm-up."""
        return self.memory[-1] - self.memory[0]


def play(
    dump: Path,
    folder: Path,
    most: int | None = None,
    recording: Path = RECORDING,
    between: Callable[[Server, float], None] = lambda _server, _part: None,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Played:
    """Play a session, or its first `most` messages, in a workspace that is made in `folder`.

    `dump` must be one that the generator has written. `between` is called before each message with the server, and how
    much of the session has been played: 0 to 1. `settings` are those of `pmat.` that are not as in the recorded one.
    """
    workspace = folder / "service"
    workspace.mkdir()
    shutil.copy(GENERATOR, workspace)
    places = {"workspace": str(workspace), "dump": str(dump.absolute()), "sources": str(GENERATOR.parent)}
    recorded = read_recording(recording, places)
    for given in recorded.settings():
        given.update(settings)
    messages = recorded.messages[:most]
    environment = {**os.environ, "PYTHONPATH": str(GENERATOR.parent.parent.parent)}
    with running(SERVER, folder, recorded.answers, environment) as server:
        return _Player(server, recorded, between).play(messages)


class _Player:
    def __init__(self, server: Server, recorded: Recording, between: Callable[[Server, float], None]) -> None:
        self._server = server
        self._between = between
        self._recorded = recorded
        self._results: dict[int, Any] = {}
        self._played = Played()
        self._edit: tuple[str, float] | None = None
        """(URI, when it was sent) of the last edit whose marks have not been waited for."""

    def play(self, messages: Sequence[Mapping[str, Any]]) -> Played:
        warm = len(messages) * WARM_UP // 100
        every = max((len(messages) - warm) // _SAMPLES, 1)
        for number, message in enumerate(messages):
            if number >= warm and (number - warm) % every == 0:
                self._played.memory.append(self._server.memory())
            self._between(self._server, number / len(messages))
            self._message(message)
        self._played.memory.append(self._server.memory())
        self._played.wrong += self._server.faults
        return self._played

    def _message(self, message: Mapping[str, Any]) -> None:
        if "pause" in message:
            self._rest()
            return
        method, params = message["method"], with_parts(message["params"], self._part)
        if "id" in message:
            if method == _INITIALIZE:
                params["processId"] = os.getpid()
            self._answered(message, self._server.ask(method, params))
        else:
            self._server.notify(method, params)
            if method == "textDocument/didChange":
                self._edit = (params["textDocument"]["uri"], time.perf_counter())
                self._played.edits += 1
            if method == "textDocument/didOpen" and not self._server.published:
                # The person waits for the first marks, too.
                self._server.until(lambda: bool(self._server.published))

    def _rest(self) -> None:
        """The person reads, and the marks must come to be where the text is now."""
        if self._edit is None:
            return
        uri, sent = self._edit
        self._edit = None
        self._server.until(lambda: self._server.published[uri] > sent)
        self._took(MARKS, self._server.published[uri] - sent - DEBOUNCE_SECONDS)

    def _took(self, what: str, seconds: float) -> None:
        self._played.seconds.setdefault(what, []).append(seconds)

    def _answered(self, message: Mapping[str, Any], reply: Reply) -> None:
        method = message["method"]
        self._results[message["id"]] = reply.result
        if method != _INITIALIZE:
            self._took(method, reply.seconds)
        if reply.error is not None:
            self._played.wrong.append(f"{method}: {reply.error}")
        elif message["expects"] and not reply.result:
            self._played.wrong.append(f"{method} {message['params']}: no answer where the recorded session had one")

    def _part(self, way: Sequence[Any]) -> Any:
        number, *keys = way
        found = self._results[number]
        for key in keys:
            found = found[key]
        return found
