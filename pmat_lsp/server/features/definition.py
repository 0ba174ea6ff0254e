"""Definition: the declaration of a captured lexical and the places that store a key of a leak's chain, no more."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.server.chains import Spot, findings_with_key
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.publishing import FileRanges
from pmat_lsp.server.state import OpenDump, State
from pmat_lsp.source.model import Point
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.words import WordKind, word_at


@guarded
async def definition(ls: PmatServer, params: types.DefinitionParams) -> types.Location | list[types.Location] | None:
    """Answer with the place of the declaration, or with those of the key."""
    path = path_of(params.text_document.uri)
    state = ls.state
    if path is None or not state.settings.definition:
        return None
    found = await state.ask(partial(_definitions, path=path, at=params.position, encoding=state.encoding))
    locations = locations_of(state, params.text_document.uri, path, found or [])
    return locations[0] if len(locations) == 1 else locations or None


def locations_of(state: State, uri: str, path: Path, found: list[tuple[Path, types.Range]]) -> list[types.Location]:
    """Places for the client; those of the file that it asked from have the URI that it used."""
    return [types.Location(uri if file == path else state.texts.uri(file), range_) for file, range_ in found]


def ranges_of(opened: OpenDump, spots: list[Spot], encoding: Encoding) -> list[tuple[Path, types.Range]]:
    """Places as the client counts them, each once."""
    ranges = FileRanges(opened.dump.places, encoding)
    return [(file, ranges.range(file, range_)) for file, range_ in dict.fromkeys(spots)]


def _definitions(
    opened: OpenDump, path: Path, at: types.Position, encoding: Encoding
) -> list[tuple[Path, types.Range]]:
    """Runs in the worker."""
    source = opened.sites.source(path)
    if source is None:
        return []
    point = Lines(source.text, encoding).point(at)
    spots = _declaration(opened, path, source, point) or _stores(opened, path, source, point)
    return ranges_of(opened, spots, encoding)


def _declaration(opened: OpenDump, path: Path, source: PerlSource, point: Point) -> list[Spot]:
    variable = source.variable_at(point)
    declaration = source.declaration(variable.name, point) if variable else None
    if variable is None or declaration is None or declaration == variable.range:
        return []
    capturers = opened.sites.capturers(path, source, variable.name, declaration)
    return [(path, declaration)] if any(point in known.sub.whole for known in capturers) else []


def _stores(opened: OpenDump, path: Path, source: PerlSource, point: Point) -> list[Spot]:
    """Where the key of a leak's chain is stored; nothing when asked from there."""
    word = word_at(source, point)
    if word is None or word.kind is not WordKind.KEY:
        return []
    chosen = findings_with_key(opened.sites.marked(source), word.name, path)
    notes = [note for marked in chosen for note in marked.notes if note.kind == "stored" and note.name == word.name]
    spots = [spot for note in notes for spot in ((note.path, note.range), *note.others)]
    return [spot for spot in spots if spot != (path, word.range)]
