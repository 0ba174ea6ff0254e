"""Small questions about nodes of the syntax tree that several modules of this floor ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tree_sitter import Node

if TYPE_CHECKING:
    from pmat_lsp.source.perl import PerlSource

ELEMENTS = frozenset({"hash_element_expression", "array_element_expression"})
STRINGS = frozenset({"string_content", "regexp_content", "replacement", "heredoc_content", "command_string"})
"""What holds text in which variables are interpolated."""

LISTS = frozenset({"list_expression", "parenthesized_expression"})
CALLS = frozenset({"function_call_expression", "ambiguous_function_call_expression"})
"""Calls of functions by their names."""
NAMED_CALLS = CALLS | {"method_call_expression"}
SLICES = frozenset({"slice_expression", "keyval_expression"})
NAMED_CONTAINERS = frozenset({"container_variable", "slice_container_variable", "keyval_container_variable"})
"""What elements and slices are taken from where no arrow stands."""
COMPARISONS = frozenset({"equality_expression", "relational_expression", "logical_not_expression"})
CONDITIONS = frozenset({"conditional_statement", "elsif", "loop_statement", "cstyle_for_statement"})
"""Statements that only test an expression which is directly in them."""
CHOOSES = frozenset({"//", "||", "&&", "or", "and"})
"""Operators whose value is one of their operands."""
ASSIGNS = frozenset({"=", "//=", "||=", "&&="})

_CHANGES = frozenset(
    {"undef_expression", "refgen_expression", "postinc_expression", "preinc_expression", "localization_expression"}
)


BLOCKS = frozenset({"block", "block_statement", "source_file"})
"""What statements stand in."""


def ancestors(node: Node) -> Iterator[Node]:
    """The nodes around `node`, the nearest first."""
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def everything(root: Node) -> Iterator[Node]:
    """`root` and all that is in it, in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def is_field(node: Node, field: str) -> bool:
    """Whether `node` is the child of its parent that the grammar calls `field`."""
    above = node.parent
    return above is not None and node in above.children_by_field_name(field)


def container_of(element: Node) -> Node:
    """What an element is taken from: `$self` of `$self->{x}`, `$args` of `$args{x}`."""
    return element.named_children[0]


def whole_access(node: Node) -> Node:
    """The longest chain of subscripts that begins with `node`: `$x->{a}[0]` for its `$x->{a}`."""
    above = node.parent
    while above is not None and above.type in ELEMENTS and container_of(above) == node:
        node, above = above, above.parent
    return node


def innermost_access(node: Node) -> Node:
    """The first subscript of a chain: `$x->{a}` of `$x->{a}[0]`."""
    while container_of(node).type in ELEMENTS:
        node = container_of(node)
    return node


def literal_key(element: Node) -> str | None:
    """The key of `{key}` or `{'key'}`, None where it is computed or where it is no hash element."""
    key = element.child_by_field_name("key")
    return None if key is None else literal(key)


def literal(node: Node) -> str | None:
    """The text of a word or of a string in which nothing is interpolated."""
    if node.type in ("autoquoted_bareword", "bareword"):
        return _text(node)
    if node.type in ("string_literal", "interpolated_string_literal"):
        content = node.child_by_field_name("content")
        if content is None:
            return ""
        return None if content.named_child_count else _text(content)
    return None


def dereferenced(node: Node) -> Node | None:
    """The expression whose referent `@$x`, `@{ … }` or `%$x` means; None for `@x`."""
    name = next((child for child in node.named_children if child.type in ("varname", "block")), None)
    if name is None or not name.named_child_count:
        return None
    inner = name.named_children[0]
    if inner.type == "block" and inner.named_child_count == 1:
        inner = inner.named_children[0]
    if inner.type == "expression_statement" and inner.named_child_count == 1:
        inner = inner.named_children[0]
    return inner


def list_items(node: Node | None) -> list[Node]:
    """The expressions of a list, of one in parentheses too; a single expression is a list of one."""
    if node is None:
        return []
    if node.type == "parenthesized_expression" and node.named_child_count == 1:
        return list_items(node.named_children[0])
    if node.type == "list_expression":
        return [child for child in node.named_children if child.type != "comment"]
    return [] if node.type == "stub_expression" else [node]


def key_before(item: Node) -> str | None:
    """`key` of `key => item`."""
    arrow = item.prev_sibling
    if arrow is None or arrow.type != "=>" or arrow.prev_sibling is None:
        return None
    return literal(arrow.prev_sibling)


def statement_around(node: Node) -> Node | None:
    """The statement that `node` is part of: the nearest child of a block or of the file."""
    for inner, outer in zip([node, *ancestors(node)], ancestors(node), strict=False):
        if outer.type in BLOCKS:
            return inner
    return None


def outermost_list(node: Node) -> Node:
    """The outermost list or parenthesis that a node is an item of; the node itself where it is in none."""
    while node.parent is not None and node.parent.type in LISTS:
        node = node.parent
    return node


def operator_of(source: PerlSource, node: Node) -> str:
    """The operator of an expression with two sides."""
    operator = node.child_by_field_name("operator")
    return source.string(operator) if operator is not None else ""


def referred_by(node: Node) -> Node | None:
    """The expression whose referent `@$x`, `$x->@*`, `@{$x}{…}` or the container of `$$x{…}` means."""
    if node.type in SLICES or node.type.endswith("_deref_expression"):
        inner = next(iter(node.named_children), None)
        return referred_by(inner) if inner is not None and inner.type in NAMED_CONTAINERS else inner
    name = next((child for child in node.named_children if child.type in ("varname", "block")), None)
    if name is None or (name.type == "varname" and not name.named_child_count):
        return None
    inner = name if name.type == "block" else name.named_children[0]
    while inner.type in ("block", "expression_statement"):
        if inner.named_child_count != 1:
            return None
        inner = inner.named_children[0]
    return inner


def is_changed(node: Node) -> bool:
    """Whether the variable itself may get another value here."""
    above = node.parent
    if above is None or above.type in _CHANGES:
        return True
    outer = node
    while outer.parent is not None and outer.parent.type in ("list_expression", "parenthesized_expression"):
        outer = outer.parent
    if outer.parent is None:
        return False
    if outer.parent.type == "assignment_expression":
        return is_field(outer, "left")
    return outer.parent.type == "for_statement" and is_field(outer, "variable")


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
