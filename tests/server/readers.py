"""The processes that a server has started to read dumps."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the child by /proc")
SPAWNING = (
    sys.executable,
    "-c",
    "import sys; from pmat_lsp.heap import building; building.stand_by = lambda: None; "
    "from pmat_lsp.cli.main import main; sys.exit(main(['serve']))",
)
"""A server that starts an interpreter for each dump, the first one too: that can be seen, and takes a while."""


def readers(server: int) -> list[int]:
    """The interpreters that the server with this process id has started."""
    return [child for child in children(server) if b"pmat_lsp.heap.indexer" in _command(child)]


def children(server: int) -> list[int]:
    """All processes of the server, the one that stands by for the first dump too."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            if parent == server:
                found.append(int(status.parent.name))
        except (OSError, ValueError):
            # It has ended.
            continue
    return found


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
