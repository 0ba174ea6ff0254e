"""Where the value of a closure goes: proves from the text that nothing but one object ever holds it.

The value is followed from the `sub` through variables, calls of subs whose text is known, stores, and every place that
reads the key under which it is stored. Whatever is not understood counts as an escape, so the answer errs on that side.
Not seen are readers in files that are not given, and those that take all values of an object without naming the key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from pmat_lsp.source.first_statement import SUB_TYPES
from pmat_lsp.source.lexicals import Declaration, SubNode
from pmat_lsp.source.model import Range
from pmat_lsp.source.parameters import (
    Argument,
    argument_of,
    declaration_of,
    invocant_of,
    is_made_by_bless,
    is_steady,
    sub_around,
)
from pmat_lsp.source.perl import PerlSource, Sub
from pmat_lsp.source.syntax import (
    BLOCKS,
    ELEMENTS,
    STRINGS,
    ancestors,
    container_of,
    dereferenced,
    everything,
    innermost_access,
    is_field,
    key_before,
    list_items,
    literal,
    literal_key,
    whole_access,
)

_CALLS = frozenset({"function_call_expression", "ambiguous_function_call_expression"})
_COMPARISONS = frozenset({"equality_expression", "relational_expression", "unary_expression", "logical_not_expression"})
_BRANCHES = frozenset({"conditional_statement", "postfix_conditional_expression", "elsif", "loop_statement"})
_LOOKS_ONLY = frozenset({"defined", "ref", "exists", "undef", "scalar", "keys"})
_HARMLESS = frozenset({"weaken", "blessed", "refaddr", "reftype", "isweak", "is_weak"})
_SLICES = frozenset({"slice_expression", "keyval_expression"})
_ADDS = frozenset({"push", "unshift"})
_ASSIGNS = frozenset({"=", "//=", "||="})
_DROPS = frozenset(
    {"expression_statement", "postfix_for_expression", "postfix_conditional_expression", "postfix_loop_expression"}
)
_DROP_LAST = SUB_TYPES | {
    "conditional_statement",
    "elsif",
    "else",
    "loop_statement",
    "for_statement",
    "cstyle_for_statement",
    "package_statement",
    "phaser_statement",
}
_CHOOSES = frozenset({"//", "||", "&&", "or", "and"})


@dataclass(frozen=True, slots=True)
class Holder:
    """The object that takes a closure's value."""

    variable: Range | None
    """The declaration of the lexical that refers to it, in the file of the closure; None for a new object."""
    keys: frozenset[str]
    """The keys under which it is stored; none at all where it never leaves the variables of the sub that makes it."""
    passed: tuple[Range, ...]
    """The declarations of the lexicals that hold it on the way, in the file of the closure."""
    given_to: tuple[Range, ...]
    """The method calls that get it, in the file of the closure."""


class _Escape(Exception):
    """The value goes where it cannot be followed."""


@dataclass(frozen=True)
class _Stored:
    source: PerlSource
    variable: Declaration | None
    """None: the object that `bless` has just made."""
    key: str


@dataclass(frozen=True)
class _Formal:
    """What a method that is called makes of an argument."""

    source: PerlSource
    invocant: Declaration | None
    argument: Argument


