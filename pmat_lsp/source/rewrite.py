"""Writing a source file with changes: in its own encoding, with its own line ends, all of it or nothing."""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from pmat_lsp.errors import PmatError
from pmat_lsp.source.edits import Edit, apply_edits
from pmat_lsp.source.files import open_regular


def rewrite(path: Path, text: str, edits: Iterable[Edit]) -> None:
    """Make `edits` in the file at `path`, which must still have the `text` that they were made for.

    Raises:
        PmatError: the file has changed, or cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        with open_regular(target) as file:
            data = file.read()
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        encoding = next(name for name in ("utf-8", "latin-1") if _is(name, data))
        if data[len(mark) :].decode(encoding) != text:
            raise PmatError(f"{path}: it has just changed", "Nothing was written there; run the command again.")
        _replace(target, mark + apply_edits(text, edits).encode(encoding))
    except (OSError, ValueError) as error:
        # Not a regular file is a ValueError.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise PmatError(f"{path}: cannot be written: {reason}") from error


def _is(encoding: str, data: bytes) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _replace(target: Path, data: bytes) -> None:
    """Write a new file beside the old one, and put it in its place."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        shutil.copymode(target, name)
        os.replace(name, target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
