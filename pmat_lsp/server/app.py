"""Builds the language server and starts it."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator

from pmat_lsp.server import late_features
from pmat_lsp.server.features import diagnostics, lifecycle, pull_diagnostics
from pmat_lsp.server.framing import framed
from pmat_lsp.server.language_server import PmatServer

FEATURES = (lifecycle, diagnostics, pull_diagnostics, late_features)
"""Those that the first marks need; then all others."""


_TURN = 0.001
"""Seconds that a thread which computes keeps the event loop waiting, not 0.005 as usual: a message takes some turns."""


_BY_SIGNAL = 128
"""The exit status is this plus the number of the signal, as in a shell."""
_HEADER = b"Content-"
"""What every message begins with."""
_PATIENCE = 5
"""Seconds in which a client must send that much."""


def build_server() -> PmatServer:
    """A server with all its features, not started yet."""
    server = PmatServer()
    for feature in FEATURES:
        feature.register(server)
    return server


def serve_stdio() -> None:
    """Serve one client over standard input and output, until it leaves."""
    # The protocol gets the standard output for itself: pygls closes it in the end, and a stray print would garble it.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output, contextlib.redirect_stdout(sys.stderr):
        server = build_server()
        _serve(server, lambda: server.start_io(framed(sys.stdin.buffer), output))


def serve_tcp(host: str, port: int) -> None:
    """Wait for one client on a port, and serve it until it leaves. A client that does not speak LSP is sent away.

    Raises:
        OSError: there is no such address here, or it is in use.
    """
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    with socket.create_server((host, port), family=family) as listening:
        client = next(client for client in _connections(listening) if _speaks_lsp(client))
    with client, client.makefile("rb") as reader, client.makefile("wb") as writer:
        server = build_server()
        _serve(server, lambda: server.start_io(framed(reader), writer))


def _connections(listening: socket.socket) -> Iterator[socket.socket]:
    while True:
        yield listening.accept()[0]


def _speaks_lsp(client: socket.socket) -> bool:
    """Whether the first bytes of a client are a header of LSP; any other client is closed.

    A page in a browser can have HTTP sent to every port of the machine, with a message for us as its body.
    """
    client.settimeout(_PATIENCE)
    with contextlib.suppress(OSError):
        if client.recv(len(_HEADER), socket.MSG_PEEK | socket.MSG_WAITALL) == _HEADER:
            client.settimeout(None)
            return True
    client.close()
    return False


def _serve(server: PmatServer, start: Callable[[], None]) -> None:
    sys.setswitchinterval(_TURN)
    # The modules stay: the collector of garbage, which stops all threads, need not look through them each time.
    gc.freeze()
    _clean_up_when_ended(server)
    try:
        start()
    finally:
        # A client that vanished has not asked for it.
        server.state.close()


def _clean_up_when_ended(server: PmatServer) -> None:
    """Leave nothing behind when an impatient editor or the end of a login session sends a signal."""

    def leave(number: int, _frame: object) -> None:
        server.state.close()
        os._exit(_BY_SIGNAL + number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # A signal that is ignored, as under nohup, stays ignored.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, leave)
