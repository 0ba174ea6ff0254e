"""Which reference of a cycle of objects leads back, as the source text shows it.

What was made later belongs to what was there before: in `$self->{fixer} = Fixer->new( shop => $self )` the Fixer is
the child, and its `{shop}` leads back. What is put into a container belongs to the object that has the container. Where
nothing is made, a method that stores its argument in its object, and its object in the argument, takes a child.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from tree_sitter import Node

from pmat_lsp.analysis.result import Cut, CutBy, Edge
from pmat_lsp.source.key_stores import KeyStore, StoreKind, is_new
from pmat_lsp.source.parameters import declaration_of, invocant_of, parameters_of, sub_around
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.store_places import FoundStores
from pmat_lsp.source.syntax import container_of, everything, innermost_access, is_field, key_before, literal

_STRONG, _WEAK = 2, 1
"""How much a place says; positive where the edge leads to a child, negative where it leads back."""


class _Origin(Enum):
    """Where a value comes from."""

    MADE = "made"
    """By the expression itself."""
    MADE_BEFORE = "made before"
    """A variable has it, to which it was assigned when it was made."""
    INVOCANT = "invocant"
    GIVEN = "given"
    """An argument of the sub."""
    UNKNOWN = "unknown"


def cut_by_source(stored: Sequence[tuple[Edge, FoundStores]]) -> Cut | None:
    """The edge that leads back, None where the places that store the edges of a cycle do not show it."""
    scores = [(edge, _score_of(edge, found)) for edge, found in stored]
    for level in (_STRONG, _WEAK):
        back = [edge for edge, score in scores if score <= -level]
        owning = [edge for edge, score in scores if score >= level]
        if not back and len(owning) == len(scores) - 1:
            back = [edge for edge, _ in scores if edge not in owning]
        if back:
            return Cut(back[0].start, CutBy.SOURCE) if len(back) == 1 and len(scores) > 1 else None
    return None


def _score_of(edge: Edge, found: FoundStores) -> int:
    """What all places that may have stored an edge say together: nothing where they contradict each other."""
    scores = {_score(edge, one.store) for one in found.stores} - {0}
    if not scores or (min(scores) < 0 < max(scores)):
        return 0
    return max(scores, key=abs)


def _score(edge: Edge, store: KeyStore) -> int:
    if store.kind is StoreKind.ADDED:
        return _STRONG
    if store.kind is StoreKind.ATTRIBUTE:
        return _STRONG if any(_makes(edge, node, store.source) for node in _builders(edge, store)) else 0
    if store.value is None:
        return 0
    value = _origin(store.source, store.value)
    if value is _Origin.MADE:
        return _STRONG
    if store.kind in (StoreKind.ARGUMENT, StoreKind.INITIAL):
        return {_Origin.UNKNOWN: 0, _Origin.MADE_BEFORE: -_WEAK}.get(value, -_STRONG)
    base = _origin(store.source, store.base) if store.base is not None else _Origin.UNKNOWN
    is_given = value in (_Origin.INVOCANT, _Origin.GIVEN)
    if value is _Origin.MADE_BEFORE:
        return _STRONG if base in (_Origin.INVOCANT, _Origin.GIVEN) else 0
    if base is _Origin.MADE_BEFORE:
        return -_STRONG if is_given else 0
    if (base, value) == (_Origin.INVOCANT, _Origin.GIVEN):
        return _WEAK
    return -_WEAK if (base, value) == (_Origin.GIVEN, _Origin.INVOCANT) else 0


def _origin(source: PerlSource, node: Node) -> _Origin:
    if is_new(source, node):
        return _Origin.MADE
    if source.string(node) in ("shift", "$_[0]"):
        return _Origin.GIVEN
    if node.type == "hash_element_expression" or node.type == "array_element_expression":
        container = container_of(innermost_access(node))
        declared = source.lexicals.declaration_at(container)
        is_argument = source.string(node).startswith("$_[") or (
            declared is not None and _is_parameter(source, container)
        )
        return _Origin.GIVEN if is_argument else _Origin.UNKNOWN
    declaration = source.lexicals.declaration_at(node)
    if declaration is None or declaration.name[:1] != "$":
        return _Origin.UNKNOWN
    if declaration.keyword == "method":
        return _Origin.INVOCANT
    sub = sub_around(source, declaration.node)
    if sub is not None and sub.name is not None and invocant_of(source, sub) is declaration:
        # A function of the main program has no object, unless its argument is called so.
        is_method = declaration.name == "$self" or not sub.name.startswith("main::")
        return _Origin.INVOCANT if is_method else _Origin.GIVEN
    if _is_parameter(source, declaration.node):
        return _Origin.GIVEN
    value = _first_value(source, declaration.node)
    return _Origin.MADE_BEFORE if value is not None and is_new(source, value) else _Origin.UNKNOWN


def _is_parameter(source: PerlSource, node: Node) -> bool:
    """Whether a variable takes an argument of its sub."""
    declaration = declaration_of(source, node)
    sub = sub_around(source, declaration.node) if declaration is not None else None
    parameters = parameters_of(source, sub) or [] if sub is not None else []
    return any(declaration_of(source, parameter) is declaration for parameter in parameters)


def _first_value(source: PerlSource, declared: Node) -> Node | None:
    """What is assigned to a variable where it is declared, or first after that."""
    declaration = source.lexicals.declaration_at(declared)
    uses = (use.node for use in source.lexicals.uses if use.declaration is declaration)
    for node in (declared, *uses):
        target = node.parent if node.parent is not None and node.parent.type == "variable_declaration" else node
        if target.parent is not None and target.parent.type == "assignment_expression" and is_field(target, "left"):
            return target.parent.child_by_field_name("right")
    return None


def _builders(edge: Edge, store: KeyStore) -> Iterator[Node]:
    """The code that builds the value of an attribute: in its options, or the sub that they name."""
    if store.made is None:
        return
    yield store.made
    names = {f"_build_{edge.hops[0].name}"}
    for node in everything(store.made):
        if key_before(node) == "builder":
            names.add(literal(node) or "")
    for sub in store.source.lexicals.subs:
        if sub.name is not None and sub.name.rpartition("::")[2] in names:
            yield sub.body


def _makes(edge: Edge, inside: Node, source: PerlSource) -> bool:
    """Whether an object of the class to which an edge leads is made there."""
    for node in everything(inside):
        invocant = node.child_by_field_name("invocant") if node.type == "method_call_expression" else None
        if invocant is not None and edge.target is not None and literal(invocant) == edge.target:
            return True
    return False