class Program:
    """The texts through which values are followed.

    `sources` are those that subs are looked up in, `classes` the packages in which methods of a variable are; `naming`
    gives the further texts in which a key is named, where it may be read.
    """

    def __init__(
        self,
        sources: Sequence[PerlSource],
        classes: Collection[str],
        naming: Callable[[str], Iterable[PerlSource]],
    ) -> None:
        self._sources = _distinct(sources)
        self._classes = frozenset(classes)
        self._naming = naming

    def holder(self, source: PerlSource, sub: Sub) -> Holder | None:
        """The one object that holds every closure made by the anonymous `sub`; None where that is not certain."""
        node = source.lexicals.subs[sub.index].whole
        tracer = _Tracer(self)
        try:
            tracer.value(source, node)
            stored = set(tracer.stored)
            keys = frozenset(one.key for one in stored)
            for key in keys:
                self._check_readers(key)
        except _Escape:
            return None
        variables = {one.variable.node.id if one.variable else None for one in stored}
        if len(variables) > 1 or any(one.variable and one.source is not source for one in stored):
            return None
        variable = next((one.variable for one in stored), None)
        passed = tuple(source.range(declaration.node) for declaration in tracer.passed)
        given_to = tuple(source.range(call) for call in tracer.given_to)
        return Holder(source.range(variable.node) if variable else None, keys, passed, given_to)

    def method(self, class_name: str | None, name: str) -> tuple[PerlSource, SubNode]:
        """The only method of that name: in a class, or in any of the known ones where that is None."""
        wanted = {f"{package}::{name}" for package in ([class_name] if class_name is not None else self._classes)}
        found = [(source, sub) for source in self._sources for sub in source.lexicals.subs if sub.name in wanted]
        if len(found) != 1:
            raise _Escape
        return found[0]

    def calls_of(self, name: str) -> Iterator[tuple[PerlSource, Node]]:
        """Every `->name(…)` and `name(…)`."""
        for source in _distinct([*self._sources, *self._naming(name)]):
            for node in everything(source.root):
                called = node.child_by_field_name("method") or node.child_by_field_name("function")
                if called is not None and source.string(called).rpartition("::")[2] == name:
                    yield source, node

    def _check_readers(self, key: str) -> None:
        """Every place that names the key, or computes it, leaves its value in the object, or calls it."""
        for source in _distinct([*self._sources, *self._naming(key)]):
            self._check_readers_in(source, key)

    def _check_readers_in(self, source: PerlSource, key: str) -> None:
        invocants = {one.node.id for sub in source.lexicals.subs if sub.name and (one := invocant_of(source, sub))}
        for node in everything(source.root):
            if node.type == "hash_element_expression" and container_of(node).type != "container_variable":
                base = source.lexicals.declaration_at(container_of(node))
                named = literal_key(node)
                if named == key or (named is None and base is not None and base.node.id in invocants):
                    _Reader(self, source, node).check()
            elif node.type in _SLICES and any(key in _words(source, part) for part in node.named_children[1:]):
                raise _Escape


