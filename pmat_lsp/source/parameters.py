"""The lexicals that take the arguments of a sub, and what is known of a lexical from its declaration."""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from pmat_lsp.source.lexicals import Declaration, SubNode
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import ancestors, everything, is_changed


@dataclass(frozen=True)
class Argument:
    """The lexical of a sub that gets an argument."""

    variable: Declaration
    key: str | None
    """Where the variable is a hash of named arguments."""


def argument_of(source: PerlSource, sub: SubNode, index: int, key: str | None) -> Argument | None:
    """The lexical that gets argument `index`, the invocant being 0, which `key =>` may stand before; None: unclear."""
    for position, node in enumerate(parameters_of(source, sub) or ()):
        declaration = declaration_of(source, node)
        if declaration is None:
            return None
        if node.type == "scalar" and position == index:
            return Argument(declaration, None)
        if node.type == "hash" and position <= index and key is not None:
            return Argument(declaration, key)
        if node.type != "scalar":
            return None
    return None


def invocant_of(source: PerlSource, sub: SubNode) -> Declaration | None:
    """The lexical that gets the first argument; None: there is none, or it is unclear."""
    parameters = parameters_of(source, sub)
    return declaration_of(source, parameters[0]) if parameters else None


def parameters_of(source: PerlSource, sub: SubNode) -> list[Node] | None:
    """The variables that take the arguments, in order: of a signature, or of `my (…) = @_` and `shift` at the start.

    None where the sub takes arguments in any other way, too.
    """
    signature = next((child for child in sub.whole.children if child.type == "signature"), None)
    if signature is not None:
        method = [sub.keyword] if sub.keyword.type == "method" else []
        return method + [parameter.named_children[0] for parameter in signature.named_children]
    found: list[Node] = []
    lists = shifts = 0
    for left, text in _leading_declarations(source, sub):
        if text == "shift":
            found += _declared(left)[:1]
            shifts += 1
        elif text == "@_":
            # `my $count = @_` takes none of them.
            found += [one for one in _declared(left) if one.type != "scalar" or _is_list(left)]
            lists = 1
            break
        else:
            break
    all_shifts = sum(1 for node in everything(sub.body) if node.type == "shift")
    return found if (_names_of_arguments(source, sub), all_shifts) == (lists, shifts) else None


def _declared(left: Node) -> list[Node]:
    return left.children_by_field_name("variable") + left.children_by_field_name("variables")


def _is_list(left: Node) -> bool:
    """`my ($x)`, not `my $x`."""
    return any(child.type == "(" for child in left.children)


def _leading_declarations(source: PerlSource, sub: SubNode) -> list[tuple[Node, str]]:
    """(`my …`, what is assigned to it) of each statement at the beginning of a sub."""
    found: list[tuple[Node, str]] = []
    for statement in sub.body.named_children:
        if statement.type == "comment":
            continue
        inner = statement.named_children[0] if statement.type == "expression_statement" else None
        left = inner.child_by_field_name("left") if inner and inner.type == "assignment_expression" else None
        right = inner.child_by_field_name("right") if inner and left is not None else None
        if left is None or right is None or left.type != "variable_declaration":
            break
        found.append((left, source.string(right)))
    return found


def _names_of_arguments(source: PerlSource, sub: SubNode) -> int:
    """How often a sub names `@_`."""
    index = next(index for index, other in enumerate(source.lexicals.subs) if other is sub)
    return sum(1 for use in source.lexicals.uses if use.name == "@_" and use.sub == index)


def declaration_of(source: PerlSource, node: Node) -> Declaration | None:
    """The `my` that a plain variable means, used or declared at `node`; None for any other expression."""
    found = source.lexicals.declaration_at(node)
    return found if found is not None and found.keyword in ("my", "method") else None


def sub_around(source: PerlSource, node: Node) -> SubNode | None:
    """The innermost sub that `node` is in; a sub is not in itself."""
    subs = {sub.whole.id: sub for sub in source.lexicals.subs}
    return next((subs[outer.id] for outer in ancestors(node) if outer.id in subs), None)


def is_steady(source: PerlSource, declaration: Declaration) -> bool:
    """Whether a lexical never means another value: it is set where it is declared, or once later."""
    above = declaration.node.parent
    is_bare = above is not None and above.type == "variable_declaration" and _assignment_around(above) is None
    uses = (use.node for use in source.lexicals.uses_of(declaration))
    return sum(1 for node in uses if is_changed(node)) <= is_bare


def is_made_by_bless(source: PerlSource, declaration: Declaration) -> bool:
    """`my $self = bless …;`."""
    assignment = _assignment_around(declaration.node.parent)
    right = assignment.child_by_field_name("right") if assignment is not None else None
    return right is not None and source.string(right).startswith("bless")


def _is_result(source: PerlSource, node: Node) -> bool:
    """`return $x;`, and `$x;` at the end of a sub."""
    above = node.parent
    if above is None:
        return False
    return above.type == "return_expression" or (
        above.type == "expression_statement" and above.next_named_sibling is None
    )


def _assignment_around(declaring: Node | None) -> Node | None:
    """`my $x = …` around `my $x`."""
    above = declaring.parent if declaring is not None else None
    return above if above is not None and above.type == "assignment_expression" else None
