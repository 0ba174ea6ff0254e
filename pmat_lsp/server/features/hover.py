"""Hover: what the heap says of the sub, variable, class or key under the cursor, and nothing where it says nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.analysis.file_numbers import file_numbers
from pmat_lsp.heap.describe import summarise
from pmat_lsp.render.document import with_links
from pmat_lsp.render.hover import (
    Capturer,
    GlobalFacts,
    Upkeep,
    capture_document,
    class_document,
    global_document,
    key_document,
    own_lexical_document,
    program_lexical_document,
    sub_document,
)
from pmat_lsp.render.markdown import Document, Link, Plain, Span, to_markdown, to_plain_text
from pmat_lsp.server.chains import findings_with_key
from pmat_lsp.server.documents import hover_linker
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of, uri_of
from pmat_lsp.server.positions import Lines
from pmat_lsp.server.sites import KnownSub, Sites
from pmat_lsp.server.state import OpenDump, State
from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.perl import PerlSource, Variable
from pmat_lsp.source.words import Word, WordKind, package_at, word_at

_SYMBOL = re.compile(r"[$@%*](?:::)?[A-Za-z_]\w*(?:::\w+)*")
_ALWAYS_IN_MAIN = frozenset({"ENV", "INC", "ARGV", "STDIN", "STDOUT", "STDERR", "ARGVOUT"})
_TOO_COMMON = frozenset({"$a", "$b"})
"""The variables of `sort`: every package has them, and they say nothing."""
_MOST_PLACES = 6


@guarded
async def hover(ls: PmatServer, params: types.HoverParams) -> types.Hover | None:
    """Answer with a document in the format that the client prefers."""
    path = path_of(params.text_document.uri)
    if path is None:
        return None
    found = await ls.state.ask(partial(_hover, state=ls.state, path=path, at=params.position))
    if found is None:
        return None
    document, range_ = found
    if ls.state.client.markdown:
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, to_markdown(document)), range_)
    return types.Hover(types.MarkupContent(types.MarkupKind.PlainText, to_plain_text(document)), range_)


def _hover(opened: OpenDump, state: State, path: Path, at: types.Position) -> tuple[Document, types.Range] | None:
    """Runs in the worker."""
    source = opened.sites.text(path)
    if source is None:
        return None
    lines = Lines(source.text, state.encoding)
    point = lines.point(at)
    found = _Teller(opened, path, source).at(point)
    if found is None:
        return None
    return with_links(found[0], hover_linker(opened, state)), lines.range(found[1])


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells what stands in one text."""

    opened: OpenDump
    path: Path
    source: PerlSource

    @property
    def sites(self) -> Sites:
        return self.opened.sites

    def at(self, point: Point) -> tuple[Document, Range] | None:
        """The document for `point`, and the range that it is about."""
        variable = self.source.variable_at(point)
        if variable is not None:
            document = self._variable(variable, point)
            return (document, variable.range) if document else None
        known = self.sites.headed_at(self.path, self.source, point)
        if known is not None:
            return self._sub(known), known.sub.keyword
        word = word_at(self.source, point)
        document = self._word(word) if word else None
        return (document, word.range) if word and document else None

    def _sub(self, known: KnownSub) -> Document:
        around = self.source.subs[known.sub.parent].name if known.sub.parent is not None else None
        upkeep = Upkeep(self.sites.retained(known), self.sites.way_to(known))
        return sub_document(known.facts, self.sites.marked(self.source), around, known.note, upkeep)

    def _variable(self, variable: Variable, point: Point) -> Document | None:
        declaration = self.source.declaration(variable.name, point)
        if declaration is None:
            return self._global(variable.name, point)
        if self.source.is_our(variable.name, declaration):
            return self._global(variable.name, declaration.start)
        return self._lexical(variable.name, declaration, point)

    def _lexical(self, name: str, declaration: Range, point: Point) -> Document | None:
        capturers = list(self.sites.capturers(self.path, self.source, name, declaration))
        # Inside a sub that captured it, that sub alone is meant; elsewhere all that did.
        innermost = [known for known in self.sites.around(self.path, self.source, point) if known in capturers][:1]
        chosen = tuple(self._capturer(known, name) for known in innermost or capturers)
        others = [known.sub.keyword for known in capturers if innermost and known not in innermost and known.facts.live]
        also = tuple(_link(self.path, keyword) for keyword in others[:_MOST_PLACES])
        document = capture_document(name, chosen, _link(self.path, declaration), also)
        return document or self._own(name, declaration) or self._of_program(name, declaration)

    def _capturer(self, known: KnownSub, name: str) -> Capturer:
        lexical = known.facts.lexical(name)
        assert lexical is not None
        findings = self.opened.dump.leaks.report.findings
        return Capturer(known.facts, lexical, findings, known.sub.keyword.start.line)

    def _own(self, name: str, declaration: Range) -> Document | None:
        """The lexical in the pad of the sub that declares it."""
        for known in self.sites.around(self.path, self.source, declaration.start):
            lexical = known.facts.lexical(name)
            declares_it = declaration in known.sub.declares.get(name, ())
            if lexical is not None and not lexical.captured and declares_it:
                return own_lexical_document(known.facts, lexical)
        return None

    def _of_program(self, name: str, declaration: Range) -> Document | None:
        """The lexical that stands in no sub of the program's own file."""
        if self.source.sub_at(declaration.start) is not None:
            return None
        lexical = self.sites.program_lexical(self.path, name)
        return program_lexical_document(lexical) if lexical is not None else None

    def _global(self, name: str, at: Point) -> Document | None:
        """The variable or handle of a package."""
        found = self._symbol(name, at)
        if found is None:
            return None
        shown, sv = found
        heap = self.opened.dump.heap
        retained = int(self.opened.dump.retained().bytes[sv])
        facts = GlobalFacts(shown, summarise(heap, sv), int(heap.refcount[sv]), retained, file_numbers(heap, sv))
        return global_document(facts)

    def _symbol(self, name: str, at: Point) -> tuple[str, int] | None:
        """(the name with its package, the SV) of what the symbol table has under a name that is used at `at`."""
        if not _SYMBOL.fullmatch(name) or name in _TOO_COMMON:
            return None
        sigil, bare = name[0], name[1:].removeprefix("::")
        if "::" not in name and bare not in _ALWAYS_IN_MAIN:
            bare = f"{package_at(self.source, at)}::{bare}"
        sv = self.sites.symbol(sigil + bare)
        return (sigil + bare.removeprefix("main::"), sv) if 0 <= sv < self.opened.dump.heap.n else None

    def _word(self, word: Word) -> Document | None:
        if word.kind is WordKind.KEY:
            return self._key(word.name)
        if word.kind is WordKind.HANDLE:
            return self._handle(word)
        return self._class(word)

    def _class(self, word: Word) -> Document | None:
        classes = self.sites.classes
        if not classes.exists(word.name):
            return None
        facts = self.sites.class_facts(word.name)
        if not facts.objects and word.kind is not WordKind.DECLARED_PACKAGE:
            return None
        biggest = f"{self.opened.dump.heap.address_of(facts.biggest):#x}" if facts.objects else ""
        return class_document(facts, biggest, classes.parents(word.name), classes.children(word.name))

    def _handle(self, word: Word) -> Document | None:
        """A handle that is open; the word may be anything else."""
        glob = self._symbol(f"*{word.name}", word.range.start)
        is_open = glob is not None and file_numbers(self.opened.dump.heap, glob[1])
        return self._global(f"*{word.name}", word.range.start) if is_open else None

    def _key(self, key: str) -> Document | None:
        chosen = findings_with_key(self.sites.marked(self.source), key, self.path)
        if not chosen:
            return None
        notes = list(dict.fromkeys(note for marked in chosen for note in marked.notes))[:_MOST_PLACES]
        places = tuple((note.text.removesuffix(" here"), _link(note.path, note.range)) for note in notes)
        return key_document(key, tuple(marked.finding for marked in chosen), places)


def _link(path: Path, range_: Range) -> Span:
    """A place that a click leads to."""
    text = f"{path.name}:{range_.start.line}"
    return Link(text, f"{uri_of(path)}#L{range_.start.line}") if path.is_absolute() else Plain(text)
