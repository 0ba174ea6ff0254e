"""The errors that a person sees: what happened, where, and what to do next.

Everything that can go wrong because of a file, a setting or a command line is a `PmatError`.
The two front ends (`pmat_lsp.cli` and `pmat_lsp.server`) each catch it in one place.
"""

from __future__ import annotations

import os


class PmatError(Exception):
    """A trouble that a person can act on; never a bug of ours.

    Attributes:
        message: one line, without the name of the program.
        hint: what to do next, or "".
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DumpError(PmatError):
    """A heap dump that cannot be read: it is no dump, it is cut off, or it is damaged.

    Attributes:
        path: the file as the user named it.
        offset: the byte in the (decompressed) dump at which reading stopped, or None where there is none.
    """

    def __init__(
        self, path: str | os.PathLike[str], problem: str, *, offset: int | None = None, hint: str = ""
    ) -> None:
        self.path = os.fspath(path)
        self.offset = offset
        super().__init__(f"{self.path}: {problem}", hint)


def unreadable(path: str | os.PathLike[str], error: OSError) -> DumpError:
    """The error for a dump that the system does not let us read."""
    return DumpError(path, f"cannot be read: {error.strerror or error}")


def system_error_text(error: OSError) -> str:
    """`FILE: REASON`, or the reason alone where the error names no file; never the error's number."""
    if not error.strerror:
        return str(error)
    return f"{os.fsdecode(error.filename)}: {error.strerror}" if error.filename else error.strerror
