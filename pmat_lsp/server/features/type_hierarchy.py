"""Type hierarchy: the classes above and below one, from the `@ISA` that the program had when it was dumped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.render.escape import visible
from pmat_lsp.render.hover import class_title
from pmat_lsp.server.hop_places import spot_of_class
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.publishing import FileRanges
from pmat_lsp.server.state import OpenDump, State
from pmat_lsp.source.words import WordKind, word_at

_Class = tuple[str, str, Path, types.Range]
"""(name, detail, file, the range of its name)."""


@guarded
async def prepare(ls: PmatServer, params: types.TypeHierarchyPrepareParams) -> list[types.TypeHierarchyItem] | None:
    """Begin at the name of a class of the heap."""
    path = path_of(params.text_document.uri)
    if path is None:
        return None
    state = ls.state
    found = await state.ask(partial(_begin, path=path, at=params.position, encoding=state.encoding))
    return [_item(state, found)] if found is not None else None


@guarded
async def supertypes(
    ls: PmatServer, params: types.TypeHierarchySupertypesParams
) -> list[types.TypeHierarchyItem] | None:
    """The `@ISA` of a class; those without a place in the source are left out."""
    return await _next(ls, params.item, above=True)


@guarded
async def subtypes(ls: PmatServer, params: types.TypeHierarchySubtypesParams) -> list[types.TypeHierarchyItem] | None:
    """The classes that have it in their `@ISA`."""
    return await _next(ls, params.item, above=False)


async def _next(ls: PmatServer, item: types.TypeHierarchyItem, above: bool) -> list[types.TypeHierarchyItem] | None:
    data = item.data
    name = data.get("class") if isinstance(data, Mapping) else None
    if not isinstance(name, str):
        return None
    state = ls.state
    found = await state.ask(partial(_related, name=name, above=above, encoding=state.encoding))
    return [_item(state, one) for one in found or ()] or None


def _item(state: State, found: _Class) -> types.TypeHierarchyItem:
    name, detail, path, range_ = found
    return types.TypeHierarchyItem(
        name=visible(name),
        kind=types.SymbolKind.Class,
        uri=state.texts.uri(path),
        range=range_,
        selection_range=range_,
        detail=detail,
        data={"class": name},
    )


def _begin(opened: OpenDump, path: Path, at: types.Position, encoding: Encoding) -> _Class | None:
    """Runs in the worker, as the next ones."""
    source = opened.sites.text(path)
    if source is None:
        return None
    lines = Lines(source.text, encoding)
    word = word_at(source, lines.point(at))
    if word is None or word.kind not in (WordKind.DECLARED_PACKAGE, WordKind.PACKAGE):
        return None
    classes = opened.sites.classes
    is_class = len(classes.objects(word.name)) or classes.parents(word.name) or classes.children(word.name)
    return (word.name, _detail(opened, word.name), path, lines.range(word.range)) if is_class else None


def _related(opened: OpenDump, name: str, above: bool, encoding: Encoding) -> list[_Class]:
    classes = opened.sites.classes
    names = classes.parents(name) if above else classes.children(name)
    ranges = FileRanges(opened.dump.places, encoding)
    placed = [(one, spot_of_class(opened.dump, one)) for one in names]
    return [(one, _detail(opened, one), spot[0], ranges.range(*spot)) for one, spot in placed if spot is not None]


def _detail(opened: OpenDump, name: str) -> str:
    return class_title(opened.sites.class_facts(name))
