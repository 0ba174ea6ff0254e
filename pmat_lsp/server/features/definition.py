"""Definition of a captured lexical: its declaration, where the heap confirms the capture; nothing else."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.state import OpenDump


def register(ls: PmatServer) -> None:
    """Register the handler."""
    ls.feature(types.TEXT_DOCUMENT_DEFINITION)(definition)


@guarded
async def definition(ls: PmatServer, params: types.DefinitionParams) -> types.Location | None:
    """Answer with the place of the declaration."""
    uri = params.text_document.uri
    path = path_of(uri)
    if path is None:
        return None
    range_ = await ls.state.ask(partial(_declaration, path=path, at=params.position, encoding=ls.state.encoding))
    return None if range_ is None else types.Location(uri, range_)


def _declaration(opened: OpenDump, path: Path, at: types.Position, encoding: Encoding) -> types.Range | None:
    """Runs in the worker."""
    source = opened.sites.source(path)
    if source is None:
        return None
    lines = Lines(source.text, encoding)
    point = lines.point(at)
    variable = source.variable_at(point)
    declaration = source.declaration(variable.name, point) if variable else None
    if variable is None or declaration is None or declaration == variable.range:
        return None
    capturers = opened.sites.capturers(path, source, variable.name, declaration)
    if any(point in known.sub.whole for known in capturers):
        return lines.range(declaration)
    return None
