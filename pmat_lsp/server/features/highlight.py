"""Document highlight: from any place on the chain of a leak, all its places in the document."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.server.chains import findings_at, places_of
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of, same_file_key
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.state import OpenDump


@guarded
async def highlight(ls: PmatServer, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight] | None:
    """Answer with the places; None off the chains, so that the client highlights the word as ever."""
    path = path_of(params.text_document.uri)
    if path is None:
        return None
    ranges = await ls.state.ask(partial(_ranges, path=path, at=params.position, encoding=ls.state.encoding))
    return [types.DocumentHighlight(range_, types.DocumentHighlightKind.Text) for range_ in ranges or ()] or None


def _ranges(opened: OpenDump, path: Path, at: types.Position, encoding: Encoding) -> list[types.Range]:
    """Runs in the worker."""
    source = opened.sites.text(path)
    if source is None:
        return []
    lines = Lines(source.text, encoding)
    key = same_file_key(path)
    chosen = findings_at(opened.sites.marked(source), path, lines.point(at))
    here = {range_ for marked in chosen for file, range_ in places_of(marked) if same_file_key(file) == key}
    return [lines.range(range_) for range_ in sorted(here)]
