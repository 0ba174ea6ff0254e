"""The processes that a server has started to read dumps."""

from __future__ import annotations

from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the child by /proc")


def readers(server: int) -> list[int]:
    """Those of the server with this process id."""
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
