"""A captured variable that is wrapped once more: `$app = Wrap->new( $app, … sub { … $app … } )`.

The sub is written as if it captured the value of before; it captures the variable, and so the wrapper around itself.
"""

from __future__ import annotations

from tree_sitter import Node

from pmat_lsp.source.lexicals import Declaration
from pmat_lsp.source.perl import PerlSource, Sub
from pmat_lsp.source.syntax import ancestors, everything, is_field

_EMPTY = frozenset({"undef_expression", "stub_expression", "number", "string_literal"})


def is_assigned_again(source: PerlSource, sub: Sub, name: str) -> bool:
    """Whether the scalar that `sub` captures had a value, and then gets one that is made of it, or of the sub."""
    uses = [
        use
        for use in source.lexicals.uses
        if use.name == name and use.declaration is not None and sub.whole.start <= source.range(use.node).start
    ]
    declaration = next((use.declaration for use in uses if source.range(use.node).start in sub.whole), None)
    if declaration is None or not name.startswith("$"):
        return False
    node = source.lexicals.subs[sub.index].whole
    # A parameter of a signature, and a variable of a loop, have a value without an assignment.
    node_of = declaration.node
    had_value = any(
        outer.type == "signature"
        or node_of in outer.children_by_field_name("variable") + outer.children_by_field_name("variables")
        for outer in ancestors(node_of)
        if outer.type in ("signature", "for_statement")
    )
    for assignment in assignments_of(source, declaration):
        right = assignment.child_by_field_name("right")
        if right is None or node.start_byte <= assignment.start_byte < node.end_byte:
            continue
        is_later = assignment.end_byte > node.start_byte
        if had_value and is_later and _is_made_of(source, right, node, declaration):
            return True
        if not is_later or not _is_within(node, right):
            had_value = had_value or right.type not in _EMPTY
    return False


def assignments_of(source: PerlSource, declaration: Declaration) -> list[Node]:
    """`my $x = …` and each `$x = …`, in the order of the text."""
    nodes = [declaration.node, *(use.node for use in source.lexicals.uses if use.declaration is declaration)]
    found = []
    for node in nodes:
        target = node.parent if node.parent is not None and node.parent.type == "variable_declaration" else node
        above = target.parent
        if above is not None and above.type == "assignment_expression" and is_field(target, "left"):
            found.append(above)
    return found


def _is_made_of(source: PerlSource, right: Node, sub: Node, declaration: Declaration) -> bool:
    """Whether an expression has the sub in it, or the variable outside of the sub."""
    if _is_within(sub, right):
        return True
    return any(source.lexicals.declaration_at(node) is declaration for node in everything(right))


def _is_within(node: Node, outer: Node) -> bool:
    return node == outer or outer in ancestors(node)