class _Tracer:
    """Follows one value; `stored` collects what took it."""

    def __init__(self, program: Program) -> None:
        self.stored: list[_Stored] = []
        self.passed: list[Declaration] = []
        self.given_to: list[Node] = []
        self._program = program
        self._seen: set[tuple[int, int, str | None]] = set()

    def value(self, source: PerlSource, node: Node, key: str | None = None) -> None:
        """Follow the value of an expression; `key` is where in a new hash it is, None for the value itself."""
        if (id(source), node.id, key) in self._seen:
            return
        self._seen.add((id(source), node.id, key))
        above = node.parent
        if above is None:
            raise _Escape
        kind = above.type
        if kind == "assignment_expression":
            self._assigned(source, above, node, key)
        elif kind in ("list_expression", "parenthesized_expression") or is_field(node, "arguments"):
            self._listed(source, node, key)
        elif kind == "anonymous_hash_expression" and key is None:
            self._in_hash(source, above, node)
        elif kind == "return_expression":
            self._returned(source, node, key)
        elif kind == "postfix_conditional_expression" and not is_field(node, "condition"):
            self.value(source, above, key)
        elif kind == "expression_statement":
            _check_statement(above)
            if node.type not in _CALLS and _is_last(above):
                self._returned(source, node, key)
        elif kind == "conditional_expression" and not is_field(node, "condition"):
            self.value(source, above, key)
        elif kind in ("binary_expression", "lowprec_logical_expression") and _operator(source, above) in _CHOOSES:
            self._chosen(source, above, node, key)
        elif kind == "func1op_call_expression" and source.string(above.children[0]) == "delete":
            self.value(source, above, key)
        elif not _only_looked_at(source, above, node, key):
            raise _Escape

    def uses(self, source: PerlSource, declaration: Declaration, key: str | None = None) -> None:
        """Follow the value out of a lexical: every use of it, and the closures that capture it."""
        if declaration.keyword != "my":
            raise _Escape
        self.passed.append(declaration)
        for use in source.lexicals.uses:
            if use.declaration is declaration:
                sub = use.sub
                while sub is not None and sub != declaration.sub:
                    node = source.lexicals.subs[sub]
                    if node.name is not None:
                        raise _Escape
                    self.value(source, node.whole)
                    sub = node.parent
                self._use(source, use.node, key)

    def _use(self, source: PerlSource, node: Node, key: str | None) -> None:
        if key is None:
            self.value(source, node)
        elif node.type == "container_variable" and node.parent is not None:
            if literal_key(node.parent) is None:
                raise _Escape
            if literal_key(node.parent) == key:
                self.value(source, node.parent)
        elif node.type == "slice_container_variable" and node.parent is not None:
            if any(key in _words(source, part) for part in node.parent.named_children[1:]):
                raise _Escape
        elif not (node.type == "hash" and self._splice(source, node, key)):
            raise _Escape

    def _splice(self, source: PerlSource, node: Node, key: str) -> bool:
        """`{ …, %args }`: the hash has the key from then on."""
        above = node.parent if node.parent and node.parent.type == "list_expression" else node
        if above.parent is None or above.parent.type != "anonymous_hash_expression":
            return False
        self.value(source, above.parent, key)
        return True

    def _assigned(self, source: PerlSource, assignment: Node, node: Node, key: str | None) -> None:
        left = assignment.child_by_field_name("left")
        if left is None or node == left:
            return
        if _operator(source, assignment) not in _ASSIGNS:
            raise _Escape
        self._store(source, left, key)
        if assignment.parent is None or assignment.parent.type != "expression_statement":
            self.value(source, assignment, key)
            return
        _check_statement(assignment.parent)
        if _is_last(assignment.parent):
            self._unused_by_callers(source, assignment)

    def _store(self, source: PerlSource, left: Node, key: str | None) -> None:
        variable = left.child_by_field_name("variable") if left.type == "variable_declaration" else left
        if variable is not None and variable.type == "scalar":
            declaration = declaration_of(source, variable)
            if declaration is None or key is not None:
                raise _Escape
            self.uses(source, declaration)
        elif left.type in ELEMENTS:
            self._keep(source, left)
        else:
            raise _Escape

    def _keep(self, source: PerlSource, element: Node) -> None:
        """`$self->{key}…` takes the value."""
        first = innermost_access(element)
        base, key = container_of(first), literal_key(first)
        declaration = declaration_of(source, base)
        if key is None or declaration is None or not is_steady(source, declaration):
            raise _Escape
        self.stored.append(_Stored(source, declaration, key))

    def _in_hash(self, source: PerlSource, hash_node: Node, node: Node) -> None:
        key = key_before(node)
        if key is None:
            raise _Escape
        self.value(source, hash_node, key)

    def _listed(self, source: PerlSource, node: Node, key: str | None) -> None:
        """An item of a list: an argument of a call, or a value of a hash."""
        outer = next(
            (one for one in [node, *ancestors(node)] if one.parent is not None and not _is_list(one.parent)), node
        )
        above = outer.parent
        if above is None:
            raise _Escape
        if above.type == "anonymous_hash_expression" and key is None:
            self._in_hash(source, above, node)
            return
        arguments = above.child_by_field_name("arguments")
        if above.type not in _CALLS | {"method_call_expression"} or arguments != outer:
            if _is_list(outer) and len(list_items(outer)) == 1:
                self.value(source, outer, key)
                return
            raise _Escape
        items = list_items(arguments)
        if above.type == "method_call_expression":
            self._passed(source, above, items, node, key)
        else:
            self._called_with(source, above, items, node, key)

    def _called_with(self, source: PerlSource, call: Node, items: list[Node], node: Node, key: str | None) -> None:
        function = call.child_by_field_name("function")
        name = source.string(function).rpartition("::")[2] if function is not None else ""
        if name in _HARMLESS:
            return
        if name == "bless" and key is not None and items[0] == node:
            self.stored.append(_Stored(source, None, key))
        elif name in _ADDS and node != items[0] and key is None:
            inner = dereferenced(items[0])
            if inner is None or inner.type not in ELEMENTS:
                raise _Escape
            self._keep(source, inner)
        else:
            raise _Escape

    def _passed(self, source: PerlSource, call: Node, items: list[Node], node: Node, key: str | None) -> None:
        """An argument of a method: what the method stores in its object is stored in the invocant."""
        invocant, method = call.child_by_field_name("invocant"), call.child_by_field_name("method")
        if invocant is None or method is None or key is not None:
            raise _Escape
        self.given_to.append(call)
        formal = self._formal(invocant, source.string(method), items, node)
        inner = _Tracer(self._program)
        inner._seen = self._seen
        inner.uses(formal.source, formal.argument.variable, formal.argument.key)
        for stored in inner.stored:
            self.stored.append(_seen_from_call(source, invocant, formal, stored))

    def _formal(self, invocant: Node, method: str, items: list[Node], node: Node) -> _Formal:
        found, sub = self._program.method(literal(invocant), method)
        if any(item.type in ("array", "hash") or item.type in _CALLS for item in items[: items.index(node)]):
            raise _Escape
        argument = argument_of(found, sub, items.index(node) + 1, key_before(node))
        if argument is None:
            raise _Escape
        return _Formal(found, invocant_of(found, sub), argument)

    def _unused_by_callers(self, source: PerlSource, node: Node) -> None:
        """The last statement gives its value to the callers: they drop it. Those of an anonymous sub are not known."""
        sub = sub_around(source, node)
        for other, call in self._program.calls_of(sub.name.rpartition("::")[2]) if sub and sub.name else ():
            if call.parent is None or call.parent.type not in _DROPS:
                self.value(other, call)

    def _returned(self, source: PerlSource, node: Node, key: str | None) -> None:
        """The value of a named method: what its callers do with it, where all of them call it on a variable."""
        sub = sub_around(source, node)
        if sub is None or key is not None:
            raise _Escape
        calls = list(self._program.calls_of(sub.name.rpartition("::")[2])) if sub.name else []
        invocant = invocant_of(source, sub)
        if not calls or invocant is None:
            raise _Escape
        for other, call in calls:
            inner = _Tracer(self._program)
            inner._seen = self._seen
            inner.value(other, call)
            caller = call.child_by_field_name("invocant")
            variable = declaration_of(other, caller) if caller is not None else None
            for stored in inner.stored:
                if variable is None or stored.variable is not variable:
                    raise _Escape
                self.stored.append(_Stored(source, invocant, stored.key))

    def _chosen(self, source: PerlSource, above: Node, node: Node, key: str | None) -> None:
        if above.parent is not None and above.parent.type == "expression_statement" and node == above.children[0]:
            return
        self.value(source, above, key)


