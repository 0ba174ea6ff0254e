"""Where the links of an answer lead: to the lines on this disk that it names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.describe import code_place
from pmat_lsp.render.links import Line, Targets
from pmat_lsp.session import Dump


def recorded_targets(dumps: Sequence[Dump]) -> Targets:
    """For an answer about some dumps, which has the names of files and the lines as perl recorded them."""

    @cache
    def place(file: str, line: int) -> Line | None:
        return next((here for dump in dumps if (here := dump.line_here(file, line))), None)

    def address(address: int) -> Line | None:
        recorded = next((found for dump in dumps if (found := _code_at(dump, address))), None)
        return place(*recorded) if recorded else None

    return Targets(place, address)


def report_targets(dump: Dump, folder: Path) -> Targets:
    """For the report of the leaks, which has the names of files as seen from `folder`, and the lines of today."""

    def place(file: str, line: int) -> Line | None:
        path = folder / file
        return (path, line) if path.is_file() else None

    return Targets(place, recorded_targets((dump,)).address)


def _code_at(dump: Dump, address: int) -> tuple[str, int] | None:
    """The recorded file and line of a CODE."""
    sv = dump.heap.id_at(address)
    if sv < 0 or dump.heap.kind[sv] != Kind.CODE:
        return None
    file, line = code_place(dump.heap, sv)
    return (file, line) if line else None
