"""A reference that is stored under a key of an object: how it is weakened where that is done."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from pmat_lsp.source.edits import Edit, insert_behind
from pmat_lsp.source.first_statement import SUB_TYPES
from pmat_lsp.source.imports import weaken_import
from pmat_lsp.source.key_stores import KeyStore, StoreKind, is_new
from pmat_lsp.source.model import Range
from pmat_lsp.source.parameters import sub_around
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import (
    BLOCKS,
    ELEMENTS,
    ancestors,
    dereferenced,
    list_items,
    literal,
)


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

    @property
    def is_value_of_sub(self) -> bool:
        """Whether the statement is the last of its sub: its callers may use its value, which is another one then."""
        block = self.statement.parent
        after = [child for child in block.named_children if child.type != "comment"] if block is not None else []
        return bool(after) and after[-1] == self.statement and sub_around(self.source, self.statement) is not None

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


def store_of(found: KeyStore) -> Store | None:
    """The statement that a place of `key_stores` is in, and what leads to the reference behind it.

    None where nothing in the text leads to the reference behind the statement, or where what is stored is made there:
    then nothing else holds it.
    """
    if found.value is not None and is_new(found.source, found.value):
        return None
    statement, expression = _statement(found.node)
    if statement is None or expression is None:
        return None
    target = _target(found, expression)
    if target is None:
        return None
    is_plain = expression.parent == statement
    return Store(found.source, statement, target, is_plain and _is_same(found))


def _statement(node: Node) -> tuple[Node | None, Node | None]:
    """(the statement around a node, what it does: an assignment or a call), a condition behind it left out."""
    inner = node
    for outer in ancestors(node):
        if outer.type == "expression_statement":
            return outer, inner
        if outer.type in BLOCKS or outer.type in SUB_TYPES:
            break
        if outer.type != "postfix_conditional_expression":
            inner = outer
    return None, None


def _target(found: KeyStore, expression: Node) -> str | None:
    """The expression that leads to the reference once it is stored."""
    source, subscript = found.source, _subscript(found)
    if found.kind is StoreKind.ASSIGNED:
        left = expression.child_by_field_name("left") if expression.type == "assignment_expression" else None
        return source.string(left) if left is not None and left.type in ELEMENTS else None
    if found.kind is StoreKind.SET and found.base is not None and subscript is not None:
        return f"{source.string(found.base)}->{subscript}" if _is_call(expression, found.node) else None
    if found.kind is StoreKind.ADDED:
        pushed = _pushed(source, expression)
        return f"{pushed}[-1]" if pushed is not None else None
    if found.kind not in (StoreKind.INITIAL, StoreKind.ARGUMENT) or subscript is None:
        return None
    if found.base is not None and expression.type == "assignment_expression":
        base = source.string(found.base)
        if found.base.type == "scalar":
            return f"{base}->{subscript}"
        return f"{base}{subscript}" if found.base.type in ELEMENTS else None
    pushed = _pushed(source, expression)
    is_last = pushed is not None and list_items(expression.child_by_field_name("arguments"))[-1] == found.made
    return f"{pushed}[-1]{subscript}" if is_last else None


def _subscript(found: KeyStore) -> str | None:
    if found.kind is StoreKind.SET:
        return f"{{{found.source.string(found.node)}}}"
    key = literal(found.node)
    if key is not None:
        return f"{{{found.source.string(found.node)}}}"
    at = found.made.named_children if found.made is not None and found.made.type == "anonymous_array_expression" else []
    items = [item for child in at for item in list_items(child)]
    return f"[{items.index(found.node)}]" if found.node in items else None


def _is_call(expression: Node, method: Node) -> bool:
    return expression.type == "method_call_expression" and expression.child_by_field_name("method") == method


def _pushed(source: PerlSource, expression: Node) -> str | None:
    """`$self->{kids}` of `push @{ $self->{kids} }, …`, with an arrow where an element needs it."""
    if not expression.children or source.string(expression.children[0]) != "push":
        return None
    items = list_items(expression.child_by_field_name("arguments"))
    if len(items) != 2 or items[0].type != "array":
        return None
    inner = dereferenced(items[0])
    if inner is None:
        return f"${source.string(items[0])[1:]}" if source.string(items[0])[1:].isidentifier() else None
    if inner.type == "scalar":
        return f"{source.string(inner)}->"
    return source.string(inner) if inner.type in ELEMENTS else None


def _is_same(found: KeyStore) -> bool:
    """Whether the object is stored in itself."""
    if found.base is None or found.value is None or found.kind is not StoreKind.ASSIGNED:
        return False
    base = found.source.lexicals.declaration_at(found.base)
    return base is not None and base is found.source.lexicals.declaration_at(found.value)
