"""References: the closures that captured a lexical; who holds the clones of a sub; the chain of a key that leaks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.server.chains import Spot, findings_with_key, places_of
from pmat_lsp.server.features.definition import locations_of, ranges_of
from pmat_lsp.server.hop_places import spot_of_hop
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.sites import KnownSub
from pmat_lsp.server.state import OpenDump
from pmat_lsp.source.model import Point
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.words import WordKind, word_at

_MOST_HOLDERS = 5
"""So many of a sub are told: the commonest."""


@guarded
async def references(ls: PmatServer, params: types.ReferenceParams) -> list[types.Location] | None:
    """Answer with places that only the heap knows of; the plain uses of a name are for other servers."""
    path = path_of(params.text_document.uri)
    state = ls.state
    if path is None or not state.settings.references:
        return None
    with_declaration = params.context.include_declaration
    question = partial(_references, path=path, at=params.position, encoding=state.encoding, declared=with_declaration)
    found = await state.ask(question)
    return locations_of(state, params.text_document.uri, path, found or []) or None


def leads_somewhere(known: KnownSub) -> bool:
    """Whether the heap has more to say of a sub than the text: named ones are told only where they leak."""
    return known.facts.live > 0 and (known.facts.leaked > 0 or known.facts.site.name is None)


def _references(
    opened: OpenDump, path: Path, at: types.Position, encoding: Encoding, declared: bool
) -> list[tuple[Path, types.Range]]:
    """Runs in the worker."""
    source = opened.sites.source(path)
    if source is None:
        return []
    point = Lines(source.text, encoding).point(at)
    return ranges_of(opened, _spots(opened, path, source, point, declared), encoding)


def _spots(opened: OpenDump, path: Path, source: PerlSource, point: Point, declared: bool) -> list[Spot]:
    variable = source.variable_at(point)
    if variable is not None:
        declaration = source.declaration(variable.name, point)
        if declaration is None:
            return []
        capturers = list(opened.sites.capturers(path, source, variable.name, declaration))
        if declaration != variable.range and not any(point in known.sub.whole for known in capturers):
            return []
        spots: list[Spot] = [(path, known.sub.keyword) for known in capturers if known.facts.live]
        return [(path, declaration), *spots] if declared and spots else spots
    known = opened.sites.headed_at(path, source, point)
    if known is not None:
        return _of_holders(opened, known) if leads_somewhere(known) else []
    word = word_at(source, point)
    if word is None or word.kind is not WordKind.KEY:
        return []
    chosen = findings_with_key(opened.sites.marked(source), word.name, path)
    return [spot for marked in chosen for spot in places_of(marked)]


def _of_holders(opened: OpenDump, known: KnownSub) -> list[Spot]:
    found = (spot_of_hop(opened.dump, holder.hop) for holder in known.facts.holders[:_MOST_HOLDERS])
    return [spot for spot in found if spot is not None]
