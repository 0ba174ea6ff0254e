"""How soon long work is given up: `python -m tests.benchmarks.cancelling`.

On the heaps of `odd_heaps.py` questions are asked that take long. A moment later they are cancelled: in the server by
`$/cancelRequest`, on the command line by SIGINT. Prints a table in Markdown: how long after that the answer came, how
long the next small question took, and when the command had ended. The exit status is 1 where a cancelled request is
answered later than after 0.1 s.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.__main__ import CACHE_VARIABLE, FOLDER, progress
from tests.benchmarks.odd_heaps import odd_dump
from tests.benchmarks.player import SERVER
from tests.benchmarks.wire import Server, running

MOST_SECONDS = 0.1
"""From the cancellation to the answer."""
_MOMENT = 0.15
"""Seconds that work has gone on before it is cancelled."""
_CANCELLED = -32800
"""The error of a request that was cancelled."""


@dataclass(frozen=True)
class Long:
    """A question that takes long on a heap."""

    heap: str
    size: int
    words: tuple[str, ...]
    """Of the question; ADDR stands for the address that the generator printed."""


LONG = (
    Long("list", 3_000_000, ("largest", "--owned")),
    Long("list", 3_000_000, ("dominators", "--depth", "100000")),
    Long("star", 1_000_000, ("identify", "ADDR")),
    Long("scc", 1_000_000, ("largest", "--retained")),
    Long("hash", 1_000_000, ("strtab",)),
    Long("hash", 1_000_000, ("query", "select count(distinct name) from refs")),
    Long("rings", 500, ("leaks",)),
)


@dataclass(frozen=True)
class Given:
    """How soon work was given up; seconds."""

    answered: float | None
    """From the cancellation to the answer in the server; None: it was over before."""
    next_one: float
    """How long the next question took, asked at once."""
    ended: float | None
    """From SIGINT to the end of the command; None: it was over before."""


def measure(long: Long) -> Given:
    """Cancel one question in the server and on the command line.

    Raises:
        NoAnswer: the server does not answer any more.
    """
    dump, address = odd_dump(FOLDER / "odd", long.heap, long.size)
    environment = {**os.environ, CACHE_VARIABLE: str(FOLDER / "odd" / "cache")}
    words = [address if word == "ADDR" else word for word in long.words]
    with running(SERVER, dump.parent, {}, environment) as server:
        options = {"dump": str(dump.absolute()), "client": {"changed": True}}
        root = {"uri": dump.parent.absolute().as_uri(), "name": "odd"}
        client = {"processId": None, "capabilities": {}, "workspaceFolders": [root], "initializationOptions": options}
        server.ask("initialize", client)
        server.notify("initialized", {})
        server.until(lambda: any(_is_ready(one) for one in server.told))
        answered, next_one = _cancelled(server, words)
    return Given(answered, next_one, _interrupted([words[0], str(dump), *words[1:]], environment))


def _is_ready(message: Mapping[str, object]) -> bool:
    params = message.get("params")
    return message["method"] == "pmat/changed" and isinstance(params, Mapping) and params.get("state") == "ready"


def _cancelled(server: Server, words: Sequence[str]) -> tuple[float | None, float]:
    if words[0] == "leaks":
        number = server.send("pmat/leaks", {"overview": True})
    else:
        number = server.send("pmat/run", {"name": words[0], "words": list(words[1:])})
    time.sleep(_MOMENT)
    began = time.perf_counter()
    was_over = server.has_replied(number)
    server.notify("$/cancelRequest", {"id": number})
    asked = server.send("pmat/run", {"name": "roots", "words": []})
    reply = server.reply(number)
    answered = time.perf_counter() - began
    is_cancelled = reply.error is not None and reply.error["code"] == _CANCELLED
    return answered if is_cancelled and not was_over else None, server.reply(asked).seconds


def _interrupted(words: Sequence[str], environment: Mapping[str, str]) -> float | None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pmat_lsp", *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # The start of the program is no work of this kind.
    time.sleep(0.3 + _MOMENT)
    began = time.perf_counter()
    if process.poll() is not None:
        return None
    process.send_signal(signal.SIGINT)
    process.wait(60)
    return time.perf_counter() - began


def _cell(seconds: float | None) -> str:
    return "over before" if seconds is None else f"{seconds * 1000:.0f} ms"


def main() -> int:
    """Measure, print the table row by row, and return the exit status."""
    print("| | answer in the server | next question | command ended |\n|---|--:|--:|--:|", flush=True)
    late = []
    for long in LONG:
        given = measure(long)
        title = f"`{' '.join(long.words)}`, {long.heap} of {long.size:,}"
        cells = (given.answered, given.next_one, given.ended)
        print(f"| {title} | {' | '.join(map(_cell, cells))} |", flush=True)
        if given.answered is not None and given.answered > MOST_SECONDS:
            late.append(title)
    for title in late:
        progress(f"{title}: answered later than {MOST_SECONDS} s after it was cancelled")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
