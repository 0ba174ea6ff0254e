"""A callback that an object calls once, when it is closed: from then on it need not keep it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tree_sitter import Node

from pmat_lsp.source.edits import Edit
from pmat_lsp.source.parameters import sub_around
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import container_of, everything, is_field, literal_key

_CLOSES = re.compile(
    r"_?(?:close|closed|disconnect|disconnected|stop|finish|done|shut_?down|hang_?up|quit|cancel|end|destroy)$",
    re.IGNORECASE,
)
_STANDS_ALONE = frozenset({"expression_statement", "return_expression"})


@dataclass(frozen=True)
class LastCall:
    """The only call of a callback, `$self->{key}->(…)`, in a method that ends the use of its object."""

    source: PerlSource
    method: str
    """With its package."""
    callback: str
    """`$self->{key}`."""
    edit: Edit
    """Takes the callback out of the object as it is called."""


def last_call(sources: Iterable[PerlSource], package: str, key: str) -> LastCall | None:
    """Where objects of `package` call what they keep as `key`; None unless that is one place, and a closing method."""
    calls = [(source, node) for source in sources for node in everything(source.root) if _calls(node, key)]
    if len(calls) != 1:
        return None
    source, call = calls[0]
    callback = call.children[0]
    method = sub_around(source, call)
    if method is None or method.name is None or not _stands_alone(call):
        return None
    owner, _, name = method.name.rpartition("::")
    if owner != package or not _CLOSES.match(name) or container_of(callback).type != "scalar":
        return None
    text = source.string(callback)
    return LastCall(source, method.name, text, Edit(source.range(callback), f"( delete {text} )"))


def _calls(node: Node, key: str) -> bool:
    return node.type == "coderef_call_expression" and literal_key(node.children[0]) == key


def _stands_alone(call: Node) -> bool:
    """Whether a parenthesis may stand at its beginning: no name of a function is before it."""
    above = call.parent
    if above is not None and above.type == "postfix_conditional_expression" and not is_field(call, "condition"):
        above = above.parent
    return above is not None and above.type in _STANDS_ALONE
