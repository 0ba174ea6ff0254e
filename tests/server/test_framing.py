"""A header that promises more than any message has does not end the server."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pmat_lsp.server.framing import LONGEST_MESSAGE, framed
from tests.benchmarks.player import SERVER
from tests.benchmarks.wire import read_frame


def framed_message(message: dict[str, Any]) -> bytes:
    """As a client writes it."""
    content = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(content), content)


@pytest.mark.parametrize(
    "length", [LONGEST_MESSAGE + 1, 2**63, 2**64, 10**5000], ids=["max+1", "2^63", "2^64", "10^5000"]
)
@pytest.mark.parametrize("content", [b"", b'{"jsonrpc": "2.0"}', b"\r\n\r\n", b"x" * 200_000], ids=len)
def test_a_message_after_one_that_is_too_long_is_read(length: int, content: bytes) -> None:
    good = framed_message({"id": 1, "method": "a"})
    # Python does not print numbers of that many digits without being asked.
    digits = b"1" + b"0" * 5000 if length == 10**5000 else b"%d" % length
    stream = framed(io.BytesIO(b"Content-Length: " + digits + b"\r\n\r\n" + content + good))
    while not (line := stream.readline()).startswith(b"Content-Length"):
        assert line
    assert int(line.split()[1]) < 100
    assert stream.readline() == b"\r\n"
    assert json.loads(stream.read(int(line.split()[1])))["id"] == 1


def test_the_longest_message_is_read() -> None:
    header = b"Content-Length: %d\r\n" % LONGEST_MESSAGE
    assert framed(io.BytesIO(header)).readline() == header


def test_the_server_answers_after_a_length_that_no_message_has(tmp_path: Path) -> None:
    with subprocess.Popen(SERVER, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout
        initialize = {"id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}}
        server.stdin.write(b"Content-Length: 9223372036854775808\r\n\r\n{}" + framed_message(initialize))
        server.stdin.flush()
        assert "result" in json.loads(read_frame(server.stdout) or b"{}")
        server.stdin.write(framed_message({"id": 2, "method": "shutdown"}) + framed_message({"method": "exit"}))
        server.stdin.close()
        assert server.wait(30) == 0
