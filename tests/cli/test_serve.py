"""`pmat-lsp serve` starts the server with what was asked for."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from pmat_lsp.cli.main import main
from pmat_lsp.server import app


def test_serve_speaks_over_stdio(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(app, "serve_stdio", lambda: started.append("stdio"))
    assert main(["serve"]) == 0
    assert started == ["stdio"]


@pytest.mark.parametrize(("address", "expected"), [("localhost:7655", ("localhost", 7655)), ("[::1]:80", ("::1", 80))])
def test_serve_tcp_waits_at_the_address(
    address: str, expected: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, int]] = []
    monkeypatch.setattr(app, "serve_tcp", lambda host, port: started.append((host, port)))
    assert main(["serve", "--tcp", address]) == 0
    assert started == [expected]


def test_a_page_in_a_browser_is_sent_away_and_an_editor_is_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "pmat_lsp", "serve", "--tcp", f"127.0.0.1:{port}"]
    message = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": null, "capabilities": {}}}'
    lsp = b"Content-Length: %d\r\n\r\n%b" % (len(message), message)
    with subprocess.Popen(words, stderr=subprocess.PIPE) as server:
        try:
            with connected(port) as page:
                page.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n" + lsp)
                # What it has sent was not read, so the connection may be reset.
                with suppress(ConnectionResetError):
                    assert page.recv(1 << 16) == b""
            with connected(port) as editor:
                editor.sendall(lsp)
                assert editor.recv(1 << 16).startswith(b"Content-Length: ")
            assert server.wait(60) is not None
        finally:
            server.kill()


def connected(port: int) -> socket.socket:
    """A connection to a server that is just starting."""
    end = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 60)
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("address", "warned"), [("127.0.0.1:7655", False), ("[::1]:80", False), ("0.0.0.0:7655", True)]
)
def test_an_address_that_others_can_connect_to_is_warned_of(
    address: str, warned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "serve_tcp", lambda _host, _port: None)
    assert main(["serve", "--tcp", address]) == 0
    assert ("whoever can connect" in capsys.readouterr().err) is warned
