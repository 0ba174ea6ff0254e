"""A reference that is stored under a key of an object: where, and how it is weakened there."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from pmat_lsp.source.edits import Edit, insert_behind
from pmat_lsp.source.imports import weaken_import
from pmat_lsp.source.lexicals import Declaration
from pmat_lsp.source.model import Range
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import ELEMENTS, ancestors, container_of, is_field, literal


@dataclass(frozen=True)
class Store:
    """A statement that stores one reference: `$child->{parent} = $self;`, `my $child = bless { parent => $p }, …;`."""

    source: PerlSource
    statement: Node
    target: str
    """What holds the reference then: `$child->{parent}`."""
    is_own: bool
    """The object is stored in itself: `$self->{me} = $self`."""

    @property
    def range(self) -> Range:
        """The statement, without its semicolon."""
        return self.source.range(self.statement)

    def weaken(self) -> list[Edit] | None:
        """Weaken the reference once it is stored; None where that cannot be written."""
        imports = weaken_import(self.source, self.statement)
        if imports is None:
            return None
        semicolon = self.statement.next_sibling
        # Perl would not weaken what is no reference, as that of the topmost object may be none.
        statement = f"weaken( {self.target} );" if self.is_own else f"weaken( {self.target} ) if ref {self.target};"
        if semicolon is not None and semicolon.type == ";":
            return [*imports, insert_behind(self.source, self.source.range(semicolon).end, statement)]
        end = self.source.range(self.statement).end
        return [*imports, Edit(Range(end, end), f"; {statement.removesuffix(';')}")]


def store_at(source: PerlSource, key: Range) -> Store | None:
    """The store whose key stands at `key`; None where it is none that can be weakened behind its statement."""
    node = source.root.descendant_for_point_range(*_points(source, key))
    while node is not None and source.range(node) != key:
        node = node.parent
    outer = list(ancestors(node)) if node is not None else []
    statement = next((one for one in outer if one.type == "expression_statement"), None)
    if node is None or statement is None or statement.named_children[0].type != "assignment_expression":
        return None
    assignment = statement.named_children[0]
    operator = assignment.child_by_field_name("operator")
    left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
    if left is None or right is None or operator is None or source.string(operator) != "=":
        return None
    if left.type in ELEMENTS and _is_in(node, left):
        base = container_of(left)
        if base.type != "scalar" or right.type != "scalar":
            return None
        own = source.lexicals.declaration_at(base), source.lexicals.declaration_at(right)
        return Store(source, statement, source.string(left), own[0] is not None and own[0] is own[1])
    return _in_constructor(source, statement, node, left, right)


def _in_constructor(source: PerlSource, statement: Node, node: Node, left: Node, right: Node) -> Store | None:
    """`my $self = bless { parent => $parent }, $class;`."""
    variable = left.child_by_field_name("variable") if left.type == "variable_declaration" else None
    if variable is None or variable.type != "scalar" or source.string(right.children[0]) != "bless":
        return None
    pairs = node.parent
    arguments = right.child_by_field_name("arguments")
    made = arguments.named_children[0] if arguments is not None and arguments.type == "list_expression" else None
    if pairs is None or made is None or made.type != "anonymous_hash_expression":
        return None
    at = pairs.children.index(node)
    value = pairs.children[at + 2] if at + 2 < len(pairs.children) else None
    if pairs.parent != made or value is None or value.type != "scalar":
        return None
    meaning: Declaration | None = source.lexicals.declaration_at(value)
    if meaning is None:
        return None
    return Store(source, statement, f"{source.string(variable)}->{{{literal(node) or source.string(node)}}}", False)


def _is_in(node: Node, element: Node) -> bool:
    return is_field(node, "key") and node.parent == element


def _points(source: PerlSource, range_: Range) -> tuple[tuple[int, int], tuple[int, int]]:
    """A range as the tree counts: 0-based rows, columns in bytes."""
    start, end = (
        (point.line - 1, len(source.line(point.line)[: point.column].encode("utf-8", "replace"))) for point in range_
    )
    return start, end
