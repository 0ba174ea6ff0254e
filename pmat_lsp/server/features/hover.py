"""Hover: what the heap says of the sub or of the lexical under the cursor, and nothing where it says nothing."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.analysis.result import Finding
from pmat_lsp.render.hover import Capturer, capture_document, own_lexical_document, sub_document
from pmat_lsp.render.markdown import Document, to_markdown, to_plain_text
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.sites import KnownSub, Sites
from pmat_lsp.server.state import OpenDump
from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.perl import PerlSource, Sub, Variable


def register(ls: PmatServer) -> None:
    """Register the handler."""
    ls.feature(types.TEXT_DOCUMENT_HOVER)(hover)


@guarded
async def hover(ls: PmatServer, params: types.HoverParams) -> types.Hover | None:
    """Answer with a document in the format that the client prefers."""
    path = path_of(params.text_document.uri)
    if path is None:
        return None
    found = await ls.state.ask(partial(_hover, path=path, at=params.position, encoding=ls.state.encoding))
    if found is None:
        return None
    document, range_ = found
    if ls.state.client.markdown:
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, to_markdown(document)), range_)
    return types.Hover(types.MarkupContent(types.MarkupKind.PlainText, to_plain_text(document)), range_)


def _hover(opened: OpenDump, path: Path, at: types.Position, encoding: Encoding) -> tuple[Document, types.Range] | None:
    """Runs in the worker."""
    sites, findings = opened.sites, opened.dump.leaks.report.findings
    source = sites.source(path)
    if source is None:
        return None
    lines = Lines(source.text, encoding)
    point = lines.point(at)
    variable = source.variable_at(point)
    if variable is not None:
        document = _lexical(sites, path, source, variable, point, findings)
        return (document, lines.range(variable.range)) if document else None
    sub = source.sub_at(point)
    if sub is None or not _in_header(sub, point):
        return None
    known = sites.known(path, source, sub)
    return (_sub(source, known, findings), lines.range(sub.keyword)) if known else None


def _in_header(sub: Sub, point: Point) -> bool:
    """From the word `sub` up to the brace."""
    return sub.keyword.start <= point <= sub.body.start


def _sub(source: PerlSource, known: KnownSub, findings: tuple[Finding, ...]) -> Document:
    around = source.subs[known.sub.parent].name if known.sub.parent is not None else None
    return sub_document(known.facts, findings, around, known.note)


def _lexical(
    sites: Sites, path: Path, source: PerlSource, variable: Variable, point: Point, findings: tuple[Finding, ...]
) -> Document | None:
    name = variable.name
    declaration = source.declaration(name, point)
    if declaration is None:
        return None
    capturers = list(sites.capturers(path, source, name, declaration))
    # Inside a sub that captured it, that sub alone is meant; elsewhere all that did.
    innermost = [known for known in sites.around(path, source, point) if known in capturers][:1]
    chosen = tuple(_capturer(known, name, findings) for known in innermost or capturers)
    return capture_document(name, chosen, _place(path, declaration)) or _own(sites, path, source, name, declaration)


def _capturer(known: KnownSub, name: str, findings: tuple[Finding, ...]) -> Capturer:
    lexical = known.facts.lexical(name)
    assert lexical is not None
    return Capturer(known.facts, lexical, findings, known.sub.keyword.start.line)


def _own(sites: Sites, path: Path, source: PerlSource, name: str, declaration: Range) -> Document | None:
    """The lexical in the pad of the sub that declares it."""
    for known in sites.around(path, source, declaration.start):
        lexical = known.facts.lexical(name)
        declares_it = declaration in known.sub.declares.get(name, ())
        if lexical is not None and not lexical.captured and declares_it:
            return own_lexical_document(known.facts, lexical)
    return None


def _place(path: Path, declaration: Range) -> str:
    return f"{path.name}:{declaration.start.line}"
