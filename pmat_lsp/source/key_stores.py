"""The places of a text that store something in an object: under a key, at an index, in a field; and where it is tied.

What cannot be the reference of a cycle is none of them: `undef`, `[]`, `{}`, a number or a string; what is weakened at
once; and `key => …` among the arguments of a call that makes no object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from tree_sitter import Node

from pmat_lsp.analysis.result import Edge
from pmat_lsp.format.kinds import Kind
from pmat_lsp.source.first_statement import SUB_TYPES
from pmat_lsp.source.model import Range
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import (
    BLOCKS,
    ancestors,
    container_of,
    everything,
    innermost_access,
    is_field,
    list_items,
    literal,
    whole_access,
)
from pmat_lsp.source.words import package_at

_CALLS = frozenset({"function_call_expression", "ambiguous_function_call_expression"})
_ADDS = frozenset({"push", "unshift", "splice"})
_ASSIGNS = frozenset({"=", "//=", "||="})
_WRAPS = frozenset({"list_expression", "parenthesized_expression"})
_DEREFERENCES = frozenset({"array", "hash", "array_deref_expression", "hash_deref_expression"})
_INSIDE_BRACES = frozenset({"varname", "block", "expression_statement"})
_LITERALS = frozenset({"number", "string_literal", "interpolated_string_literal", "undef_expression", "boolean"})
_MAKES = re.compile(r"(?:^|_|::)new(?:$|_)|^(?:create|build|make|spawn|instantiate|construct)", re.IGNORECASE)


class StoreKind(Enum):
    """How a value gets into an object."""

    ASSIGNED = "assigned"
    """`$child->{parent} = $self`."""
    ADDED = "added"
    """To a container that the object holds: `push @{ $self->{kids} }, $kid`, `$self->{kids}{$name} = $kid`."""
    SET = "set"
    """By an accessor: `$child->parent($self)`."""
    ATTRIBUTE = "attribute"
    """`has parent => …`, `field $parent`: what it holds is stored by code that the text does not have."""
    ARGUMENT = "argument"
    """Of what makes an object: `Kid->new( parent => $self )`."""
    INITIAL = "initial"
    """`bless { parent => $parent }, $class`, `my $kid = { parent => $self }`."""
    TIED = "tied"
    """`tie %h, 'Class', …`."""


@dataclass(frozen=True, slots=True)
class KeyStore:
    """A place that stores something under a key."""

    source: PerlSource
    range: Range
    """The key; of a `tie` that word."""
    kind: StoreKind
    node: Node
    """The key in the tree."""
    value: Node | None
    """What is stored; None where the text does not show it."""
    base: Node | None
    """The variable whose object takes it, `$child`; None where there is none."""
    made: Node | None
    """The new hash, array or call in which it stands; None for what exists."""
    of_class: str | None
    """The class of the object, where the text names it."""

    @property
    def package(self) -> str:
        """The package of the code."""
        return package_at(self.source, self.range.start)


def edge_stores(source: PerlSource, edge: Edge) -> Iterator[KeyStore]:
    """The places of a text that may store what an edge of a cycle leads along, in the order of the text."""
    first = edge.hops[0]
    if first.kind == "key":
        found = _key_stores(source, first.name)
    elif first.kind == "index":
        found = _index_stores(source, int(first.name))
    elif first.kind == "field":
        found = _field_stores(source, first.name)
    else:
        found = iter(())
    for store in found:
        if _may_hold(store, edge):
            yield store


def has_own_value(store: KeyStore) -> bool:
    """Whether an attribute says what it holds: a default or a builder, or that it is lazy."""
    if store.made is None:
        return False
    text = store.source.string(store.made)
    return re.search(r"\b(?:default|builder|lazy|lazy_build)\b", text) is not None


def ties(source: PerlSource, package: str) -> Iterator[KeyStore]:
    """Every `tie` to a class, or to one that the text does not name."""
    for node in source.nodes_of_word("tie"):
        call = node.parent
        if node.type != "function" or call is None or call.type not in _CALLS:
            continue
        items = list_items(call.child_by_field_name("arguments"))
        named = _class_named(source, items[1]) if len(items) > 1 else None
        if named is None or named == package:
            yield KeyStore(source, source.range(node), StoreKind.TIED, node, None, items[0], call, named)


def is_new(source: PerlSource, value: Node) -> bool:
    """Whether an expression makes an object, a hash or an array: `Kid->new( … )`, `bless { … }`, `[ … ]`."""
    if value.type in ("anonymous_hash_expression", "anonymous_array_expression"):
        return True
    if value.type == "method_call_expression":
        return _class_made(source, value) is not None or _makes(source, value)
    return value.type in _CALLS and source.string(value.children[0]) == "bless"


def class_made(source: PerlSource, value: Node) -> str | None:
    """The class of the object that such an expression makes, as far as the text names it, or the package it is in."""
    if value.type in _CALLS and source.string(value.children[0]) == "bless":
        items = list_items(value.child_by_field_name("arguments"))
        named = _class_named(source, items[1]) if len(items) > 1 else None
        return named or package_at(source, source.range(value).start)
    return _class_made(source, value) if value.type == "method_call_expression" and _makes(source, value) else None


def _key_stores(source: PerlSource, key: str) -> Iterator[KeyStore]:
    seen: set[int] = set()
    for node in source.nodes_of_word(key):
        outer = node.parent
        if node.type == "string_content" and outer is not None and outer.type != "quoted_word_list":
            node = outer
        if node.id not in seen:
            seen.add(node.id)
            yield from _at_key(source, node, key)


def _at_key(source: PerlSource, node: Node, key: str) -> Iterator[KeyStore]:
    above, after = node.parent, node.next_sibling
    if above is None:
        return
    if node.type == "quoted_word_list" or (node.parent is not None and node.parent.type == "quoted_word_list"):
        if key in source.string(node).split():
            yield from _attribute(source, node)
    elif node.type == "method":
        yield from _accessor_call(source, node)
    elif literal(node) not in (key, "+" + key):
        return
    elif above.type == "hash_element_expression" and is_field(node, "key"):
        yield from _element(source, above, node)
    elif after is not None and after.type == "=>":
        yield from _pair(source, node, after.next_named_sibling)
    elif above.type == "anonymous_array_expression" or above.type in _WRAPS:
        yield from _attribute(source, node)


def _range_of(source: PerlSource, key: Node) -> Range:
    """Of a key in quotes what stands inside them."""
    content = key.child_by_field_name("content") if key.type.endswith("string_literal") else None
    return source.range(content or key)


def _element(source: PerlSource, element: Node, key: Node) -> Iterator[KeyStore]:
    """`…->{key}` or `…->[0]` where something is assigned to it, or to what is in it."""
    whole = whole_access(element)
    base = _variable_below(element)
    at = _range_of(source, key)
    taken = _taken(source, whole)
    if taken is None:
        return
    value, is_added = taken
    kind = StoreKind.ADDED if is_added or whole != element else StoreKind.ASSIGNED
    yield KeyStore(source, at, kind, key, value, base, None, None)


def _taken(source: PerlSource, whole: Node) -> tuple[Node | None, bool] | None:
    """(what is assigned to an access, whether it is added to the container there); None where nothing is."""
    outer, added = whole, False
    container = next(
        (one for one in ancestors(whole) if one.type not in ("varname", "block", "expression_statement")), None
    )
    if container is not None and container.type in _DEREFERENCES:
        outer, added = container, True
        call = _call_around(container)
        if call is not None and source.string(call.children[0]) in _ADDS:
            items = list_items(call.child_by_field_name("arguments"))
            return (items[-1], True) if items and items[0] == container and len(items) > 1 else None
        if _is_filtered(source, container):
            return None
    above = outer.parent
    if above is not None and above.type == "localization_expression":
        outer, above = above, above.parent
    in_list = False
    while above is not None and above.type in _WRAPS:
        outer, above, in_list = above, above.parent, True
    if above is None or above.type != "assignment_expression" or not is_field(outer, "left"):
        return None
    operator = above.child_by_field_name("operator")
    if operator is None or source.string(operator) not in _ASSIGNS or _is_weakened(source, above, whole):
        return None
    return (None if in_list else above.child_by_field_name("right")), added


def _is_filtered(source: PerlSource, container: Node) -> bool:
    """`@x = grep { … } @x`: nothing comes into it."""
    above = container.parent
    right = above.child_by_field_name("right") if above is not None else None
    if right is None or right.type != "map_grep_expression" or source.string(right.children[0]) != "grep":
        return False
    return source.string(container) in (source.string(child) for child in right.named_children)


def _is_weakened(source: PerlSource, assignment: Node, target: Node) -> bool:
    """`weaken( $x->{key} = … )`, or `weaken( $x->{key} )` in the same sub."""
    call = _call_around(assignment)
    if call is not None and source.string(call.children[0]).rpartition("::")[2] == "weaken":
        return True
    around = next((one for one in ancestors(assignment) if one.type in SUB_TYPES), source.root)
    pattern = rf"\bweaken\s*(?:\(\s*)?{re.escape(source.string(target))}\s*[;)]"
    return re.search(pattern, source.string(around)) is not None


def _call_around(node: Node) -> Node | None:
    """The call of a function of which a node is an argument, not deeper inside."""
    above = node.parent
    while above is not None and above.type in _WRAPS:
        above = above.parent
    return above if above is not None and above.type in _CALLS else None


def _pair(source: PerlSource, key: Node, value: Node | None) -> Iterator[KeyStore]:
    """`key => value`: in a new hash, or among the arguments of what makes an object."""
    at, outer = _range_of(source, key), key
    while outer.parent is not None and outer.parent.type in _WRAPS:
        outer = outer.parent
    above = outer.parent
    if above is None:
        return
    if above.type in _CALLS and source.string(above.children[0]) == "has":
        yield from _attribute(source, key)
        return
    if above.type == "assignment_expression" and is_field(outer, "right"):
        left = above.child_by_field_name("left")
        base = _hash_of(left) if left is not None else None
        if base is not None:
            yield KeyStore(source, at, StoreKind.INITIAL, key, value, base, None, None)
        return
    hash_node = above if above.type == "anonymous_hash_expression" else None
    call = _method_call(hash_node or outer)
    if call is not None:
        made_class = _class_made(source, call)
        if made_class is not None or _makes(source, call):
            yield KeyStore(source, at, StoreKind.ARGUMENT, key, value, _assigned_to(call), call, made_class)
        elif hash_node is not None:
            yield KeyStore(source, at, StoreKind.INITIAL, key, value, None, hash_node, None)
        return
    if hash_node is not None:
        blessed, package = _blessed(source, hash_node)
        yield KeyStore(source, at, StoreKind.INITIAL, key, value, _assigned_to(blessed), hash_node, package)


def _hash_of(left: Node) -> Node | None:
    """The hash that a list is assigned to: `my %h`, `%$self`."""
    variable = left.child_by_field_name("variable") if left.type == "variable_declaration" else left
    return variable if variable is not None and variable.type in ("hash", "hash_deref_expression") else None


def _method_call(node: Node) -> Node | None:
    """The method call of which a node is an argument."""
    above = node.parent
    while above is not None and above.type in _WRAPS:
        above = above.parent
    is_call = above is not None and above.type == "method_call_expression"
    return above if is_call and not is_field(node, "invocant") else None


def _makes(source: PerlSource, call: Node) -> bool:
    method = call.child_by_field_name("method")
    return method is not None and _MAKES.search(source.string(method)) is not None


def _class_made(source: PerlSource, call: Node) -> str | None:
    """The class on which a method is called, None where it is called on something else."""
    invocant = call.child_by_field_name("invocant")
    return _class_named(source, invocant) if invocant is not None else None


def _class_named(source: PerlSource, node: Node) -> str | None:
    """`Foo::Bar`, `'Foo::Bar'`, `__PACKAGE__`."""
    if source.string(node) == "__PACKAGE__":
        return package_at(source, source.range(node).start)
    named = literal(node)
    return named.removesuffix("::") if named else None


def _blessed(source: PerlSource, made: Node) -> tuple[Node, str | None]:
    """(the `bless` around a new hash or array, else that itself; the class of the object where it is known)."""
    call = _call_around(made)
    if call is None or source.string(call.children[0]) != "bless":
        return made, None
    return call, class_made(source, call)


def _assigned_to(value: Node) -> Node | None:
    """The variable, or element, that a value is assigned to: `$x` of `my $x = …`."""
    above = value.parent
    if above is None or above.type != "assignment_expression" or not is_field(value, "right"):
        return None
    left = above.child_by_field_name("left")
    if left is not None and left.type == "variable_declaration":
        return left.child_by_field_name("variable")
    return left


def _attribute(source: PerlSource, node: Node) -> Iterator[KeyStore]:
    """`has key => ( … )`, `has [qw(key other)] => ( … )`."""
    for outer in ancestors(node):
        if outer.type in _CALLS and source.string(outer.children[0]) == "has":
            items = list_items(outer.child_by_field_name("arguments"))
            first = items[0] if items else None
            if first is not None and first.start_byte <= node.start_byte < first.end_byte:
                yield KeyStore(source, _range_of(source, node), StoreKind.ATTRIBUTE, node, None, None, outer, None)
            return
        if outer.type in BLOCKS:
            return


def _accessor_call(source: PerlSource, method: Node) -> Iterator[KeyStore]:
    call = method.parent
    items = list_items(call.child_by_field_name("arguments")) if call is not None else []
    invocant = call.child_by_field_name("invocant") if call is not None else None
    if len(items) == 1 and invocant is not None and invocant.type == "scalar":
        yield KeyStore(source, source.range(method), StoreKind.SET, method, items[0], invocant, None, None)


def _index_stores(source: PerlSource, index: int) -> Iterator[KeyStore]:
    """`$self->[1] = …`, `$self->[PARENT] = …`, and the element of a new array that is blessed."""
    constants = _constants(source)
    for node in everything(source.root):
        if node.type == "array_element_expression":
            key = node.child_by_field_name("index")
            if key is not None and _index_meant(source, key, constants) == index:
                yield from _element(source, node, key)
        elif node.type == "anonymous_array_expression":
            blessed, package = _blessed(source, node)
            items = [item for child in node.named_children for item in list_items(child)]
            if package is not None and index < len(items) and all(item.type != "array" for item in items[:index]):
                item = items[index]
                at, base = source.range(item), _assigned_to(blessed)
                yield KeyStore(source, at, StoreKind.INITIAL, item, item, base, node, package)


def _index_meant(source: PerlSource, key: Node, constants: dict[tuple[str, str], int]) -> int | None:
    """The number that an index is: written out, or as a constant of its package; None: unknown."""
    text = source.string(key)
    if text.isdigit():
        return int(text)
    package, _, name = text.removesuffix("()").rpartition("::")
    return constants.get((package or package_at(source, source.range(key).start), name))


def _constants(source: PerlSource) -> dict[tuple[str, str], int]:
    """By package and name the numbers of `use constant { PARENT => 1 }` and `use constant PARENT => 1`."""
    found: dict[tuple[str, str], int] = {}
    for node in source.nodes_of_word("constant"):
        statement = node.parent
        for one in everything(statement) if statement is not None and statement.type == "use_statement" else ():
            after = one.next_sibling
            value = after.next_named_sibling if after is not None and after.type == "=>" else None
            if value is not None and value.type == "number" and source.string(value).isdigit():
                package = package_at(source, source.range(one).start)
                found[package, source.string(one)] = int(source.string(value))
    return found


def _field_stores(source: PerlSource, name: str) -> Iterator[KeyStore]:
    """`field $parent …`, and what is assigned to it."""
    for declaration in source.lexicals.declarations:
        if declaration.keyword != "field" or declaration.name != name:
            continue
        node = declaration.node
        yield KeyStore(source, source.range(node), StoreKind.ATTRIBUTE, node, None, None, None, None)
        for use in source.lexicals.uses:
            assignment = use.node.parent
            if use.declaration is declaration and assignment is not None and is_field(use.node, "left"):
                value = assignment.child_by_field_name("right")
                at = source.range(use.node)
                yield KeyStore(source, at, StoreKind.ASSIGNED, use.node, value, None, None, None)


def _variable_below(element: Node) -> Node | None:
    base = container_of(innermost_access(element))
    return base if base.type in ("scalar", "container_variable") else None


def _may_hold(store: KeyStore, edge: Edge) -> bool:
    """Whether what is stored may be what the edge leads to."""
    nested = len(edge.hops) > 1
    if store.kind is StoreKind.ADDED and not nested:
        return False
    value = store.value
    if value is None:
        return True
    target = edge.hops[-1]
    if value.type in _LITERALS:
        return False
    if value.type in ("anonymous_array_expression", "anonymous_hash_expression"):
        is_empty = not value.named_children
        return not is_empty and (nested or target.target_class is None)
    if value.type == "anonymous_subroutine_expression":
        return target.target_kind == Kind.CODE
    return value.type != "stub_expression"
