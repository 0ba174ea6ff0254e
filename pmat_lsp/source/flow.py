"""Where the value of a closure goes: whether nothing but one object ever holds it, as far as the text shows.

The value is followed from the `sub` through variables, calls of subs whose text is known, returns and stores. What is
not listed here is an escape, so that the answer errs on the side of a review.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tree_sitter import Node

from pmat_lsp.source.cells import is_spread
from pmat_lsp.source.escapes import Escaped, EscapeKind, escaped
from pmat_lsp.source.kept import Kept
from pmat_lsp.source.lexicals import Declaration, SubNode
from pmat_lsp.source.model import Range
from pmat_lsp.source.occurrences import is_named_container, literal_words, occurrences
from pmat_lsp.source.parameters import (
    Argument,
    argument_of,
    declaration_of,
    invocant_of,
    is_made_by_bless,
    is_steady,
)
from pmat_lsp.source.perl import PerlSource, Sub
from pmat_lsp.source.results import Given, Returned, result_of, results_of, sub_returning
from pmat_lsp.source.syntax import (
    ASSIGNS,
    CALLS,
    CHOOSES,
    COMPARISONS,
    CONDITIONS,
    ELEMENTS,
    LISTS,
    STRINGS,
    container_of,
    dereferenced,
    everything,
    innermost_access,
    is_field,
    key_before,
    list_items,
    literal_key,
    operator_of,
    outermost_list,
    referred_by,
)
from pmat_lsp.source.texts import Texts, TextSub, called_name

_LOOKS_ONLY = frozenset({"defined", "ref", "exists", "undef", "scalar"})
_HARMLESS = frozenset({"blessed", "reftype", "isweak", "is_weak"})
_PASSES_ON = frozenset(
    {
        "postfix_for_expression",
        "postfix_conditional_expression",
        "conditional_expression",
        "lowprec_logical_expression",
        "binary_expression",
    }
)
_ADDS = frozenset({"push", "unshift"})


@dataclass(frozen=True, slots=True)
class Holder:
    """The object that takes a closure's value."""

    variable: Range | None
    """The declaration of the lexical that refers to it, in the file of the closure; None for a new object."""
    keys: frozenset[str]
    """The keys under which it is stored; none at all where it never leaves the variables of the sub that makes it."""
    given_to: tuple[Range, ...]
    """The method calls that get it, in the file of the closure."""


@dataclass(frozen=True)
class _Stored:
    source: PerlSource
    variable: Declaration | None
    """None: the object that `bless` has just made."""
    key: str
    at: Node


@dataclass(frozen=True)
class _Formal:
    """What a method that is called makes of an argument."""

    sub: TextSub
    invocant: Declaration | None
    argument: Argument


def holder_of(texts: Texts, source: PerlSource, sub: Sub, captured: Range) -> Holder:
    """The one object that holds every closure made by the anonymous `sub`.

    Args:
        texts: of the program.
        source: the text of the sub.
        sub: makes the closures.
        captured: the declaration of the variable that is to be captured weakly.

    Raises:
        Escaped: that is not certain.
    """
    tracer = _Tracer(texts, set(), set())
    tracer.value(source, source.lexicals.subs[sub.index].whole)
    for node in everything(source.lexicals.subs[sub.index].body):
        if node.type == "func0op_call_expression" and source.string(node) == "__SUB__":
            tracer.value(source, node)
    _check_variables(tracer, source, captured)
    stored = set(tracer.stored)
    variables = {one.variable.node.id if one.variable else None for one in stored}
    if len(variables) > 1:
        raise escaped(EscapeKind.SEVERAL, tracer.stored[-1].source, tracer.stored[-1].at)
    for one in stored:
        if one.variable and one.source is not source:
            raise escaped(EscapeKind.SEVERAL, one.source, one.at)
    variable = next((one.variable for one in tracer.stored), None)
    given_to = tuple(source.range(call) for other, call in tracer.given_to if other is source)
    keys = frozenset(one.key for one in stored)
    return Holder(source.range(variable.node) if variable else None, keys, given_to)


def check_readers(texts: Texts, keys: Iterable[str], computed: Iterable[tuple[PerlSource, Node]]) -> None:
    """Every place that reads one of the keys, or may, leaves the callback in its object, or calls it.

    Raises:
        Escaped: one does not.
    """
    Kept(texts, keys).check(computed)


def _check_variables(tracer: _Tracer, source: PerlSource, captured: Range) -> None:
    """The variables that have the closure on its way do not outlive the captured one."""
    home = next(one for one in source.lexicals.declarations if source.range(one.node) == captured)
    for other, declaration in tracer.passed:
        if other is source and _is_around(source, home.sub, declaration.sub):
            if declaration.sub != home.sub or declaration.node.start_byte > home.node.start_byte:
                continue
        elif declaration.sub is not None and (id(other), declaration.sub) in tracer.entered:
            continue
        raise escaped(EscapeKind.OUTLIVES, other, declaration.node, declaration.name)


