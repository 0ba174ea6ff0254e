"""Whether every place that reads a callback out of its object leaves it there, or calls it while the object lives."""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from pmat_lsp.source.escapes import EscapeKind, escaped
from pmat_lsp.source.lexicals import Declaration, SubNode
from pmat_lsp.source.occurrences import literal_words, occurrences
from pmat_lsp.source.parameters import declaration_of, is_steady
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.results import Given, Returned, result_of, sub_returning
from pmat_lsp.source.syntax import (
    CALLS,
    CHOOSES,
    COMPARISONS,
    CONDITIONS,
    ELEMENTS,
    NAMED_CALLS,
    NAMED_CONTAINERS,
    SLICES,
    STRINGS,
    container_of,
    innermost_access,
    is_field,
    list_items,
    literal_key,
    operator_of,
    outermost_list,
    referred_by,
    whole_access,
)
from pmat_lsp.source.texts import Texts, TextSub, called_name

_LOOKS = frozenset({"defined", "ref", "exists", "undef", "scalar", "keys"})
_HARMLESS = frozenset({"blessed", "reftype", "isweak", "is_weak"})
_ADDS = frozenset({"push", "unshift"})
_CONTAINERS = frozenset({"array", "hash", "array_deref_expression", "hash_deref_expression"})


class Kept:
    """The places that read a callback under some keys."""

    def __init__(self, texts: Texts, keys: Iterable[str]) -> None:
        self._texts = texts
        self._keys = list(dict.fromkeys(keys))
        self._seen: set[tuple[int, int]] = set()
        self._variables: set[int] = set()

    def check(self, computed: Iterable[tuple[PerlSource, Node]]) -> None:
        """Raises Escaped where the callback may get out; `computed` are reads by keys that are not known."""
        position = 0
        while position < len(self._keys):
            key = self._keys[position]
            for source in self._texts.sources:
                self._check_key(source, key)
            position += 1
        for source, element in computed if self._keys else ():
            self._read(source, element)

    def _check_key(self, source: PerlSource, key: str) -> None:
        found = occurrences(source)
        for element in found.elements.get(key, ()):
            self._read(source, element)
        for whole in found.hashes:
            if whole.type in SLICES and key in (literal_words(source, whole.named_children[1:]) or ()):
                raise escaped(EscapeKind.COPIED, source, whole)

    def _read(self, source: PerlSource, element: Node) -> None:
        base = container_of(innermost_access(element))
        if base.type in NAMED_CONTAINERS:
            base = referred_by(base) or base
        self._value(source, whole_access(element), declaration_of(source, base))

    def _value(self, source: PerlSource, node: Node, base: Declaration | None) -> None:
        """What becomes of the callback, or of a container that holds it."""
        if (id(source), node.id) in self._seen:
            return
        self._seen.add((id(source), node.id))
        outer = outermost_list(node)
        above = outer.parent
        if above is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, node)
        kind = above.type
        if is_field(outer, "arguments"):
            self._argument(source, above, node, base)
        elif kind == "assignment_expression":
            self._assigned(source, above, outer, node, base)
        elif kind in ("binary_expression", "lowprec_logical_expression"):
            self._chosen(source, above, outer, base)
        elif kind in ("conditional_expression", "postfix_conditional_expression", "postfix_loop_expression"):
            if not is_field(outer, "condition"):
                self._value(source, above, base)
        elif kind == "expression_statement":
            self._statement(source, above, node, base)
        elif kind == "return_expression":
            self._returned(source, above, sub_returning(source, above))
        elif kind == "func1op_call_expression":
            self._function(source, above, node, base)
        elif kind == "varname" or kind in _CONTAINERS or kind == "code_deref_expression":
            self._dereferenced(source, above, node, base)
        elif kind in ELEMENTS and container_of(above) == outer:
            self._value(source, above, base)
        elif kind == "replacement":
            raise escaped(EscapeKind.HIDDEN_CODE, source, above)
        elif kind in STRINGS or kind in ELEMENTS:
            raise escaped(EscapeKind.ADDRESS, source, node)
        elif kind in ("for_statement", "postfix_for_expression", "map_grep_expression"):
            self._looped(source, above, outer, base)
        elif kind in ("refgen_expression", "localization_expression"):
            raise escaped(EscapeKind.ALIASED, source, above)
        elif kind in ("anonymous_array_expression", "anonymous_hash_expression"):
            raise escaped(EscapeKind.STORED, source, above)
        elif not _only_looked_at(source, above, outer):
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, above)

    def _chosen(self, source: PerlSource, above: Node, node: Node, base: Declaration | None) -> None:
        operator = operator_of(source, above)
        if operator in ("&&", "and") and is_field(node, "left"):
            return
        if operator in CHOOSES:
            self._value(source, above, base)
        elif operator not in ("==", "!="):
            raise escaped(EscapeKind.ADDRESS, source, above)

    def _statement(self, source: PerlSource, statement: Node, node: Node, base: Declaration | None) -> None:
        block = statement.parent
        around = block.parent if block is not None and block.type == "block" else None
        if around is not None and around.type in _CONTAINERS | {"varname", "code_deref_expression"}:
            self._dereferenced(source, around, node, base)
            return
        result = result_of(source, statement)
        if result is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, statement)
        if isinstance(result, Given):
            self._value(source, result.node, base)
        elif isinstance(result, Returned):
            self._returned(source, statement, result.sub)

    def _returned(self, source: PerlSource, at: Node, node: SubNode | None) -> None:
        """The callback is what a sub returns; a last statement that stores or deletes it may, where callers drop it."""
        sub = TextSub(source, node) if node is not None else None
        if sub is not None and sub.name.endswith("::DESTROY"):
            return
        returned = escaped(EscapeKind.RETURNED, source, at, sub.name if sub is not None else "")
        if sub is None or not sub.name or at.type == "return_expression" or not _changes(source, at.named_children[0]):
            raise returned
        self._texts.check_callers_are_known(sub)
        for other, call in self._texts.callers(sub):
            outer = outermost_list(call)
            above = outer.parent
            while above is not None and above.type in ("postfix_conditional_expression", "postfix_for_expression"):
                outer, above = above, above.parent
            if above is None or above.type not in ("expression_statement", *CONDITIONS):
                raise returned
            if above.type == "expression_statement":
                result = result_of(other, above)
                if isinstance(result, Returned) and (id(other), above.id) not in self._seen:
                    self._seen.add((id(other), above.id))
                    self._returned(other, above, result.sub)
                elif result is None or isinstance(result, Given):
                    raise returned

    def _assigned(
        self, source: PerlSource, assignment: Node, outer: Node, node: Node, base: Declaration | None
    ) -> None:
        left = assignment.child_by_field_name("left")
        if left is None or left == outer:
            return
        variable = left
        if left.type == "variable_declaration":
            variable = left.child_by_field_name("variable") or (left.children_by_field_name("variables") or [left])[0]
        declaration = declaration_of(source, variable)
        if variable.type in ("scalar", "array") and declaration is not None:
            if len(left.children_by_field_name("variables")) > 1:
                raise escaped(EscapeKind.NOT_UNDERSTOOD, source, assignment)
            self._variable(source, declaration, base)
        elif left.type in ELEMENTS and self._is_same_object(source, left, base):
            key = literal_key(innermost_access(left))
            if key is not None and key not in self._keys:
                self._keys.append(key)
        elif not _is_filtered(source, left, node):
            raise escaped(EscapeKind.STORED, source, assignment)
        self._value(source, assignment, base)

    def _is_same_object(self, source: PerlSource, left: Node, base: Declaration | None) -> bool:
        first = innermost_access(left)
        return (
            base is not None
            and literal_key(first) is not None
            and declaration_of(source, container_of(first)) is base
            and is_steady(source, base)
        )

    def _variable(self, source: PerlSource, declaration: Declaration, base: Declaration | None) -> None:
        """A lexical has it: the object's own variable must outlive that, and nothing may capture it."""
        if declaration.node.id in self._variables:
            return
        self._variables.add(declaration.node.id)
        lives = (
            base is not None
            and declaration.keyword == "my"
            and base.sub == declaration.sub
            and base.node.start_byte < declaration.node.start_byte
            and is_steady(source, base)
            and not _is_alias(base)
        )
        if not lives:
            raise escaped(EscapeKind.OUTLIVES, source, declaration.node, declaration.name)
        self._uses(source, declaration, base)

    def _uses(self, source: PerlSource, declaration: Declaration, base: Declaration | None) -> None:
        for use in source.lexicals.uses_of(declaration):
            if use.sub != declaration.sub:
                raise escaped(EscapeKind.CAPTURED, source, use.node, declaration.name)
            if use.node.type in ("array", "hash"):
                self._items(source, use.node, base)
            elif use.node.type in NAMED_CONTAINERS and use.node.parent is not None:
                if use.node.parent.type not in ELEMENTS:
                    raise escaped(EscapeKind.COPIED, source, use.node.parent)
                self._value(source, whole_access(use.node.parent), base)
            elif use.node.type != "arraylen":
                self._value(source, use.node, base)

    def _argument(self, source: PerlSource, call: Node, node: Node, base: Declaration | None) -> None:
        name = called_name(source, call).rpartition("::")[2]
        items = list_items(call.child_by_field_name("arguments"))
        is_first = bool(items) and items[0].start_byte <= node.start_byte < items[0].end_byte
        if call.type in CALLS and name in _HARMLESS:
            return
        if call.type in CALLS and name in _ADDS:
            if not is_first:
                raise escaped(EscapeKind.STORED, source, call)
        elif call.type in CALLS and name == "splice" and is_first:
            self._value(source, call, base)
        elif call.type in CALLS and name == "reverse":
            self._items(source, call, base)
        elif call.type in CALLS and name == "weaken":
            raise escaped(EscapeKind.WEAKENED, source, call)
        else:
            raise escaped(EscapeKind.PASSED, source, call, called_name(source, call))

    def _function(self, source: PerlSource, call: Node, node: Node, base: Declaration | None) -> None:
        name = source.string(call.children[0])
        if name in _LOOKS:
            return
        if name in ("delete", "shift", "pop"):
            self._value(source, call, base)
        else:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, call)

    def _dereferenced(self, source: PerlSource, above: Node, node: Node, base: Declaration | None) -> None:
        whole = above.parent if above.type in ("varname", "code_deref_expression") else above
        around = whole.parent if whole is not None else None
        if whole is None or around is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, node)
        if whole.type == "function":
            jumps = around.parent is not None and around.parent.type == "goto_expression"
            if around.type not in CALLS or jumps:
                raise escaped(EscapeKind.ALIASED, source, around)
        elif whole.type in NAMED_CONTAINERS:
            if around.type not in ELEMENTS:
                raise escaped(EscapeKind.COPIED, source, around)
            self._value(source, whole_access(around), base)
        elif whole.type in _CONTAINERS:
            self._items(source, whole, base)
        elif whole.type not in ("arraylen", "arraylen_deref_expression"):
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, whole)

    def _items(self, source: PerlSource, container: Node, base: Declaration | None) -> None:
        """`@{ $self->{key} }`: its items are called, compared, taken out or added."""
        outer = outermost_list(container)
        above = outer.parent
        if above is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, container)
        if is_field(outer, "list") and above.type in ("for_statement", "postfix_for_expression", "map_grep_expression"):
            self._looped(source, above, outer, base)
        elif above.type == "func1op_call_expression" and source.string(above.children[0]) in ("values", "each"):
            self._items(source, above, base)
        elif (
            above.type in CONDITIONS
            or above.type in COMPARISONS
            or (above.type == "binary_expression" and operator_of(source, above) not in CHOOSES | {"x"})
        ):
            return
        else:
            self._value(source, container, base)

    def _looped(self, source: PerlSource, above: Node, node: Node, base: Declaration | None) -> None:
        if not is_field(node, "list"):
            if above.type == "map_grep_expression":
                if source.string(above.children[0]) == "map":
                    self._items(source, above, base)
            elif above.type == "postfix_for_expression":
                self._value(source, above, base)
            return
        if base is None or not is_steady(source, base):
            raise escaped(EscapeKind.OUTLIVES, source, node)
        if above.type == "postfix_for_expression":
            self._topics(source, above.named_children[0], base)
        elif above.type == "map_grep_expression":
            callback = above.child_by_field_name("callback")
            if callback is not None:
                self._topics(source, callback, base)
            if source.string(above.children[0]) == "grep":
                self._items(source, above, base)
        else:
            variable, block = above.child_by_field_name("variable"), above.child_by_field_name("block")
            declaration = declaration_of(source, variable) if variable is not None else None
            if declaration is not None:
                self._uses(source, declaration, base)
            elif variable is None and block is not None and not above.children_by_field_name("variables"):
                self._topics(source, block, base)
            else:
                raise escaped(EscapeKind.ALIASED, source, above)

    def _topics(self, source: PerlSource, inside: Node, base: Declaration | None) -> None:
        """Every `$_` in a loop."""
        for use in source.lexicals.uses:
            if use.name == "$_" and inside.start_byte <= use.node.start_byte < inside.end_byte:
                self._value(source, use.node, base)
        for other, topic in self._texts.topics_in(source, inside):
            self._value(other, topic, None)


