"""Workspace symbols: classes, subs and globals of the heap, and an SV by its address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from pmat_lsp.analysis.labels import labels
from pmat_lsp.analysis.outline import Named, Sort, outline
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.describe import code_place
from pmat_lsp.render.escape import visible
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.reports import sv_uri
from pmat_lsp.server.state import OpenDump, State
from pmat_lsp.session import Dump

MOST_SYMBOLS = 200
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{1,16}")
_KINDS = {
    Sort.CLASS: types.SymbolKind.Class,
    Sort.SUB: types.SymbolKind.Function,
    Sort.GLOBAL: types.SymbolKind.Variable,
}


@guarded
async def workspace_symbol(ls: PmatServer, params: types.WorkspaceSymbolParams) -> list[types.SymbolInformation] | None:
    """Answer with what has the words of the query in its name, shorter names first."""
    query = params.query.strip()
    return await ls.state.ask(lambda opened: _find(opened, query, ls.state)) if query else None


def _find(opened: OpenDump, query: str, state: State) -> list[types.SymbolInformation]:
    """Runs in the worker."""
    if _ADDRESS.fullmatch(query):
        return _at(opened.dump, int(query, 16), state)
    if opened.outline is None:
        opened.outline = outline(opened.dump.heap, opened.dump.ownership)
    words = query.casefold().split()
    named = [one for one in opened.outline if all(_has(one, word) for word in words)]
    named.sort(key=lambda one: len(one.name))
    places = _Places(opened.dump, state)
    symbols = (_symbol(one, places) for one in named)
    found = []
    for symbol in symbols:
        if symbol is not None:
            found.append(symbol)
        if len(found) == MOST_SYMBOLS:
            break
    return found


def _has(named: Named, word: str) -> bool:
    """Whether a word of the query is in a name; its sigil stands before the package: `@INC` is `@main::INC`."""
    name = named.name.casefold()
    sigil = "&" if named.sort is Sort.SUB else name[0]
    return word in name or (word[0] in "$@%&" and word[0] == sigil and word[1:] in name)


@dataclass(frozen=True, slots=True)
class _Places:
    dump: Dump
    state: State

    def of(self, file: str | None, line: int, sv: int) -> types.Location | None:
        """A line of a source, else the report of an SV, where the client takes one."""
        path: Path | None = self.dump.places.locate(file).path if file and line else None
        if path is not None:
            at = types.Position(line - 1, 0)
            return types.Location(self.state.texts.uri(path), types.Range(at, at))
        if not self.state.client.text_documents:
            return None
        start = types.Position(0, 0)
        return types.Location(sv_uri(hex(self.dump.heap.address_of(sv))), types.Range(start, start))


def _symbol(named: Named, places: _Places) -> types.SymbolInformation | None:
    file, line = (named.location.file, named.location.line) if named.location else (None, 0)
    location = places.of(file, line, named.sv)
    if location is None:
        return None
    return types.SymbolInformation(location, visible(named.name), _KINDS[named.sort], container_name=named.facts)


def _at(dump: Dump, address: int, state: State) -> list[types.SymbolInformation]:
    heap = dump.heap
    sv = heap.id_at(address)
    if sv < 0:
        return []
    file, line = code_place(heap, sv) if sv < heap.n and heap.kind[sv] == Kind.CODE else (None, 0)
    places = _Places(dump, state)
    # The report says more than the line, where the client takes one.
    location = places.of(None, 0, sv) or places.of(file, line, sv)
    if location is None:
        return []
    name = visible(f"{address:#x} {labels(heap)(sv)}")
    return [types.SymbolInformation(location, name, types.SymbolKind.Object)]