def _is_around(source: PerlSource, outer: int | None, inner: int | None) -> bool:
    while inner is not None and inner != outer:
        inner = source.lexicals.subs[inner].parent
    return inner == outer


class _Tracer:
    """Follows one value; `stored` collects what took it."""

    def __init__(
        self, texts: Texts, seen: set[tuple[int, int, str | None]], entered: set[tuple[int, int | None]]
    ) -> None:
        self.stored: list[_Stored] = []
        self.passed: list[tuple[PerlSource, Declaration]] = []
        self.given_to: list[tuple[PerlSource, Node]] = []
        self.entered = entered
        """The subs that got it as an argument: while one of them runs, so does its caller."""
        self._texts = texts
        self._seen = seen

    def value(self, source: PerlSource, node: Node, key: str | None = None) -> None:
        """Follow the value of an expression; `key` is where in a new hash it is, None for the value itself."""
        if (id(source), node.id, key) in self._seen:
            return
        self._seen.add((id(source), node.id, key))
        outer = outermost_list(node)
        above = outer.parent
        if above is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, node)
        kind = above.type
        if is_field(outer, "arguments"):
            self._argument(source, above, node, key)
        elif kind == "assignment_expression":
            self._assigned(source, above, outer, node, key)
        elif kind == "anonymous_hash_expression" and key is None:
            self._in_hash(source, above, node)
        elif kind == "return_expression":
            self._returned(source, above, sub_returning(source, above), key)
        elif kind in ("postfix_conditional_expression", "conditional_expression"):
            if not is_field(outer, "condition"):
                self.value(source, above, key)
        elif kind == "expression_statement":
            self._statement(source, above, node, key)
        elif kind in ("binary_expression", "lowprec_logical_expression") and operator_of(source, above) in CHOOSES:
            if not (is_field(outer, "left") and operator_of(source, above) in ("&&", "and")):
                self.value(source, above, key)
        elif kind == "func1op_call_expression" and source.string(above.children[0]) == "delete":
            self.value(source, above, key)
        elif kind in STRINGS:
            raise escaped(EscapeKind.ADDRESS, source, node)
        elif not _only_looked_at(source, above, outer):
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, above)

    def uses(self, source: PerlSource, declaration: Declaration, key: str | None = None) -> None:
        """Follow the value out of a lexical: every use of it, and the closures that capture it."""
        if declaration.keyword != "my":
            raise escaped(EscapeKind.OUTLIVES, source, declaration.node, declaration.name)
        self.passed.append((source, declaration))
        for use in source.lexicals.uses_of(declaration):
            sub = use.sub
            while sub is not None and sub != declaration.sub:
                node = source.lexicals.subs[sub]
                if node.name is not None or node.whole.type in ("block", "indirect_object"):
                    raise escaped(EscapeKind.CAPTURED, source, use.node, declaration.name)
                self.value(source, node.whole)
                sub = node.parent
            self._use(source, use.node, key)

    def _use(self, source: PerlSource, node: Node, key: str | None) -> None:
        above = node.parent
        if key is None:
            self.value(source, node)
        elif node.type == "container_variable" and above is not None:
            named = literal_key(above)
            if named is None:
                raise escaped(EscapeKind.COMPUTED_KEY, source, above)
            if named == key:
                self.value(source, above)
        elif node.type in ("slice_container_variable", "keyval_container_variable") and above is not None:
            words = literal_words(source, above.named_children[1:])
            if words is None or key in words:
                raise escaped(EscapeKind.COPIED, source, above)
        elif not (node.type == "hash" and self._splice(source, node, key)):
            raise escaped(EscapeKind.COPIED, source, node)

    def _splice(self, source: PerlSource, node: Node, key: str) -> bool:
        """`{ …, %args }`: the hash has the key from then on."""
        outer = outermost_list(node)
        if outer.parent is None or outer.parent.type != "anonymous_hash_expression":
            return False
        self.value(source, outer.parent, key)
        return True

    def _statement(self, source: PerlSource, statement: Node, node: Node, key: str | None) -> None:
        result = result_of(source, statement)
        if result is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, statement)
        if isinstance(result, Given):
            self.value(source, result.node, key)
        elif isinstance(result, Returned):
            self._returned(source, statement, result.sub, key)

    def _assigned(self, source: PerlSource, assignment: Node, outer: Node, node: Node, key: str | None) -> None:
        left = assignment.child_by_field_name("left")
        if left is None or outer == left:
            return
        if operator_of(source, assignment) not in ASSIGNS or outer != node:
            raise escaped(EscapeKind.STORED, source, assignment)
        self._store(source, left, key)
        self.value(source, assignment, key)

    def _store(self, source: PerlSource, left: Node, key: str | None) -> None:
        variable = left.child_by_field_name("variable") if left.type == "variable_declaration" else left
        declaration = declaration_of(source, variable) if variable is not None else None
        if variable is not None and variable.type == "scalar":
            loop = declaration.node.parent if declaration is not None else None
            if declaration is None or key is not None or (loop is not None and loop.type == "for_statement"):
                raise escaped(EscapeKind.STORED, source, left)
            self.uses(source, declaration)
        elif left.type in ELEMENTS:
            self._keep(source, left)
        else:
            raise escaped(EscapeKind.STORED, source, left)

    def _keep(self, source: PerlSource, element: Node) -> None:
        """`$self->{key}…` takes the value."""
        first = innermost_access(element)
        base, key = container_of(first), literal_key(first)
        if is_named_container(base):
            raise escaped(EscapeKind.STORED, source, element)
        if key is None:
            raise escaped(EscapeKind.COMPUTED_KEY, source, element)
        if base.type == "container_variable":
            base = referred_by(base) or base
        declaration = declaration_of(source, base)
        if declaration is None or not is_steady(source, declaration):
            raise escaped(EscapeKind.STORED, source, element)
        self.stored.append(_Stored(source, declaration, key, element))

    def _in_hash(self, source: PerlSource, hash_node: Node, node: Node) -> None:
        key = key_before(node)
        if key is None:
            raise escaped(EscapeKind.COMPUTED_KEY, source, hash_node)
        self.value(source, hash_node, key)

    def _argument(self, source: PerlSource, call: Node, node: Node, key: str | None) -> None:
        items = list_items(call.child_by_field_name("arguments"))
        item = next(one for one in items if one.start_byte <= node.start_byte < one.end_byte)
        name = called_name(source, call).rpartition("::")[2]
        if call.type in CALLS and name in _HARMLESS:
            return
        if call.type in CALLS and name == "bless" and key is not None and items[0] == item:
            self.stored.append(_Stored(source, None, key, call))
        elif call.type in CALLS and name in _ADDS and item != items[0] and key is None:
            inner = dereferenced(items[0]) or referred_by(items[0])
            if inner is None or inner.type not in ELEMENTS:
                raise escaped(EscapeKind.STORED, source, call)
            self._keep(source, inner)
        else:
            self._passed(source, call, items, item, key)

    def _passed(self, source: PerlSource, call: Node, items: list[Node], item: Node, key: str | None) -> None:
        """An argument of a sub: what a method stores in its object is stored in the invocant."""
        if key is not None or call.type == "coderef_call_expression":
            raise escaped(EscapeKind.PASSED, source, call, called_name(source, call))
        self.given_to.append((source, call))
        formal = self._formal(source, call, items, item)
        self.entered.add((id(formal.sub.source), formal.sub.source.lexicals.subs.index(formal.sub.node)))
        inner = _Tracer(self._texts, self._seen, self.entered)
        inner.uses(formal.sub.source, formal.argument.variable, formal.argument.key)
        self._take_over(inner)
        invocant = call.child_by_field_name("invocant")
        for stored in inner.stored:
            self.stored.append(_seen_from_call(source, invocant, formal, stored))

    def _take_over(self, inner: _Tracer) -> None:
        self.passed += inner.passed
        self.given_to += inner.given_to

    def _formal(self, source: PerlSource, call: Node, items: list[Node], item: Node) -> _Formal:
        passed = escaped(EscapeKind.PASSED, source, call, called_name(source, call))
        try:
            found = self._texts.callees(source, call)
        except Escaped as unknown:
            raise passed from unknown
        before = items[: items.index(item)]
        spread = any(is_spread(one) for one in before)
        if len(found) != 1 or spread:
            raise passed
        sub = found[0]
        is_method = call.type == "method_call_expression"
        argument = argument_of(sub.source, sub.node, items.index(item) + is_method, key_before(item))
        if argument is None:
            raise passed
        return _Formal(sub, invocant_of(sub.source, sub.node) if is_method else None, argument)

    def _returned(self, source: PerlSource, at: Node, node: SubNode | None, key: str | None) -> None:
        """The value of a sub: what its callers do with it, where all of them are known."""
        sub = TextSub(source, node) if node is not None else None
        returned = escaped(EscapeKind.RETURNED, source, at, sub.name if sub is not None else "")
        if sub is None or not sub.name or key is not None:
            raise returned
        invocant = invocant_of(source, sub.node)
        try:
            self._texts.check_callers_are_known(sub)
            for other, call in self._texts.callers(sub):
                inner = _Tracer(self._texts, self._seen, self.entered)
                inner.value(other, call)
                self._take_over(inner)
                caller = call.child_by_field_name("invocant")
                variable = declaration_of(other, caller) if caller is not None else None
                for stored in inner.stored:
                    if variable is None or stored.variable is not variable or invocant is None:
                        raise returned
                    self.stored.append(_Stored(source, invocant, stored.key, stored.at))
                # Where this sub got the value from its caller, that one has a variable for it.
                outside = [one for one in inner.passed if (id(one[0]), one[1].sub) not in self.entered]
                if outside and (id(source), source.lexicals.subs.index(sub.node)) not in self.entered:
                    raise returned
        except Escaped as outside:
            raise returned from outside