class _Reader:
    """A place that names the key under which the value is stored."""

    def __init__(self, program: Program, source: PerlSource, element: Node) -> None:
        self._program = program
        self._source = source
        self._whole = whole_access(element)
        self._base = declaration_of(source, container_of(innermost_access(element)))

    def check(self) -> None:
        """Raises _Escape where the value may get out."""
        container = next((one for one in ancestors(self._whole) if one.type in ("array", "hash", "arraylen")), None)
        if container is not None and dereferenced(container) == self._whole:
            self._items(container)
            return
        above = self._whole.parent
        if above is not None and above.type == "method_call_expression" and is_field(self._whole, "invocant"):
            return
        tracer = _Tracer(self._program)
        tracer.value(self._source, self._whole)
        if any(stored.variable is not self._base for stored in tracer.stored):
            raise _Escape
        if not all(self._is_shorter(passed) for passed in tracer.passed):
            raise _Escape

    def _is_shorter(self, variable: Declaration) -> bool:
        """Whether the object outlives a variable that takes the value: its own variable does, and is never changed."""
        base = self._base
        if base is None or base.sub != variable.sub or base.node.start_byte > variable.node.start_byte:
            return False
        return is_steady(self._source, base)

    def _items(self, container: Node) -> None:
        """`@{ $self->{key} }`: its items are called, compared, taken out or added."""
        above = container.parent
        if above is None:
            raise _Escape
        if above.type == "postfix_for_expression":
            self._topics(above.children[0])
        elif above.type == "for_statement":
            variable, block = above.child_by_field_name("variable"), above.child_by_field_name("block")
            declaration = declaration_of(self._source, variable) if variable is not None else None
            if declaration is not None:
                tracer = _Tracer(self._program)
                tracer.uses(self._source, declaration)
                if tracer.stored:
                    raise _Escape
            elif variable is None and block is not None:
                self._topics(block)
            else:
                raise _Escape
        elif above.type == "map_grep_expression":
            callback = above.child_by_field_name("callback")
            if callback is None:
                raise _Escape
            self._topics(callback)
            if self._source.string(above.children[0]) == "grep":
                self._filtered(above, container)
        elif not (is_field(container, "left") or self._changed_or_counted(above, container)):
            raise _Escape

    def _filtered(self, grep: Node, container: Node) -> None:
        """`@x = grep { … } @x`."""
        left = grep.parent.child_by_field_name("left") if grep.parent is not None else None
        if left is None or self._source.string(left) != self._source.string(container):
            raise _Escape

    def _topics(self, inside: Node) -> None:
        """Every `$_` in a loop is called or compared."""
        for use in self._source.lexicals.uses:
            if use.name == "$_" and inside.start_byte <= use.node.start_byte < inside.end_byte:
                tracer = _Tracer(self._program)
                tracer.value(self._source, use.node)
                if tracer.stored:
                    raise _Escape

    def _changed_or_counted(self, above: Node, container: Node) -> bool:
        if above.type in _COMPARISONS or above.type in _BRANCHES:
            return True
        if above.type == "list_expression" and container == above.named_children[0] and above.parent is not None:
            function = above.parent.child_by_field_name("function")
            return function is not None and self._source.string(function) in _ADDS
        return above.type == "func1op_call_expression" and self._source.string(above.children[0]) in _LOOKS_ONLY