def _changes(source: PerlSource, expression: Node) -> bool:
    """Whether a statement is there for more than its value: it stores, deletes or calls something."""
    while expression.type in ("postfix_conditional_expression", "postfix_for_expression", "lowprec_logical_expression"):
        expression = expression.named_children[-1 if expression.type == "lowprec_logical_expression" else 0]
    if expression.type == "func1op_call_expression":
        return source.string(expression.children[0]) in ("delete", "shift", "pop")
    return expression.type in ("assignment_expression", *NAMED_CALLS)


def _is_alias(declaration: Declaration) -> bool:
    """The variable of a `foreach` is another name for an item, and holds nothing itself."""
    return declaration.node.parent is not None and declaration.node.parent.type == "for_statement"


def _is_filtered(source: PerlSource, left: Node, node: Node) -> bool:
    """`@{ $x->{list} } = grep { … } @{ $x->{list} }`."""
    if node.type != "map_grep_expression" or left.type not in _CONTAINERS:
        return False
    listed = node.child_by_field_name("list")
    return listed is not None and source.string(listed) == source.string(left)


def _only_looked_at(source: PerlSource, above: Node, node: Node) -> bool:
    """Whether nothing is left of the value behind `above`: it is called, compared or tested."""
    kind = above.type
    if kind == "coderef_call_expression":
        return above.children[0] == node
    if kind == "method_call_expression":
        return is_field(node, "invocant")
    if kind in CONDITIONS or kind in COMPARISONS or kind == "undef_expression":
        return True
    return kind == "unary_expression" and source.string(above.children[0]) == "!"
