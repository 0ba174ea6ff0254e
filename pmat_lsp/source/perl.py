"""A Perl source text as plain data: its subs, its variables and what they mean, and the lines that perl records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tree_sitter import Node

from pmat_lsp.source.directives import LineDirectives
from pmat_lsp.source.lexicals import Declaration, Lexicals, SubNode
from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.parsing import LONGEST_PARSE, Parsed, parse, parse_at_once
from pmat_lsp.source.text import SourceText

_EMPTY = parse_at_once(b"\n")


class Variable(NamedTuple):
    """A variable in the text."""

    name: str
    """As it is declared: `@x` for `$x[0]`, `$x` for `@$x`."""
    range: Range


@dataclass(frozen=True, slots=True)
class Sub:
    """A sub with a body: named or anonymous, `sub` or `method`. All lines are 1-based lines on disk."""

    index: int
    """Its place in `PerlSource.subs`."""
    name: str | None
    """With its package: `Net::Conn::close`; None for an anonymous sub."""
    keyword: Range
    """The word `sub` or `method`; before a block that is an anonymous sub, the name of the function that takes it."""
    whole: Range
    body: Range
    """The block, braces included."""
    first_statement_line: int | None
    """The line that perl 5.36 records for this sub, None if it records none."""
    first_lines: tuple[int, int] | None
    """The smallest and the largest line that any perl may record for it."""
    parent: int | None
    """Index of the sub around it."""
    uses: dict[str, tuple[Range, ...]] = field(repr=False, hash=False)
    """Every variable used in it, in the subs inside it too, named as declared."""
    declares: dict[str, tuple[Range, ...]] = field(repr=False, hash=False)
    """Every name that it declares itself, not in the subs inside it. A method declares `$self` at its keyword."""
    string_eval: bool
    """Whether it evaluates a string, which may use variables that `uses` does not have."""


class PerlSource:
    """A Perl text, parsed once. Where the parser meets an error, everything outside of it still works.

    A text that takes longer than `seconds` to parse has no subs and no variables, but its lines. `before` is the text
    that it was made of by a change.
    """

    def __init__(
        self,
        text: str,
        path: Path | None = None,
        seconds: float = LONGEST_PARSE,
        before: PerlSource | None = None,
    ) -> None:
        self.text = text
        self.path = path
        """The file, where it is known."""
        self._text = SourceText(text)
        # The parser's tree must outlive the nodes that the walk keeps. At the end of a text without a line feed the
        # grammar's scanner never comes back from a here-document that is not ended yet, as it is while one is typed.
        data = self._text.data + b"\n"
        tree = parse(data, seconds, before._parsed if before is not None else None) if seconds else None
        self.is_parsed = tree is not None
        """Whether there was time to parse it."""
        self._parsed: Parsed | None = Parsed(data, tree) if tree is not None else None
        self._tree = tree or _EMPTY
        self._lexicals = Lexicals(self._tree.root_node, self._text)
        self._directives = LineDirectives(self._text.lines)
        self._ranges: dict[int, Range] = {}

    @property
    def root(self) -> Node:
        """The syntax tree, for this floor alone."""
        return self._tree.root_node

    @property
    def lexicals(self) -> Lexicals:
        """What the walk found, for this floor alone."""
        return self._lexicals

    def string(self, node: Node) -> str:
        """The text of a node of its tree."""
        return self._text.string(node)

    def line(self, number: int) -> str:
        """The 1-based line without its line feed; a carriage return at its end is kept."""
        return self._text.lines[number - 1]

    @property
    def line_count(self) -> int:
        """Lines of the text; an empty text has one."""
        return len(self._text.lines)

    def whole_line(self, line: int) -> Range | None:
        """The 1-based `line` on disk without the blanks around it, None if there is no such line."""
        return self._text.whole_line(line)

    @cached_property
    def subs(self) -> tuple[Sub, ...]:
        """Every sub in the order in which they start."""
        nodes = self._lexicals.subs
        uses: list[dict[str, list[Range]]] = [{} for _ in nodes]
        declares: list[dict[str, list[Range]]] = [{} for _ in nodes]
        for use in self._lexicals.uses:
            for sub in self._chain(use.sub):
                uses[sub].setdefault(use.name, []).append(self.range(use.node))
        for declaration in self._lexicals.declarations:
            if declaration.sub is not None:
                declares[declaration.sub].setdefault(declaration.name, []).append(self.range(declaration.node))
        return tuple(
            self._sub(index, node, _frozen(uses[index]), _frozen(declares[index])) for index, node in enumerate(nodes)
        )

    @cached_property
    def _outside(self) -> tuple[dict[str, bool], ...]:
        """For each sub the names that it uses and that are declared outside; True where each of them is an `our`."""
        outside: list[dict[str, bool]] = [{} for _ in self._lexicals.subs]
        for use in self._lexicals.uses:
            if use.declaration is None:
                continue
            declared_in = set(self._chain(use.declaration.sub))
            is_our = use.declaration.keyword == "our"
            for sub in self._chain(use.sub):
                if sub not in declared_in:
                    outside[sub][use.name] = outside[sub].get(use.name, True) and is_our
        return tuple(outside)

    def captures(self, sub: Sub) -> frozenset[str]:
        """The lexicals that `sub` (or a sub inside it) uses and that are declared outside of it; no `our`."""
        return frozenset(name for name, is_our in self._outside[sub.index].items() if not is_our)

    def package_variables(self, sub: Sub) -> frozenset[str]:
        """The names declared by an `our` outside of `sub` that it uses: perl may list them in its pad."""
        return frozenset(name for name, is_our in self._outside[sub.index].items() if is_our)

    def our_names(self, sub: Sub) -> frozenset[str]:
        """The names that `sub` itself declares with `our` alone."""
        return self._our_names[sub.index]

    @cached_property
    def _our_names(self) -> tuple[frozenset[str], ...]:
        ours: list[set[str]] = [set() for _ in self._lexicals.subs]
        others: list[set[str]] = [set() for _ in self._lexicals.subs]
        for declaration in self._lexicals.declarations:
            if declaration.sub is not None:
                kind = ours if declaration.keyword == "our" else others
                kind[declaration.sub].add(declaration.name)
        return tuple(frozenset(mine - other) for mine, other in zip(ours, others, strict=True))

    def declaration(self, name: str, at: Point) -> Range | None:
        """The declaration that `name` means at `at`, None if the text has none there.

        On a declaration itself that is the one that stands there.
        """
        for declaration in self._lexicals.declarations:
            if declaration.name == name and at in self.range(declaration.node):
                return self.range(declaration.node)
        found = self._find(name, at)
        return self.range(found.node) if found is not None else None

    def is_our(self, name: str, declaration: Range) -> bool:
        """Whether the declaration of `name` that stands there is an `our`: the variable is one of a package."""
        return any(
            found.keyword == "our" and found.name == name and self.range(found.node) == declaration
            for found in self._lexicals.declarations
        )

    def declaration_outside(self, sub: Sub, name: str) -> Range | None:
        """The declaration outside of `sub` of a `name` that it captures, None if it captures no such name."""
        for use in self._lexicals.uses:
            found = use.declaration
            if use.name != name or found is None or sub.index not in self._chain(use.sub):
                continue
            if sub.index not in self._chain(found.sub):
                return self.range(found.node)
        return None

    def uses_from_outside(self, sub: Sub, name: str) -> tuple[Range, ...]:
        """Where `sub` uses a `name` that is declared outside of it."""
        return tuple(
            self.range(use.node)
            for use in self._lexicals.uses
            if use.name == name
            and use.declaration is not None
            and sub.index in self._chain(use.sub)
            and sub.index not in self._chain(use.declaration.sub)
        )

    def variable_at(self, point: Point) -> Variable | None:
        """The variable, used or declared, at `point`."""
        for name, node in self._variables_of_line.get(point.line, ()):
            found = self.range(node)
            if point in found:
                return Variable(name, found)
        return None

    def sub_at(self, point: Point) -> Sub | None:
        """The innermost sub that holds `point`."""
        inside = [sub for sub in self.subs if point in sub.whole]
        return inside[-1] if inside else None

    def sub_keyword_at(self, point: Point) -> Sub | None:
        """The sub whose `sub` or `method` stands at `point`."""
        return next((sub for sub in self.subs if point in sub.keyword), None)

    def hash_key_stores(self, key: str) -> tuple[Range, ...]:
        """The places that store the hash key `key`: in `->{key} =` or `key =>`, the key alone."""
        return tuple(self.range(node) for node in self._lexicals.key_stores.get(key, ()))

    def nodes_of_word(self, word: str) -> Iterator[Node]:
        """The smallest nodes at which a word stands, in the order of the text."""
        pattern = rb"(?<!\w)" + re.escape(word.encode("utf-8", "replace")) + rb"(?!\w)"
        for found in re.finditer(pattern, self._text.data):
            node = self.root.named_descendant_for_byte_range(found.start(), found.end())
            if node is not None:
                yield node

    def recorded_line(self, disk_line: int) -> tuple[str | None, int]:
        """The file (None: the file itself) and line that perl records for the 1-based `disk_line`."""
        return self._directives.recorded_line(disk_line)

    def disk_lines(self, file: str | None, recorded: int) -> tuple[int, ...]:
        """Every 1-based line on disk that perl records as line `recorded` of `file` (None: the file itself)."""
        return self._directives.disk_lines(file, recorded)

    @cached_property
    def _variables_of_line(self) -> dict[int, list[tuple[str, Node]]]:
        lines: dict[int, list[tuple[str, Node]]] = {}
        named = [(declaration.name, declaration.node) for declaration in self._lexicals.declarations]
        named += [(use.name, use.node) for use in self._lexicals.uses]
        for name, node in named:
            if node.type != "method":
                lines.setdefault(node.start_point[0] + 1, []).append((name, node))
        return lines

    def _find(self, name: str, at: Point) -> Declaration | None:
        offset = self._text.offset(at)
        return self._lexicals.scope_at(offset).find(name, offset)

    def range(self, node: Node) -> Range:
        """Where a node of its tree stands."""
        found = self._ranges.get(node.id)
        if found is None:
            found = self._ranges[node.id] = self._text.range(node)
        return found

    def node_at(self, place: Range) -> Node:
        """The largest node of its tree that stands at `place`, or the smallest one around it."""
        start, end = (self._text.offset(point) for point in place)
        node = self.root.descendant_for_byte_range(start, end) or self.root
        while node.parent is not None and (node.parent.start_byte, node.parent.end_byte) == (start, end):
            node = node.parent
        return node

    def _chain(self, sub: int | None) -> list[int]:
        """`sub` and the subs around it."""
        chain: list[int] = []
        while sub is not None:
            chain.append(sub)
            sub = self._lexicals.subs[sub].parent
        return chain

    def _sub(
        self, index: int, node: SubNode, uses: dict[str, tuple[Range, ...]], declares: dict[str, tuple[Range, ...]]
    ) -> Sub:
        return Sub(
            index=index,
            name=node.name,
            keyword=self.range(node.keyword),
            whole=self.range(node.whole),
            body=self.range(node.body),
            first_statement_line=node.first.line if node.first else None,
            first_lines=(node.first.first, node.first.last) if node.first else None,
            parent=node.parent,
            uses=uses,
            declares=declares,
            string_eval=node.string_eval,
        )


def _frozen(found: dict[str, list[Range]]) -> dict[str, tuple[Range, ...]]:
    return {name: tuple(ranges) for name, ranges in found.items()}
