"""The line that perl records for a sub: that of the first statement operator which its code starts with.

Perl's parser has no position for a statement. While it reads tokens it keeps the smallest line of *some* of them
(`PL_copline` in perl's toke.c and perly.y), forgets it at an opening brace and behind an anonymous sub, and gives what
is left to the statement. So a statement of many lines can have the number of its first, its last, or one between.
The functions here follow these rules on tree-sitter's tokens. Measured with perl 5.36 (`B::START->line`); since other
perls may differ, the span of lines that are possible is given too.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from tree_sitter import Node

SUB_TYPES = frozenset(
    {
        "subroutine_declaration_statement",
        "method_declaration_statement",
        "anonymous_subroutine_expression",
        "anonymous_method_expression",
    }
)
_TRIVIA = frozenset({"comment", "pod", "heredoc_content"})
_NOT_EXECUTED = frozenset(
    {
        "subroutine_declaration_statement",
        "method_declaration_statement",
        "package_statement",
        "class_statement",
        "role_statement",
        "use_statement",
        "use_version_statement",
        "phaser_statement",
        "class_phaser_statement",
    }
)
_LOOPS_AND_CONDITIONS = frozenset(
    {
        "conditional_statement",
        "loop_statement",
        "for_statement",
        "cstyle_for_statement",
        "try_statement",
        "defer_statement",
    }
)
_ONE_TOKEN = frozenset(
    {
        "number",
        "version",
        "string_literal",
        "interpolated_string_literal",
        "match_regexp",
        "quoted_regexp",
        "substitution_regexp",
        "transliteration_expression",
        "quoted_word_list",
        "command_string",
        "heredoc_token",
        "readline_expression",
        "bareword",
        "package",
        "function",
        "label",
    }
)
_CONSTANTS = frozenset({"number", "string_literal"})
_SUBSCRIPTED = frozenset({"hash_element_expression", "slice_expression", "keyval_expression"})


class FirstStatement(NamedTuple):
    """Where perl sees the beginning of a sub. All lines are 1-based lines on disk."""

    line: int
    """The line that perl 5.36 records."""
    first: int
    """The smallest line that any perl may record."""
    last: int
    """The largest one."""


class _Effect(Enum):
    """What a token does to the line that perl keeps."""

    NOTHING = auto()
    KEEP = auto()
    """Its own line is kept if it is the smallest."""
    KEEP_NEXT = auto()
    """The same with the line of the next token: perl skips blanks before it looks at its line."""
    FORGET = auto()
    REPLACE = auto()
    """A block: what was kept is forgotten, the block's line is kept."""


class _Token(NamedTuple):
    effect: _Effect
    line: int
    block_line: int = 0


def first_statement(body: Node, parentheses: Node | None) -> FirstStatement | None:
    """The first statement of a sub with the block `body`; None if it has no statement that perl numbers.

    `parentheses` is the signature or prototype between `sub` and `body`, None where there is none.
    """
    if parentheses is not None and parentheses.type == "signature":
        return FirstStatement(_line(body), _line(parentheses), _line(body))
    found = _first_of_block(body)
    # `()` is an empty signature, the first statement, or an empty prototype: the text alone does not tell.
    if found and parentheses is not None and parentheses.text == b"()":
        return found._replace(first=_line(parentheses))
    return found


def takes_block(call: Node | None) -> bool:
    """Whether a call is one of a function of the program with a block in front, `reduce { … } @list`.

    That block is an anonymous sub; the one of `print { $handle } …` is none.
    """
    if call is None or call.type != "ambiguous_function_call_expression":
        return False
    function = call.child_by_field_name("function")
    given = next((child for child in call.named_children if child.type == "indirect_object"), None)
    if function is None or function.child_count or given is None:
        return False
    return given.children[0].type in ("block", "{")


def _first_of_block(body: Node) -> FirstStatement | None:
    children = [child for child in body.children if child.type not in _TRIVIA]
    statements = [index for index, child in enumerate(children) if child.is_named and child.type not in _NOT_EXECUTED]
    if not statements:
        declares = any(child.type in _NOT_EXECUTED for child in children)
        return None if declares else FirstStatement(_line(body), _line(body), _line(children[-1]))
    index = next((i for i in statements if not _optimised_away(children[i])), statements[-1])
    following = children[index + 1] if index + 1 < len(children) else None
    statement = children[index]
    last = statement.end_point[0] + 1 if following is None else max(statement.end_point[0] + 1, _line(following))
    return FirstStatement(_statement_line(statement, following), _line(statement), last)


