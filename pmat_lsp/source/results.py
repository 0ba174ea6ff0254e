"""Where the value of a statement goes: perl drops it, or gives it to the callers of a sub, or to an expression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from pmat_lsp.source.first_statement import SUB_TYPES
from pmat_lsp.source.lexicals import SubNode
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import ancestors, everything, list_items

_GIVES = frozenset({"do_expression", "eval_expression", "map_grep_expression", "sort_expression"})
"""The value of their block is theirs."""
_CLIMBED = frozenset(
    {
        "conditional_statement",
        "elsif",
        "else",
        "loop_statement",
        "for_statement",
        "cstyle_for_statement",
        "try_statement",
        "block_statement",
    }
)
_ENDS = frozenset({"package_statement", "class_statement", "role_statement", "phaser_statement", "defer_statement"})


@dataclass(frozen=True)
class Dropped:
    """Nothing takes the value."""


@dataclass(frozen=True)
class Returned:
    """The value is that of a sub, if the statement is the last one that runs."""

    sub: SubNode


@dataclass(frozen=True)
class Given:
    """The value is that of an expression, such as a `do` block."""

    node: Node


def result_of(source: PerlSource, statement: Node) -> Dropped | Returned | Given | None:
    """Where the value of a statement goes; None where that is not known."""
    block = statement.parent
    if block is None or block.type == "source_file":
        return Dropped()
    owner = block if block.type == "block_statement" else block.parent
    sub = source.lexicals.sub_with_body(block)
    if sub is not None:
        return Returned(sub) if _is_last(statement) else Dropped()
    if owner is None or owner.type in _ENDS:
        return Dropped()
    if owner.type in _GIVES:
        return Given(owner) if _is_last(statement) else Dropped()
    if owner.type not in _CLIMBED:
        return None
    if not _is_last(statement):
        return Dropped()
    outermost = owner
    while outermost.type in ("elsif", "else") and outermost.parent is not None:
        outermost = outermost.parent
    return result_of(source, outermost)


def sub_returning(source: PerlSource, node: Node) -> SubNode | None:
    """The sub that a `return` at `node` ends."""
    for outer in ancestors(node):
        if outer.type in SUB_TYPES or outer.type == "block":
            found = source.lexicals.sub_with_body(outer) or source.lexicals.sub_as_whole(outer)
            if found is not None:
                return found
    return None


def results_of(source: PerlSource, sub: SubNode) -> Iterator[Node]:
    """The expressions whose values a sub returns."""
    for node in everything(sub.body):
        if node.type == "return_expression" and node.named_children and sub_returning(source, node) is sub:
            yield from list_items(node.named_children[0])
        elif node.type == "expression_statement" and node.named_children:
            result = result_of(source, node)
            inner = node.named_children[0]
            if isinstance(result, Returned) and result.sub is sub and inner.type != "return_expression":
                yield inner


def _is_last(statement: Node) -> bool:
    after = statement.next_named_sibling
    while after is not None and after.type in ("comment", "pod", "data_section", "heredoc_content"):
        after = after.next_named_sibling
    return after is None
