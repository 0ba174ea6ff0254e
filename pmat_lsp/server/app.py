"""Builds the language server and starts it."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable

from pmat_lsp.server import late_features
from pmat_lsp.server.features import diagnostics, lifecycle, pull_diagnostics
from pmat_lsp.server.language_server import PmatServer

FEATURES = (lifecycle, diagnostics, pull_diagnostics, late_features)
"""Those that the first marks need; then all others."""


_TURN = 0.001
"""Seconds that a thread which computes keeps the event loop waiting, not 0.005 as usual: a message takes some turns."""


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
        _serve(server, lambda: server.start_io(sys.stdin.buffer, output))


def serve_tcp(host: str, port: int) -> None:
    """Wait for one client on a port, and serve it until it leaves."""
    server = build_server()
    _serve(server, lambda: server.start_tcp(host, port))


def _serve(server: PmatServer, start: Callable[[], None]) -> None:
    sys.setswitchinterval(_TURN)
    # The modules stay: the collector of garbage, which stops all threads, need not look through them each time.
    gc.freeze()
    try:
        start()
    finally:
        # A client that vanished has not asked for it.
        server.state.close()