def _line(node: Node) -> int:
    return node.start_point[0] + 1


def _optimised_away(statement: Node) -> bool:
    """Whether nothing is left of a statement that is not the last one: `1;`, `our $x;`, `if (0) { … }`."""
    if statement.type == "conditional_statement":
        condition = statement.child_by_field_name("condition")
        return condition is not None and condition.text == b"0" and statement.children[-1].type == "block"
    if statement.type != "expression_statement" or statement.named_child_count != 1:
        return False
    inner = statement.named_children[0]
    if inner.type == "variable_declaration":
        return inner.children[0].type == "our"
    return inner.type in _CONSTANTS or inner.text == b"__PACKAGE__" or _is_plain_string(inner)


def _is_plain_string(node: Node) -> bool:
    """Whether it is a string in double quotes with nothing interpolated."""
    content = node.child_by_field_name("content")
    return node.type == "interpolated_string_literal" and (content is None or content.named_child_count == 0)


def _statement_line(statement: Node, following: Node | None) -> int:
    if statement.type in _LOOPS_AND_CONDITIONS:
        return _line(statement)
    if statement.type == "block_statement":
        return _line_inside(statement)
    if statement.type == "statement_label":
        inner = statement.child_by_field_name("statement")
        return _statement_line(inner, following) if inner and inner.type in _LOOPS_AND_CONDITIONS else _line(statement)
    for loop in statement.named_children[:1]:
        if loop.type == "postfix_for_expression":
            return next((_line(child) for child in loop.children if child.type in ("for", "foreach")), _line(loop))
    return _kept_line(statement, following)


def _kept_line(statement: Node, following: Node | None) -> int:
    tokens = list(_tokens(statement))
    if following is not None:
        tokens.append(_Token(_Effect.KEEP if following.type == ";" else _Effect.NOTHING, _line(following)))
    kept: int | None = None
    for index, token in enumerate(tokens):
        if token.effect is _Effect.FORGET:
            kept = None
        elif token.effect is _Effect.REPLACE:
            kept = token.block_line
        elif token.effect is _Effect.KEEP:
            kept = token.line if kept is None else min(kept, token.line)
        elif token.effect is _Effect.KEEP_NEXT:
            line = tokens[min(index + 1, len(tokens) - 1)].line
            kept = line if kept is None else min(kept, line)
    return kept if kept is not None else tokens[-1].line


def _tokens(statement: Node) -> Iterator[_Token]:
    stack: list[tuple[Node, str]] = [(statement, "")]
    while stack:
        node, parent = stack.pop()
        token = _token(node, parent)
        if token is not None:
            yield token
        elif node.type not in _TRIVIA:
            stack.extend((child, node.type) for child in reversed(node.children))


def _token(node: Node, parent: str) -> _Token | None:
    """What `node` does as one token; None if its children have to be looked at."""
    kind, line = node.type, _line(node)
    if kind in SUB_TYPES or (kind == "indirect_object" and takes_block(node.parent)):
        return _Token(_Effect.FORGET, line)
    if kind == "block":
        plain = parent in ("do_expression", "eval_expression")
        return _Token(_Effect.REPLACE, line, line if plain else _line_inside(node))
    if kind in _ONE_TOKEN or (kind == "autoquoted_bareword" and parent not in _SUBSCRIPTED):
        return _Token(_Effect.KEEP, line)
    if kind in ("array", "hash") and _is_named(node):
        return _Token(_Effect.KEEP_NEXT if kind == "array" else _Effect.KEEP, line)
    if node.child_count:
        return None
    return _Token(_leaf_effect(kind, parent), line)


def _leaf_effect(kind: str, parent: str) -> _Effect:
    if kind in ("$", "$#", "]", "map", "grep", "sort", ";"):
        return _Effect.KEEP
    if kind in ("(", ")"):
        return _Effect.KEEP_NEXT
    if kind == "{" and parent != "anonymous_hash_expression":
        return _Effect.FORGET
    return _Effect.NOTHING


def _is_named(variable: Node) -> bool:
    """Whether it is `@name` and not `@$ref`."""
    names = variable.named_children
    return len(names) == 1 and names[0].named_child_count == 0


def _line_inside(block: Node) -> int:
    """Perl's lexer looks past the brace before it takes the line: that of the first token inside."""
    inside = [child for child in block.children[1:] if child.type not in _TRIVIA]
    return _line(inside[0]) if inside else _line(block)
