"""Paths and the URIs of the protocol."""

from __future__ import annotations

import os
from pathlib import Path

from pygls import uris


def path_of(uri: str) -> Path | None:
    """The path of a `file:` URI, None for any other, and for what is no URI."""
    try:
        found = uris.to_fs_path(uri)
    except ValueError:
        return None
    # No file has such a name, and every question about it is an error.
    return Path(found) if found and "\0" not in found else None


def uri_of(path: Path) -> str:
    """The `file:` URI of a path."""
    found: str | None = uris.from_fs_path(str(path.absolute()))
    assert found is not None
    return found


def same_file_key(path: Path) -> str:
    """Equal for all names of one file."""
    return str(os.path.realpath(path))
