"""What may have an object of a program: variables, fields, and the containers by all of their names.

Fields are told apart by their keys alone, whatever object they are of. Where something is stored into a container, the
container is looked for backwards, too, since it may have another name there.
"""

from __future__ import annotations

from enum import Enum, auto

from tree_sitter import Node

from pmat_lsp.source.escapes import EscapeKind, escaped
from pmat_lsp.source.lexicals import Declaration, SubNode
from pmat_lsp.source.occurrences import is_named_container, literal_words, occurrences, package_variable
from pmat_lsp.source.parameters import parameters_of, sub_around
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.results import results_of
from pmat_lsp.source.syntax import (
    CHOOSES,
    COMPARISONS,
    CONDITIONS,
    ELEMENTS,
    NAMED_CALLS,
    NAMED_CONTAINERS,
    SLICES,
    container_of,
    is_field,
    list_items,
    literal_key,
    operator_of,
    referred_by,
)
from pmat_lsp.source.texts import Texts, TextSub, called_name

_LOOKS = frozenset({"defined", "ref", "exists", "scalar", "undef", "keys"})


class Token(Enum):
    """What a value may be."""

    OBJECT = auto()
    """The object itself."""
    HOLDS = auto()
    """A container, a list or a variable that holds it, at any depth."""


class Cells:
    """Which variables and fields may have the object, and the values that are still to be followed."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._seen: set[tuple[int, int, Token]] = set()
        self._work: list[tuple[PerlSource, Node, Token]] = []
        self._variables: dict[int, set[tuple[Token, str | None]]] = {}
        """By the node of the declaration."""
        self._package_variables: set[tuple[str, Token]] = set()
        self._keys: set[tuple[str, Token]] = set()
        self._held: set[tuple[int, int, Token]] = set()

    def is_followed(self, declaration: Declaration) -> bool:
        """Whether a variable may have one of the objects."""
        return declaration.node.id in self._variables

    def _push(self, source: PerlSource, node: Node, *tokens: Token) -> None:
        for token in tokens:
            if (id(source), node.id, token) not in self._seen:
                self._seen.add((id(source), node.id, token))
                self._work.append((source, node, token))

    def _variable(self, source: PerlSource, declaration: Declaration, token: Token, key: str | None) -> None:
        kept = self._variables.setdefault(declaration.node.id, set())
        if (token, key) in kept:
            return
        kept.add((token, key))
        for use in source.lexicals.uses_of(declaration):
            self._use(source, use.node, token, key)

    def _use(self, source: PerlSource, node: Node, token: Token, key: str | None = None) -> None:
        """A variable that has it: `$x`, `@x`, `%x`, or the `x` of `$x[0]` and of `@x{…}`."""
        above = node.parent
        if node.type in NAMED_CONTAINERS and above is not None:
            if above.type in ELEMENTS:
                named = literal_key(above)
                if key is None or named is None or named == key:
                    self._push(source, above, Token.HOLDS, Token.OBJECT)
            else:
                words = literal_words(source, above.named_children[1:])
                if key is None or words is None or key in words:
                    self._push(source, above, Token.HOLDS, Token.OBJECT)
        elif node.type == "arraylen":
            return
        elif node.type in ("array", "hash"):
            if not only_keys(source, node):
                self._spread(source, node, key)
        else:
            self._push(source, node, token)

    def _spread(self, source: PerlSource, node: Node, key: str | None) -> None:
        """`@list`, `%args`: in `{ %args }` what has a key keeps it."""
        outer = node.parent if node.parent is not None and node.parent.type == "list_expression" else node
        if key is not None and outer.parent is not None and outer.parent.type == "anonymous_hash_expression":
            self._key(key, Token.OBJECT)
            self._key(key, Token.HOLDS)
            return
        self._push(source, node, Token.HOLDS, Token.OBJECT)

    def _package_variable(self, name: str, token: Token) -> None:
        if (name, token) in self._package_variables:
            return
        self._package_variables.add((name, token))
        for source in self._texts.sources:
            lax = occurrences(source).lax
            if lax is not None:
                raise escaped(EscapeKind.SYMBOLIC, source, lax)
            for node in occurrences(source).package_variables.get(name, ()):
                self._use(source, node, token)

    def _key(self, key: str, token: Token) -> None:
        """A field of any object holds it: every place that reads the key, or that may."""
        if (key, token) in self._keys:
            return
        self._keys.add((key, token))
        for source in self._texts.sources:
            found = occurrences(source)
            for element in found.elements.get(key, ()):
                self._push(source, element, token)
            for element in found.computed:
                self._push(source, element, token)
            for whole in found.hashes:
                words = literal_words(source, whole.named_children[1:]) if whole.type in SLICES else None
                if not only_keys(source, whole) and (words is None or key in words):
                    self._push(source, whole, Token.HOLDS, Token.OBJECT)

    def _hold(self, source: PerlSource, node: Node, token: Token) -> None:
        """The element `node`, or the container that it refers to, gets the object."""
        mark = id(source), node.id, token
        if mark in self._held:
            return
        self._held.add(mark)
        if node.type in ELEMENTS:
            self._hold_element(source, node, token)
        elif node.type in ("scalar", "array", "hash") and is_plain(node):
            if source.string(node) in ("$_", "@_"):
                raise escaped(EscapeKind.NO_ORIGIN, source, node)
            declaration = source.lexicals.declaration_at(node)
            if declaration is None or declaration.keyword not in ("my", "method"):
                self._package_variable(package_variable(_declared_name(source, node)), token)
                return
            self._variable(source, declaration, token, None)
            if node.type == "scalar":
                self._origins(source, declaration, token)
        elif node.type in ("array", "hash") or node.type in SLICES or node.type.endswith("_deref_expression"):
            inner = referred_by(node)
            if inner is None:
                raise escaped(EscapeKind.NO_ORIGIN, source, node)
            self._hold(source, inner, Token.HOLDS)
        else:
            self._hold_value(source, node, token)

    def _hold_value(self, source: PerlSource, node: Node, token: Token) -> None:
        """What the expression `node` refers to is, or holds, the object."""
        kind = node.type
        if kind in ("anonymous_hash_expression", "anonymous_array_expression"):
            self._push(source, node, token)
        elif (kind == "parenthesized_expression" and node.named_child_count == 1) or (
            kind == "variable_declaration" and node.child_by_field_name("variable") is not None
        ):
            self._hold(source, node.named_children[0], token)
        elif kind == "assignment_expression" or (kind == "binary_expression" and operator_of(source, node) in CHOOSES):
            for part in (node.child_by_field_name("left"), node.child_by_field_name("right")):
                if part is not None:
                    self._hold(source, part, token)
        elif kind == "conditional_expression":
            for part in (node.child_by_field_name("consequent"), node.child_by_field_name("alternative")):
                if part is not None:
                    self._hold(source, part, token)
        elif kind == "refgen_expression" and node.named_child_count == 1:
            self._hold(source, node.named_children[0], token)
        elif kind == "func1op_call_expression" and source.string(node.children[0]) in ("shift", "pop"):
            self._hold_argument(source, node, token)
        elif kind == "func1op_call_expression" and source.string(node.children[0]) == "delete":
            self._hold(source, node.named_children[-1], token)
        elif kind in NAMED_CALLS:
            self._hold_call(source, node, token)
        else:
            raise escaped(EscapeKind.NO_ORIGIN, source, node)

    def _hold_call(self, source: PerlSource, call: Node, token: Token) -> None:
        if called_name(source, call) == "bless":
            self._hold(source, list_items(call.child_by_field_name("arguments"))[0], token)
            return
        for sub in self._texts.callees(source, call):
            found = list(results_of(sub.source, sub.node))
            if not found:
                raise escaped(EscapeKind.NO_ORIGIN, source, call)
            for result in found:
                self._hold(sub.source, result, token)

    def _hold_argument(self, source: PerlSource, node: Node, token: Token) -> None:
        """`shift`: what the callers give."""
        sub = sub_around(source, node)
        shifted = [child for child in node.named_children if source.string(child) != source.string(node.children[0])]
        if shifted and source.string(shifted[0]) != "@_":
            self._hold(source, shifted[0], token)
            return
        if sub is None or sub.name is None:
            raise escaped(EscapeKind.NO_ORIGIN, source, node)
        for other, call in self._texts.callers(TextSub(source, sub)):
            for item in [call.child_by_field_name("invocant"), *list_items(call.child_by_field_name("arguments"))]:
                if item is not None:
                    self._hold_loosely(other, item, token)

    def _hold_loosely(self, source: PerlSource, item: Node, token: Token) -> None:
        """One of several arguments: those that are no reference are none of it."""
        if item.type in ("number", "string_literal", "interpolated_string_literal", "bareword", "autoquoted_bareword"):
            return
        self._hold(source, item, token)

    def _hold_element(self, source: PerlSource, element: Node, token: Token) -> None:
        chain = [element]
        while container_of(chain[-1]).type in ELEMENTS:
            chain.append(container_of(chain[-1]))
        first = chain[-1]
        base = container_of(first)
        if is_named_container(base) and source.string(base).strip("$@%{}") == "_" and len(chain) > 1:
            chain.pop()
            first = chain[-1]
        elif is_named_container(base):
            declaration = source.lexicals.declaration_at(base)
            if declaration is None or declaration.keyword not in ("my", "method"):
                sigil = "%" if first.type == "hash_element_expression" else "@"
                self._package_variable(sigil + source.string(base).rpartition("::")[2].lstrip("$@%"), Token.HOLDS)
            else:
                self._variable(source, declaration, Token.HOLDS, literal_key(first))
            return
        key = literal_key(first)
        if key is not None:
            self._key(key, token if len(chain) == 1 else Token.HOLDS)
            return
        inner = base if base.type not in NAMED_CONTAINERS else referred_by(base)
        if inner is None:
            raise escaped(EscapeKind.NO_ORIGIN, source, element)
        self._hold(source, inner, Token.HOLDS)

    def _origins(self, source: PerlSource, declaration: Declaration, token: Token) -> None:
        """Where what a scalar refers to comes from: the same container may have other names there."""
        sub = sub_around(source, declaration.node)
        parameters = parameters_of(source, sub) if sub is not None else None
        for position, node in enumerate(parameters or ()):
            if node.id == declaration.node.id:
                self._arguments(source, sub, position, token)
                return
        node = declaration.node
        if node.parent is not None and node.parent.type == "for_statement":
            values = node.parent.child_by_field_name("list")
            if values is not None:
                self._hold_list(source, values, token)
            return
        targets = [node, *(use.node for use in source.lexicals.uses_of(declaration))]
        for target in targets:
            value = assigned_to(source, target)
            if value is not None:
                self._hold(source, value, token)

    def _hold_list(self, source: PerlSource, values: Node, token: Token) -> None:
        for item in list_items(values):
            self._hold(source, item, Token.HOLDS if item.type in ("array", "hash") else token)

    def _arguments(self, source: PerlSource, sub: SubNode | None, position: int, token: Token) -> None:
        if sub is None or sub.name is None:
            raise escaped(EscapeKind.NO_ORIGIN, source, sub.keyword if sub is not None else source.root)
        for other, call in self._texts.callers(TextSub(source, sub)):
            items = list_items(call.child_by_field_name("arguments"))
            invocant = call.child_by_field_name("invocant")
            given = [invocant, *items] if invocant is not None else items
            if any(is_spread(item) for item in given[: position + 1]):
                raise escaped(EscapeKind.NO_ORIGIN, other, call)
            if position < len(given):
                self._hold_loosely(other, given[position], token)


def is_plain(variable: Node) -> bool:
    """`$x`, `@x` or `%x` by its name, not `@$x`."""
    return not any(
        child.type == "block" or (child.type == "varname" and child.named_child_count)
        for child in variable.named_children
    )


def _declared_name(source: PerlSource, node: Node) -> str:
    sigil = {"scalar": "$", "array": "@", "hash": "%"}[node.type]
    return sigil + source.string(node).lstrip("$@%").strip("{}")


def only_keys(source: PerlSource, whole: Node) -> bool:
    """Whether nothing but the keys, or the number, of a hash or array is taken, or it is assigned to."""
    above = whole.parent
    if above is None:
        return False
    if above.type == "assignment_expression":
        return is_field(whole, "left")
    if above.type == "func1op_call_expression":
        return source.string(above.children[0]) in _LOOKS
    if above.type == "undef_expression":
        return True
    if above.type == "binary_expression":
        return operator_of(source, above) not in CHOOSES | {"x"}
    return above.type in COMPARISONS or above.type in CONDITIONS or above.type == "variable_declaration"


def is_spread(item: Node) -> bool:
    """Whether an item of a list may be several values."""
    return item.type in (
        "array",
        "hash",
        "array_deref_expression",
        "hash_deref_expression",
        "map_grep_expression",
        "sort_expression",
        "coderef_call_expression",
        *NAMED_CALLS,
        *SLICES,
    )


def assigned_to(source: PerlSource, target: Node) -> Node | None:
    """What is assigned to a variable where it stands, or is declared, at `target`."""
    above = target.parent
    if above is not None and above.type == "variable_declaration":
        target, above = above, above.parent
    if above is None or above.type != "assignment_expression" or not is_field(target, "left"):
        return None
    return above.child_by_field_name("right")