def _seen_from_call(source: PerlSource, invocant: Node | None, formal: _Formal, stored: _Stored) -> _Stored:
    """What a method stored, told with the variables of the caller."""
    if stored.variable is None:
        if not _is_result(formal.sub, stored):
            raise escaped(EscapeKind.SEVERAL, stored.source, stored.at)
        return stored
    if stored.variable is formal.invocant:
        variable = declaration_of(source, invocant) if invocant is not None else None
        if variable is None:
            raise escaped(EscapeKind.SEVERAL, stored.source, stored.at)
        return _Stored(source, variable, stored.key, stored.at)
    if is_made_by_bless(formal.sub.source, stored.variable) and _is_result(formal.sub, stored):
        return _Stored(formal.sub.source, None, stored.key, stored.at)
    raise escaped(EscapeKind.STORED, stored.source, stored.at)


def _is_result(sub: TextSub, stored: _Stored) -> bool:
    """Whether the new object that takes the value is what the sub returns, and nothing else."""
    found = list(results_of(sub.source, sub.node))
    return bool(found) and all(_is_stored_in(sub.source, result, stored) for result in found)


def _is_stored_in(source: PerlSource, result: Node, stored: _Stored) -> bool:
    if result == stored.at:
        return True
    declaration = declaration_of(source, result)
    if declaration is None:
        return False
    if declaration is stored.variable:
        return True
    assignment = declaration.node.parent.parent if declaration.node.parent is not None else None
    right = assignment.child_by_field_name("right") if assignment is not None else None
    return right is not None and right == stored.at


