"""Whether two language servers in one editor slow each other: `python -m tests.benchmarks.beside`.

Runs ours and Perl::LanguageServer on the demo program, in one client that sends every request to all its servers at
once and an edit now and then: each alone, each beside a server that knows nothing and computes for as long, and both
beside each other. Any second server costs something, since the client has two answers to read and the machine two
things to do; so the ratio is that of the time beside the other one to the time beside the busy one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.__main__ import CACHE_VARIABLE, FOLDER
from tests.benchmarks.player import SERVER
from tests.benchmarks.replay import percentile
from tests.benchmarks.wire import Server, running
from tests.server.beside import OTHER
from tests.server.editor import DEMO, demo_workspace

FILE = "lib/Courier/HTTP.pm"
EDIT_EVERY = 10
"""Rounds between two edits."""
_PLACES = ("->get_connection", "@$conns = grep", "on_closed => sub", "sub _drop")
OURS, THEIRS, BUSY = "pmat-lsp", "Perl::LanguageServer", "busy"
_COMMANDS = {OURS: SERVER, THEIRS: OTHER, BUSY: (sys.executable, "-m", "tests.benchmarks.busy")}
_METHODS: Mapping[str, Sequence[str]] = {
    OURS: ("definition", "references", "hover", "documentHighlight", "codeAction"),
    THEIRS: ("definition", "references", "documentSymbol"),
    BUSY: ("definition", "references", "hover", "documentHighlight", "codeAction", "documentSymbol"),
}
_KNOWN = {OURS: "@$conns = grep", THEIRS: "->get_connection"}
"""Where each server has an answer once it knows the program."""
Taken = dict[tuple[str, str], list[float]]
"""By server and method: the seconds of each answer."""


@dataclass(frozen=True)
class _Client:
    """An editor with one file, and the servers that it runs for it."""

    servers: Mapping[str, Server]
    file: Path

    def round(self, number: int, taken: Taken) -> None:
        """Ask every server everything, at each of the places."""
        text = self.file.read_text()
        if number % EDIT_EVERY == 0:
            self._edit(number, text)
        for place in _PLACES:
            row = next(row for row, line in enumerate(text.split("\n")) if place in line)
            at = {"line": row, "character": text.split("\n")[row].index(place) + 3}
            for method in dict.fromkeys(method for name in self.servers for method in _METHODS[name]):
                asked = {
                    name: server.send(f"textDocument/{method}", _params(self.file, at))
                    for name, server in self.servers.items()
                    if method in _METHODS[name]
                }
                for name, request in asked.items():
                    reply = self.servers[name].reply(request)
                    assert reply.error is None, reply.error
                    taken.setdefault((name, method), []).append(reply.seconds)

    def _edit(self, number: int, text: str) -> None:
        document = {"uri": self.file.as_uri(), "version": number + 2}
        for server in self.servers.values():
            changes = [{"text": f"{text}# {number}\n"}]
            server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})


def _params(file: Path, at: Mapping[str, int]) -> dict[str, Any]:
    return {
        "textDocument": {"uri": file.as_uri()},
        "position": at,
        "range": {"start": at, "end": at},
        "context": {"includeDeclaration": True, "diagnostics": []},
    }


@contextmanager
def client(names: Sequence[str], folder: Path) -> Iterator[_Client]:
    """An editor on a copy of the demo in `folder`, when its servers know the program."""
    workspace = demo_workspace(folder / "courier")
    file = workspace / FILE
    with ExitStack() as stack:
        servers = {}
        for name in names:
            server = stack.enter_context(running(_COMMANDS[name], DEMO.parent.parent, {}))
            servers[name] = server
            _begin(server, workspace, file)
        for name in servers.keys() & _KNOWN.keys():
            _until_it_answers(servers[name], file, _KNOWN[name])
        yield _Client(servers, file)


def _begin(server: Server, workspace: Path, file: Path) -> None:
    literals = {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}}
    document: dict[str, Any] = {"references": {}, "documentHighlight": {}, "codeAction": literals}
    parameters = {
        "processId": None,
        "rootUri": workspace.as_uri(),
        "workspaceFolders": [{"uri": workspace.as_uri(), "name": workspace.name}],
        "capabilities": {"textDocument": document},
    }
    server.ask("initialize", parameters)
    server.notify("initialized", {})
    settings = {"perl": {"perlInc": [str(workspace / "lib")], "cacheDir": str(workspace.parent / "perl-cache")}}
    server.notify("workspace/didChangeConfiguration", {"settings": settings})
    opened = {"uri": file.as_uri(), "languageId": "perl", "version": 1, "text": file.read_text()}
    server.notify("textDocument/didOpen", {"textDocument": opened})


def _until_it_answers(server: Server, file: Path, place: str) -> None:
    lines = file.read_text().split("\n")
    row = next(row for row, line in enumerate(lines) if place in line)
    at = {"line": row, "character": lines[row].index(place) + 3}
    end = time.monotonic() + 30
    while not server.ask("textDocument/definition", _params(file, at)).result:
        assert time.monotonic() < end, "it does not get to know the program"
        time.sleep(0.05)


def measure(rounds: int, times: int) -> tuple[Taken, Taken, Taken]:
    """(each alone, each beside the busy one, both beside each other), in turn, `times` times."""
    alone: Taken = {}
    busy: Taken = {}
    beside: Taken = {}
    settings = (
        ((OURS,), alone),
        ((THEIRS,), alone),
        ((OURS, BUSY), busy),
        ((THEIRS, BUSY), busy),
        ((OURS, THEIRS), beside),
    )
    for _ in range(times):
        for chosen, taken in settings:
            with tempfile.TemporaryDirectory() as folder, client(chosen, Path(folder)) as editor:
                for number in range(rounds):
                    editor.round(number, taken)
    return alone, busy, beside


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.beside", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="of all questions (default: %(default)s)")
    parser.add_argument("--times", type=int, default=3, help="how often each is started (default: %(default)s)")
    arguments = parser.parse_args()
    os.environ[CACHE_VARIABLE] = str(FOLDER / "cache")
    columns = measure(arguments.rounds, arguments.times)
    print("| median, 95 %, in ms | answers | alone | beside a busy one | beside the other | ratio of the last two |")
    print("|---|--:|--:|--:|--:|--:|")
    for key, seconds in columns[0].items():
        medians = [statistics.median(taken[key]) for taken in columns]
        tails = [percentile(taken[key]) for taken in columns]
        cells = [f"{1000 * one:.2f}, {1000 * tail:.2f}" for one, tail in zip(medians, tails, strict=True)]
        print(f"| {' '.join(key)} | {len(seconds):,} | {' | '.join(cells)} | {medians[2] / medians[1]:.2f} |")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
