"""What else than a variable or a sub stands at a place: a package, a hash key, a file handle; and the packages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tree_sitter import Node

from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import is_field, literal

_NESTING = frozenset({"source_file", "block_statement", "block", "package_statement", "class_statement"})
_PACKAGES = frozenset({"package_statement", "class_statement"})
_NAME = re.compile(r"\w+(?:::\w+)*")


class WordKind(Enum):
    """What a word is."""

    DECLARED_PACKAGE = "declared package"
    """In `package Foo`."""
    PACKAGE = "package"
    """Where it is used: `use Foo`, `Foo->new`, `'Foo'` in `use parent 'Foo'`."""
    KEY = "key"
    """A hash key that is written out: `{on_closed}`, `on_closed =>`."""
    HANDLE = "handle"
    """A file handle without a sigil: `STDERR`, `FH`."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word in the text."""

    kind: WordKind
    name: str
    """Without quotes."""
    range: Range


@dataclass(frozen=True, slots=True)
class DeclaredPackage:
    """A `package` statement."""

    name: str
    range: Range
    """Of the name."""
    extent: Range
    """Where code belongs to it, but for what an inner or a later one has."""


def word_at(source: PerlSource, point: Point) -> Word | None:
    """The word at `point`, or that ends there; None where there is none of these kinds."""
    for column in (point.column, point.column - 1):
        node = _leaf(source, Point(point.line, column)) if column >= 0 else None
        found = _word(source, node) if node is not None else None
        if found is not None and point in found.range:
            return found
    return None


def packages_of(source: PerlSource) -> tuple[DeclaredPackage, ...]:
    """Every package that the text declares outside of a sub, in the order of the text."""
    return tuple(_packages(source, source.root))


def package_at(source: PerlSource, point: Point) -> str:
    """The package of the code at `point`."""
    inside = [package for package in packages_of(source) if package.extent.start <= point < package.extent.end]
    return inside[-1].name if inside else "main"


def _packages(source: PerlSource, node: Node) -> Iterator[DeclaredPackage]:
    for child in node.named_children:
        name = child.child_by_field_name("name") if child.type in _PACKAGES else None
        if name is not None:
            outer = child if child.children[-1].type == "block" else node
            extent = Range(source.range(child).start, source.range(outer).end)
            yield DeclaredPackage(source.string(name), source.range(name), extent)
        if child.type in _NESTING:
            yield from _packages(source, child)


def _leaf(source: PerlSource, point: Point) -> Node | None:
    if not 1 <= point.line <= source.line_count:
        return None
    column = len(source.line(point.line)[: point.column].encode("utf-8", "replace"))
    return source.root.named_descendant_for_point_range((point.line - 1, column), (point.line - 1, column))


def _word(source: PerlSource, node: Node) -> Word | None:
    above = node.parent
    if above is None:
        return None
    if node.type == "package":
        kind = WordKind.DECLARED_PACKAGE if above.type in _PACKAGES else WordKind.PACKAGE
        return Word(kind, source.string(node), source.range(node))
    if node.type == "bareword":
        called_on = above.type == "method_call_expression" and is_field(node, "invocant")
        return Word(WordKind.PACKAGE if called_on else WordKind.HANDLE, source.string(node), source.range(node))
    if node.type == "filehandle":
        return Word(WordKind.HANDLE, source.string(node), source.range(node))
    literally = above if node.type == "string_content" else node
    text = literal(literally)
    if text is None or literally.parent is None:
        return None
    kind_of_text = _kind_of_literal(literally)
    if kind_of_text is None or (kind_of_text is WordKind.PACKAGE and not _NAME.fullmatch(text)):
        return None
    return Word(kind_of_text, text, source.range(node))


def _kind_of_literal(node: Node) -> WordKind | None:
    if is_field(node, "key") or (node.next_sibling is not None and node.next_sibling.type == "=>"):
        return WordKind.KEY
    above = node.parent
    while above is not None and above.type in ("list_expression", "parenthesized_expression"):
        above = above.parent
    return WordKind.PACKAGE if above is not None and above.type == "use_statement" else None