def _distinct(sources: Iterable[PerlSource]) -> tuple[PerlSource, ...]:
    return tuple({id(source): source for source in sources}.values())


def _seen_from_call(source: PerlSource, invocant: Node, formal: _Formal, stored: _Stored) -> _Stored:
    """What a method stored, told with the variables of the caller."""
    if stored.variable is None:
        return stored
    if stored.variable is formal.invocant:
        variable = declaration_of(source, invocant)
        if variable is None:
            raise _Escape
        return _Stored(source, variable, stored.key)
    if is_made_by_bless(formal.source, stored.variable):
        return _Stored(formal.source, None, stored.key)
    raise _Escape


def _only_looked_at(source: PerlSource, above: Node, node: Node, key: str | None) -> bool:
    """Whether nothing is left of the value behind `above`: it is called, compared or tested."""
    kind = above.type
    if kind in STRINGS:
        return key is None
    if kind == "coderef_call_expression":
        return above.children[0] == node
    if kind == "varname" and above.parent is not None:
        call = above.parent.parent
        return above.parent.type == "function" and call is not None and call.type != "refgen_expression"
    if kind == "conditional_expression" or kind in _BRANCHES or kind in _COMPARISONS:
        return True
    if kind == "binary_expression":
        return _operator(source, above) not in _CHOOSES | {"x"}
    if kind == "func1op_call_expression":
        return source.string(above.children[0]) in _LOOKS_ONLY
    return kind == "undef_expression"


def _check_statement(statement: Node) -> None:
    """A statement's value is dropped, or is that of the sub around it; that of `do { … }` or `map { … }` goes on."""
    block = statement.parent
    if block is None or not (block.type in BLOCKS - {"block"} or (block.parent and block.parent.type in _DROP_LAST)):
        raise _Escape


def _is_last(statement: Node) -> bool:
    """Whether the value of a statement is that of the sub around it."""
    after = [child for child in statement.parent.named_children if child.type != "comment"] if statement.parent else []
    return bool(after) and after[-1] == statement


def _is_list(node: Node) -> bool:
    return node.type in ("list_expression", "parenthesized_expression")


def _operator(source: PerlSource, node: Node) -> str:
    operator = node.child_by_field_name("operator")
    return source.string(operator) if operator is not None else ""


def _words(source: PerlSource, node: Node) -> list[str]:
    """Every word of the strings and word lists of `node`; a computed key may be any word."""
    found: list[str] = []
    for inner in everything(node):
        if inner.type in ("string_content", "autoquoted_bareword", "bareword"):
            found += source.string(inner).split()
    return found