def _only_looked_at(source: PerlSource, above: Node, node: Node) -> bool:
    """Whether nothing is left of the value behind `above`: it is called, compared or tested."""
    kind = above.type
    if kind == "coderef_call_expression":
        return above.children[0] == node
    if kind == "varname" and above.parent is not None:
        call = above.parent.parent
        jumps = call is not None and call.parent is not None and call.parent.type == "goto_expression"
        return above.parent.type == "function" and call is not None and call.type in CALLS and not jumps
    if kind in CONDITIONS or kind in COMPARISONS:
        return True
    if kind == "unary_expression":
        return source.string(above.children[0]) == "!"
    if kind == "func1op_call_expression":
        return source.string(above.children[0]) in _LOOKS_ONLY
    return kind == "undef_expression"


def check_value_is_dropped(texts: Texts, source: PerlSource, sub: Sub) -> None:
    """Nothing uses what a closure returns, as far as its callers can be told: any call of a reference may be one.

    Raises:
        Escaped: something does.
    """
    seen: set[tuple[int, int]] = set()
    work = [TextSub(source, source.lexicals.subs[sub.index])]
    while work:
        called = work.pop()
        if called.name:
            texts.check_callers_are_known(called)
            calls = list(texts.callers(called))
        else:
            calls = [(other, call) for other in texts.sources for call in occurrences(other).code_calls]
        for other, call in calls:
            if (id(other), call.id) not in seen:
                seen.add((id(other), call.id))
                work += _given_on_by(other, call)


def _given_on_by(source: PerlSource, call: Node) -> list[TextSub]:
    """The sub that returns the value of a call, [] where the value is dropped."""
    node = outermost_list(call)
    above = node.parent
    while above is not None and (above.type in _PASSES_ON or above.type in LISTS):
        if is_field(node, "condition") or (above.type == "binary_expression" and is_field(node, "left")):
            break
        node, above = above, above.parent
    if above is not None and above.type == "expression_statement":
        result = result_of(source, above)
        if not isinstance(result, Given) and result is not None:
            return [TextSub(source, result.sub)] if isinstance(result, Returned) else []
    if above is not None and above.type == "return_expression":
        sub = sub_returning(source, above)
        if sub is not None:
            return [TextSub(source, sub)]
    raise escaped(EscapeKind.VALUE_USED, source, call)
