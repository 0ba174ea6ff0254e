"""Inlay hints, where the user has switched them on: how many clones there are, behind the word `sub`."""

from __future__ import annotations

from functools import partial

from lsprotocol import types

from pmat_lsp.server.counts import counts_in
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of


@guarded
async def inlay_hints(ls: PmatServer, params: types.InlayHintParams) -> list[types.InlayHint] | None:
    """Answer with the hints of the lines that are asked for."""
    path = path_of(params.text_document.uri)
    if path is None or not ls.state.settings.inlay_hints:
        return None
    found = await ls.state.ask(partial(counts_in, path=path, encoding=ls.state.encoding))
    wanted = range(params.range.start.line, params.range.end.line + 1)
    return [
        types.InlayHint(counts.range.end, counts.title, padding_left=True, padding_right=True)
        for counts in found or ()
        if counts.range.end.line in wanted
    ] or None
