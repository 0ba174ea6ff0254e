"""Code lens, where the user has switched it on: how many clones or objects there are above each sub and class."""

from __future__ import annotations

from functools import partial

from lsprotocol import types

from pmat_lsp.server.counts import Counts, counts_in
from pmat_lsp.server.features.commands import IDENTIFY
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.reports import SHOW


@guarded
async def code_lens(ls: PmatServer, params: types.CodeLensParams) -> list[types.CodeLens] | None:
    """Answer with a lens a sub or class; a click tells who holds one of the clones, or what the object has."""
    path = path_of(params.text_document.uri)
    if path is None or not ls.state.settings.code_lens:
        return None
    found = await ls.state.ask(partial(counts_in, path=path, encoding=ls.state.encoding))
    return [types.CodeLens(counts.range, _command(counts)) for counts in found or ()] or None


def _command(counts: Counts) -> types.Command:
    return types.Command(counts.title, IDENTIFY if counts.is_sub else SHOW, arguments=[counts.address])
