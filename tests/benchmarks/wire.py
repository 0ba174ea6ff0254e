"""Speaks to a language server as plain JSON over its pipes, and knows to the moment when each answer came.

A library for clients would make objects of every answer first, and that time would be counted as the server's.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

Json = Any
Message = dict[str, Json]
LONGEST_WAIT = 60.0
"""Seconds for one answer: the first one may wait for a large dump."""
ERROR = 1
"""The type of a message in the log that tells a fault."""


class NoAnswer(Exception):
    """The server left, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request."""

    result: Json
    error: Json
    """None where the request succeeded."""
    seconds: float
    """From before the first byte of the request is written to the last byte of the answer read."""


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The content of the next message; None where the stream has ended."""
    length = None
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    if length is None:
        return None
    content = stream.read(length)
    return content if len(content) == length else None


def write_frame(stream: IO[bytes], content: bytes) -> None:
    """Write a message."""
    stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
    stream.flush()


class Server:
    """A language server that runs; use `running`."""

    def __init__(self, process: subprocess.Popen[bytes], answers: Mapping[str, Json]) -> None:
        self._process = process
        self._answers = answers
        self._writing = threading.Lock()
        self._arrived = threading.Condition()
        self._sent: dict[int, float] = {}
        self._replies: dict[int, Reply] = {}
        self._ended = False
        self.published: dict[str, float] = {}
        """By URI: when the last diagnostics came."""
        self.told: list[Message] = []
        """Every notification but diagnostics."""
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def id(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def faults(self) -> list[str]:
        """What the server wrote into the log as errors."""
        logged = [one["params"] for one in self.told if one["method"] == "window/logMessage"]
        return [str(entry["message"]) for entry in logged if entry["type"] == ERROR]

    def notify(self, method: str, params: Json) -> None:
        """Send a notification."""
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, method: str, params: Json) -> int:
        """Send a request; what `reply` takes."""
        number = len(self._sent) + 1
        content = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self._sent[number] = time.perf_counter()
        self._write(content)
        return number

    def reply(self, number: int, longest: float = LONGEST_WAIT) -> Reply:
        """Wait for the answer to a request.

        Raises:
            NoAnswer: there is none.
        """
        self.until(lambda: number in self._replies, longest)
        return self._replies.pop(number)

    def has_replied(self, number: int) -> bool:
        """Whether the answer to a request has come."""
        return number in self._replies

    def ask(self, method: str, params: Json) -> Reply:
        """Send a request and wait for its answer.

        Raises:
            NoAnswer: there is none.
        """
        return self.reply(self.send(method, params))

    def until(self, condition: Callable[[], bool], longest: float = LONGEST_WAIT) -> None:
        """Wait for what the server sends.

        Raises:
            NoAnswer: it did not come.
        """
        with self._arrived:
            self._arrived.wait_for(lambda: condition() or self._ended, longest)
            if not condition():
                raise NoAnswer("the server has left" if self._ended else f"no answer in {longest:.0f} s")

    def memory(self) -> int:
        """Bytes of the process that are in memory now, pages of mapped files included."""
        pages = int(Path(f"/proc/{self.id}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _write(self, message: Message) -> None:
        assert self._process.stdin is not None
        with self._writing:
            write_frame(self._process.stdin, json.dumps(message).encode())

    def _read(self) -> None:
        assert self._process.stdout is not None
        while (content := read_frame(self._process.stdout)) is not None:
            now = time.perf_counter()
            message = json.loads(content)
            with self._arrived:
                self._take(message, now)
                self._arrived.notify_all()
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()

    def _take(self, message: Message, now: float) -> None:
        method = message.get("method")
        if method is None:
            seconds = now - self._sent[message["id"]]
            self._replies[message["id"]] = Reply(message.get("result"), message.get("error"), seconds)
        elif "id" in message:
            self._write({"jsonrpc": "2.0", "id": message["id"], "result": self._answers.get(method)})
        elif method == "textDocument/publishDiagnostics":
            self.published[message["params"]["uri"]] = now
        else:
            self.told.append(message)


@contextmanager
def running(
    command: Sequence[str], folder: Path, answers: Mapping[str, Json], environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start a server in a folder; at the end it is asked to leave, and must.

    Args:
        command: the program and its arguments.
        folder: the current folder of the process.
        answers: by method: the result of each request of the server; None for all others.
        environment: all variables that it sees; those of this process if left out.

    Raises:
        NoAnswer: it does not leave.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=None if environment is None else dict(environment),
    )
    try:
        server = Server(process, answers)
        yield server
        server.reply(server.send("shutdown", None), 20)
        server.notify("exit", None)
        process.wait(20)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
