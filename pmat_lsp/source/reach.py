"""Where the objects of a class go in the texts of a program, and whether all that is done with them is understood.

Values are followed forwards, from where an object is made or is the invocant of a method: through variables, calls,
returns and stores. Fields are told apart by their keys alone, whatever object they are of, so two names for one
container are no gap. Every use that is not listed here is an escape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from pmat_lsp.source.cells import Cells, Token, assigned_to, is_plain, is_spread, only_keys
from pmat_lsp.source.escapes import Escaped, EscapeKind, escaped
from pmat_lsp.source.lexicals import Declaration, SubNode
from pmat_lsp.source.occurrences import (
    literal_words,
    occurrences,
    package_variable,
    static_name,
)
from pmat_lsp.source.parameters import parameters_of, sub_around
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.results import Dropped, Given, Returned, result_of, results_of, sub_returning
from pmat_lsp.source.syntax import (
    ASSIGNS,
    CALLS,
    CHOOSES,
    COMPARISONS,
    CONDITIONS,
    ELEMENTS,
    LISTS,
    NAMED_CALLS,
    NAMED_CONTAINERS,
    SLICES,
    STRINGS,
    container_of,
    everything,
    is_field,
    key_before,
    list_items,
    literal,
    literal_key,
    operator_of,
    outermost_list,
    statement_around,
)
from pmat_lsp.source.texts import Texts, TextSub, called_name, invocant_package, package_around

_ENOUGH = 100
"""So many escapes are collected, of which the one that tells most is told."""
_LOOKS = frozenset({"defined", "ref", "exists", "scalar", "undef", "keys"})
_HARMLESS = frozenset({"blessed", "reftype", "isweak", "is_weak", "openhandle"})
_ADDS = frozenset({"push", "unshift", "splice"})
_PRINTS = frozenset({"print", "say", "printf", "sprintf", "warn", "join", "refaddr", "id", "lc", "uc", "length"})
_TAKES_OUT = frozenset({"shift", "pop", "delete", "values", "each", "wantarray"})
_UNIVERSAL = frozenset({"isa", "DOES", "VERSION"})
_SELF = frozenset({"$self", "$this"})
_CLASS_NAMES = frozenset({"$class", "$proto", "$type", "$package", "$pkg"})
_ARITHMETIC = frozenset({"isa", "=="})
_PASSES_ON = frozenset(
    {
        "postfix_for_expression",
        "postfix_conditional_expression",
        "lowprec_logical_expression",
        "parenthesized_expression",
        "binary_expression",
        "conditional_expression",
    }
)


@dataclass(frozen=True)
class Objects:
    """Which objects are followed."""

    classes: frozenset[str]
    """Their classes, with all that these inherit from; empty for plain data."""
    keys: frozenset[str]
    """The keys under which they have the callback."""
    is_array: bool = False
    """What is captured is an array, and the objects are in it."""


class Reach(Cells):
    """Follows objects; `computed` collects where a key that is not known is read from one of them."""

    def __init__(self, texts: Texts, objects: Objects) -> None:
        self.computed: dict[tuple[int, int], tuple[PerlSource, Node]] = {}
        super().__init__(texts)
        self._objects = objects
        self._created: list[tuple[PerlSource, Node]] = []
        """Calls whose new object nothing takes."""
        self._received: dict[int, tuple[PerlSource, Declaration]] = {}
        """Variables to which the value of a call or of `bless` is assigned."""
        self._escapes: list[Escaped] = []
        self._asked: set[tuple[int, int]] = set()
        self._returning: set[tuple[int, int, Token]] = set()

    # What is followed first.

    def start(self) -> None:
        """Follow every object of the classes from where the texts make it, and as the invocant of its methods."""
        for sub in self._texts.subs:
            if sub.name and sub.package in self._objects.classes:
                self._try(self._start_method, sub)
        for source in self._texts.sources:
            for call in occurrences(source).calls.get("bless", ()):
                self._try(self._start_bless, source, call)
        self.run()

    def start_at(self, source: PerlSource, declaration: Declaration, token: Token) -> None:
        """Follow what a variable refers to, from where that comes from, too."""
        self._try(self._variable, source, declaration, token, None)
        if not self._objects.classes or token is Token.HOLDS:
            self._try(self._origins, source, declaration, token)
        self.run()

    def _try(self, step: Callable[..., None], *arguments: object) -> None:
        try:
            step(*arguments)
        except Escaped as found:
            self._escapes.append(found)

    def run(self) -> None:
        """Follow all that is still to be followed."""
        while self._work and len(self._escapes) < _ENOUGH:
            try:
                self._value(*self._work.pop())
            except Escaped as found:
                self._escapes.append(found)

    def check(self) -> None:
        """Raises Escaped where a use was not understood: of several the one that tells most."""
        if self._escapes:
            raise min(self._escapes, key=_order)

    def check_created(self) -> None:
        """Raises Escaped where an object is made and nothing but its own cycle holds it from then on."""
        for source, call in self._created:
            if self._makes(source, innermost_call(call)):
                raise escaped(EscapeKind.DROPPED_AT_ONCE, source, call)
        for source, declaration in self._received.values():
            self._check_received(source, declaration)

    def _makes(self, source: PerlSource, value: Node) -> bool:
        """Whether a value is an object that is made for it, and not one that something else holds, too."""
        if value.type in CALLS and called_name(source, value) == "bless":
            return True
        if value.type in NAMED_CALLS:
            if (id(source), value.id) in self._asked:
                return False
            self._asked.add((id(source), value.id))
            subs = self._texts.known_callees(source, value)
            return any(self._makes(sub.source, result) for sub in subs for result in results_of(sub.source, sub.node))
        if value.type in ("assignment_expression", "conditional_expression", "binary_expression", *LISTS):
            return any(self._makes(source, child) for child in value.named_children)
        declaration = source.lexicals.declaration_at(value)
        if declaration is None or value.type != "scalar":
            return False
        targets = [declaration.node, *(use.node for use in source.lexicals.uses_of(declaration))]
        values = (assigned_to(source, target) for target in targets)
        return any(one != value and self._makes(source, one) for one in values if one is not None)

    def _is_dropped(self, source: PerlSource, call: Node) -> bool:
        """Whether nothing takes what a call returns: it is a statement, perhaps the last one of a sub in whose place
        nothing takes it.
        """
        above = call.parent
        while above is not None and above.type in _PASSES_ON:
            above = above.parent
        if above is None or above.type != "expression_statement":
            return False
        result = result_of(source, above)
        if isinstance(result, Returned):
            callers = self._texts.callers(TextSub(source, result.sub)) if result.sub.name else ()
            return all(_is_statement(other) for _, other in callers)
        return isinstance(result, Dropped)

    def _check_received(self, source: PerlSource, declaration: Declaration) -> None:
        used = (use.node for use in source.lexicals.uses_of(declaration))
        if not any(not _is_target(node) for node in used):
            raise escaped(EscapeKind.DROPPED, source, declaration.node, declaration.name)

    def _is_tainted(self, source: PerlSource, node: Node) -> bool:
        return any((id(source), node.id, token) in self._seen for token in Token)

    def _start_method(self, sub: TextSub) -> None:
        """The first argument of a sub of the class that uses it as an object: nobody need be seen to call it."""
        source = sub.source
        parameters = parameters_of(source, sub.node)
        if sub.name.endswith("::DESTROY"):
            self._give(sub, 0, None, Token.OBJECT)
        elif parameters is None:
            number = source.lexicals.subs.index(sub.node)
            for use in source.lexicals.uses:
                element = use.node.parent
                is_first = element is not None and source.string(element) == "$_[0]"
                if use.name == "@_" and use.sub == number and is_first and element and _is_used_as_object(element):
                    self._push(source, element, Token.OBJECT)
        elif parameters:
            declaration = source.lexicals.declaration_at(parameters[0])
            if declaration is None or declaration.name in _CLASS_NAMES:
                return
            uses = (use.node for use in source.lexicals.uses_of(declaration))
            if declaration.name in _SELF or any(map(_is_used_as_object, uses)):
                self._give(sub, 0, None, Token.OBJECT)

    def _start_bless(self, source: PerlSource, call: Node) -> None:
        items = list_items(call.child_by_field_name("arguments"))
        named = literal(items[1]) if len(items) > 1 else package_around(source, call)
        if len(items) > 1 and source.string(items[1]) == "__PACKAGE__":
            named = package_around(source, call)
        if named is None:
            declaration = source.lexicals.declaration_at(items[1])
            named = invocant_package(source, declaration) if declaration is not None else None
            if named is not None and self._texts.packages.family(named) & self._objects.classes:
                named = None
        if not items or (named is not None and named not in self._objects.classes):
            return
        self._push(source, call, Token.OBJECT)
        declaration = source.lexicals.declaration_at(items[0])
        if declaration is not None:
            self._variable(source, declaration, Token.OBJECT, None)
        elif items[0].type in ELEMENTS:
            self._store(source, items[0], Token.OBJECT)

    # The forward step.

    def _value(self, source: PerlSource, node: Node, token: Token) -> None:
        """What becomes of the value of an expression; one in a list is an item of what is around the list."""
        outer = outermost_list(node)
        above = outer.parent
        if above is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, node)
        handler = _HANDLERS.get(above.type)
        if is_field(outer, "arguments"):
            self._argument(source, above, node, token)
        elif above.type == "anonymous_hash_expression":
            self._in_hash(source, above, node, token)
        elif handler is not None:
            handler(self, source, above, outer, token)
        elif above.type in STRINGS:
            raise escaped(EscapeKind.ADDRESS, source, node)
        elif above.type in ELEMENTS:
            self._element(source, above, outer, token)
        elif above.type in COMPARISONS or above.type in CONDITIONS:
            self._looked_at(source, outer, token)
        elif above.type in SLICES:
            self._slice(source, above, outer, token)
        else:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, above)

    def _assigned(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        left = above.child_by_field_name("left")
        if left is None or node == left:
            return
        if operator_of(source, above) not in ASSIGNS:
            raise escaped(EscapeKind.ADDRESS, source, above)
        self._store(source, left, token)
        self._note_received(source, left)
        self._push(source, above, token)

    def _note_received(self, source: PerlSource, left: Node) -> None:
        """A variable that is declared to take it, somewhere inside another block than that of the file."""
        if left.type != "variable_declaration" or package_level(left):
            return
        for variable in left.children_by_field_name("variable") + left.children_by_field_name("variables"):
            declaration = source.lexicals.declaration_at(variable)
            if declaration is not None and declaration.keyword == "my":
                self._received[declaration.node.id] = source, declaration

    def _statement(self, source: PerlSource, statement: Node, node: Node, token: Token) -> None:
        result = result_of(source, statement)
        if result is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, statement)
        if isinstance(result, Given):
            self._push(source, result.node, token)
        elif isinstance(result, Returned):
            self._returned(source, statement, result.sub, token)
        elif token is Token.OBJECT:
            self._created += [(source, call) for call in _calls_of_statement(node) if self._is_tainted(source, call)]

    def _dereferenced_statement(self, source: PerlSource, statement: Node, node: Node, token: Token) -> None:
        block = statement.parent
        above = block.parent if block is not None and block.type == "block" else None
        if block is not None and above is not None and _is_dereference(above):
            if block.named_child_count != 1:
                raise escaped(EscapeKind.NOT_UNDERSTOOD, source, above)
            self._dereference(source, above, node, token)
        else:
            self._statement(source, statement, node, token)

    def _varname(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        self._dereference(source, above, node, token)

    def _dereference(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        """`@$x`, `%{ … }`, `$$x{…}`: above is what stands around the reference, a varname or the variable itself."""
        whole = above.parent if above.type in ("varname", "code_deref_expression") else above
        if whole is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, node)
        kind = whole.type
        if kind in NAMED_CONTAINERS and whole.parent is not None:
            if whole.parent.type in ELEMENTS:
                self._element(source, whole.parent, whole, token)
            else:
                self._slice(source, whole.parent, whole, token)
        elif kind in ("hash", "hash_deref_expression"):
            self._whole_hash(source, whole, token)
        elif kind in ("array", "array_deref_expression") or kind in ("scalar", "scalar_deref_expression"):
            if token is Token.HOLDS:
                self._push(source, whole, Token.HOLDS, Token.OBJECT)
        elif kind in ("arraylen", "arraylen_deref_expression", "function"):
            return
        else:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, whole)

    def _whole_hash(self, source: PerlSource, whole: Node, token: Token) -> None:
        if only_keys(source, whole):
            return
        if token is Token.OBJECT and not self._objects.is_array:
            raise escaped(EscapeKind.COPIED, source, whole)
        self._push(source, whole, Token.HOLDS, Token.OBJECT)

    def _slice(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        container = next(iter(above.named_children), None)
        if container != node:
            raise escaped(EscapeKind.ADDRESS, source, above)
        if above.child_by_field_name("array") or above.child_by_field_name("arrayref"):
            if token is Token.HOLDS:
                self._push(source, above, Token.HOLDS, Token.OBJECT)
            return
        words = literal_words(source, above.named_children[1:])
        if token is Token.OBJECT and (words is None or words & self._objects.keys):
            raise escaped(EscapeKind.COPIED, source, above)
        if token is Token.HOLDS:
            self._push(source, above, Token.HOLDS, Token.OBJECT)

    def _element(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        if container_of(above) != node:
            raise escaped(EscapeKind.ADDRESS, source, above)
        if token is Token.HOLDS:
            self._push(source, above, Token.HOLDS, Token.OBJECT)
        elif above.type == "hash_element_expression" and literal_key(above) is None:
            self.computed[id(source), above.id] = source, above

    def _returns(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        sub = sub_returning(source, above)
        if sub is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, above)
        self._returned(source, above, sub, token)

    def _returned(self, source: PerlSource, at: Node, node: SubNode, token: Token) -> None:
        key = id(source), node.whole.id, token
        if key in self._returning:
            return
        self._returning.add(key)
        sub = TextSub(source, node)
        if not sub.name:
            self._from_code(sub, token)
            return
        for other, call in self._texts.callers(sub):
            self._push(other, call, token)

    def _from_code(self, sub: TextSub, token: Token) -> None:
        """What an anonymous sub returns may be the value of any call of a reference to code."""
        whole = sub.node.whole
        if whole.type in ("block", "indirect_object"):
            raise escaped(EscapeKind.NOT_UNDERSTOOD, sub.source, sub.node.keyword)
        outer = outermost_list(whole)
        call = outer.parent if outer.parent is not None and is_field(outer, "arguments") else None
        if call is not None and call.type in NAMED_CALLS and called_name(sub.source, call) not in _ADDS | {"bless"}:
            self._texts.callees(sub.source, call)
        for source in self._texts.sources:
            for call in occurrences(source).code_calls:
                self._push(source, call, token)

    def _method(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        if is_field(node, "invocant"):
            self._invoked(source, above, token)
        elif token is Token.OBJECT:
            raise escaped(EscapeKind.SYMBOLIC, source, above)

    def _invoked(self, source: PerlSource, call: Node, token: Token) -> None:
        """A method of the object; where it has none of that name, the invocant is something else."""
        if token is Token.HOLDS or not self._objects.classes:
            return
        called = self._texts.called(source, call)
        if called is None:
            raise escaped(EscapeKind.SYMBOLIC, source, call)
        name, _ = called
        found = self._texts.methods_of(self._objects.classes, name)
        packages = self._texts.packages
        without_text = {one for one in self._objects.classes if packages.has_sub(one, name)}
        without_text -= {sub.package for sub in found}
        if name == "can":
            raise escaped(EscapeKind.SYMBOLIC, source, call)
        if without_text:
            raise escaped(EscapeKind.GENERATED, source, call, name)
        method = source.string(call.child_by_field_name("method") or call)
        if "::" in method and "SUPER" not in method:
            found = found or self._texts.callees(source, call)
        for sub in found:
            self._give(sub, 0, None, token)
        if found and self._is_dropped(source, call):
            self._created.append((source, call))

    def _argument(self, source: PerlSource, call: Node, node: Node, token: Token) -> None:
        items = list_items(call.child_by_field_name("arguments"))
        index = next(i for i, item in enumerate(items) if item.start_byte <= node.start_byte < item.end_byte)
        if call.type in CALLS and self._builtin(source, call, items, index, token):
            return
        spread = any(self._may_be_list(source, item) for item in items[: index + 1])
        key = None if spread else key_before(items[index])
        if call.type == "coderef_call_expression" or _calls_reference(source, call):
            self._give_to_code(source, call, None if spread else index, key, token)
            return
        first = 1 if call.type == "method_call_expression" else 0
        for sub in self._texts.callees(source, call):
            self._give(sub, None if spread else index + first, key, token)

    def _may_be_list(self, source: PerlSource, item: Node) -> bool:
        """Whether an argument may be several: not where all that a sub returns are single values."""
        if item.type not in NAMED_CALLS:
            return is_spread(item)
        results = [
            (sub.source, result)
            for sub in self._texts.known_callees(source, item)
            for result in results_of(sub.source, sub.node)
        ]
        single = ("scalar", "hash_element_expression", "assignment_expression")
        return not results or any(
            result.type not in single and called_name(other, result) != "bless" for other, result in results
        )

    def _builtin(self, source: PerlSource, call: Node, items: list[Node], index: int, token: Token) -> bool:
        name = called_name(source, call).rpartition("::")[2]
        if name in _HARMLESS or name == "weaken":
            return True
        if name == "bless":
            if index == 0:
                self._push(source, call, token)
            return True
        if name in _ADDS:
            if index == 0:
                # `splice @list` takes out what it removes; the others count.
                if name == "splice":
                    self._push(source, call, Token.HOLDS, Token.OBJECT)
                return True
            self._hold(source, items[0], Token.HOLDS)
            return True
        if name in ("reverse", "return"):
            self._push(source, call, token)
            return True
        if name in _PRINTS and not self._texts.named(name):
            raise escaped(EscapeKind.ADDRESS, source, call)
        return False

    def _give_to_code(self, source: PerlSource, call: Node, index: int | None, key: str | None, token: Token) -> None:
        """An argument of `$x->(…)`, which may run any anonymous sub, and any that is referred to."""
        if not occurrences(source).strict:
            raise escaped(EscapeKind.SYMBOLIC, source, call)
        for other in self._texts.sources:
            found = occurrences(other)
            for name, nodes in found.references.items():
                taken = [node for node in nodes if node.parent is not None and node.parent.type == "refgen_expression"]
                named = self._texts.named(name)
                if taken and not named:
                    raise escaped(EscapeKind.UNKNOWN_CODE, other, taken[0])
                for sub in named if taken else ():
                    self._give(sub, index, key, token)
        for sub in self._texts.subs:
            if not sub.name:
                self._give(sub, index, key, token)

    def _give(self, sub: TextSub, index: int | None, key: str | None, token: Token) -> None:
        """A sub gets it as argument `index`, None for anywhere in the list, with `key =>` before it."""
        parameters = parameters_of(sub.source, sub.node)
        if parameters is None:
            self._give_unnamed(sub, index, token)
            return
        for position, node in enumerate(parameters):
            declaration = sub.source.lexicals.declaration_at(node)
            is_scalar = node.type not in ("array", "hash")
            if index is None or (is_scalar and position == index) or (not is_scalar and position <= index):
                if declaration is None:
                    raise escaped(EscapeKind.NOT_UNDERSTOOD, sub.source, node)
                if is_scalar:
                    self._variable(sub.source, declaration, token, None)
                    if index is None:
                        self._variable(sub.source, declaration, Token.OBJECT, None)
                else:
                    self._variable(sub.source, declaration, Token.HOLDS, key if node.type == "hash" else None)
        self._check_shared_arguments(sub)

    def _give_unnamed(self, sub: TextSub, index: int | None, token: Token) -> None:
        """A sub that takes its arguments in other ways: every `shift`, `$_[…]` and `@_` in it may be the value."""
        self._check_shared_arguments(sub)
        source = sub.source
        number = source.lexicals.subs.index(sub.node)
        for use in source.lexicals.uses:
            if use.name != "@_" or use.sub != number:
                continue
            element = use.node.parent
            if use.node.type == "container_variable" and element is not None and element.type in ELEMENTS:
                position = element.child_by_field_name("index")
                text = source.string(position) if position is not None else ""
                if index is None or not text.isdigit() or int(text) == index:
                    self._push(source, element, token, *([Token.OBJECT] if index is None else []))
            elif use.node.type == "array":
                shifted = use.node.parent
                if shifted is not None and source.string(shifted.children[0]) in ("shift", "pop"):
                    self._push(source, shifted, token)
                else:
                    self._push(source, use.node, Token.HOLDS, Token.OBJECT)
            else:
                raise escaped(EscapeKind.ALIASED, source, use.node)
        for node in everything(sub.node.body):
            bare = node.type == "func1op_call_expression" and not node.named_child_count
            if bare and source.string(node).rstrip("() ") in ("shift", "pop") and sub_around(source, node) is sub.node:
                self._push(source, node, token)

    def _check_shared_arguments(self, sub: TextSub) -> None:
        """`&foo;` and `goto &foo` give all arguments on."""
        for node in everything(sub.node.body):
            if node.type == "function" and node.parent is not None and node.parent.type in CALLS:
                call = node.parent
                jumps = call.parent is not None and call.parent.type == "goto_expression"
                text = sub.source.string(call)
                if jumps or (text.startswith("&") and not text.rstrip().endswith(")")):
                    raise escaped(EscapeKind.ALIASED, sub.source, call)

    def _called_code(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        """`$x->(…)`: that is no object, or its class overloads it."""

    def _looked_at(self, source: PerlSource, node: Node, token: Token) -> None:
        """Only whether there is an object is asked: one that is made for that is dropped at once."""
        if token is Token.OBJECT and node.type in NAMED_CALLS:
            self._created.append((source, node))

    def _conditional(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        if is_field(node, "condition"):
            self._looked_at(source, node, token)
        else:
            self._push(source, above, token)

    def _binary(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        operator = operator_of(source, above)
        if operator in CHOOSES or operator == "x":
            self._push(source, above, token)
        elif operator not in _ARITHMETIC and token is Token.OBJECT:
            raise escaped(EscapeKind.ADDRESS, source, above)

    def _unary(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        operator = source.string(above.children[0])
        if operator == "+":
            self._push(source, above, token)
        elif operator == "!":
            self._looked_at(source, node, token)
        elif token is Token.OBJECT:
            raise escaped(EscapeKind.ADDRESS, source, above)

    def _in_array(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        self._push(source, above, Token.HOLDS)

    def _in_hash(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        """`{ key => … }`, `{ %args }`."""
        if node.next_sibling is not None and node.next_sibling.type == "=>" and token is Token.OBJECT:
            raise escaped(EscapeKind.ADDRESS, source, node)
        key = None if is_spread(node) else key_before(node)
        if key is not None:
            self._key(key, token)
        else:
            self._push(source, above, Token.HOLDS)

    def _called_op(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        name = source.string(above.children[0])
        if name in _LOOKS:
            self._looked_at(source, node, token)
        elif name in _TAKES_OUT:
            self._push(source, above, token)
        elif token is Token.OBJECT or name not in ("fileno", "close", "lc", "uc", "length"):
            raise escaped(EscapeKind.ADDRESS, source, above)

    def _loop(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        if not is_field(node, "list"):
            return
        variables = above.children_by_field_name("variable") + above.children_by_field_name("variables")
        block = above.child_by_field_name("block")
        if not variables and block is not None:
            self._topics(source, block, token)
        for variable in variables:
            declaration = source.lexicals.declaration_at(variable)
            if declaration is None or declaration.keyword != "my":
                raise escaped(EscapeKind.ALIASED, source, variable)
            self._variable(source, declaration, token, None)

    def _postfix_loop(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        if is_field(node, "list"):
            self._topics(source, above.named_children[0], token)
        elif above.parent is not None:
            self._push(source, above, token)

    def _mapped(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        callback = above.child_by_field_name("callback")
        if callback is None:
            raise escaped(EscapeKind.NOT_UNDERSTOOD, source, above)
        if node == callback:
            if source.string(above.children[0]) != "grep":
                self._push(source, above, token)
            return
        if above.type == "sort_expression":
            if callback.type != "block":
                raise escaped(EscapeKind.NOT_UNDERSTOOD, source, above)
            for name in ("$a", "$b"):
                self._topics(source, callback, token, name)
        else:
            self._topics(source, callback, token)
        if source.string(above.children[0]) != "map":
            self._push(source, above, token)

    def _topics(self, source: PerlSource, inside: Node, token: Token, name: str = "$_") -> None:
        for use in source.lexicals.uses:
            if use.name == name and inside.start_byte <= use.node.start_byte < inside.end_byte:
                self._use(source, use.node, token)
        for other, topic in self._texts.topics_in(source, inside) if name == "$_" else ():
            self._use(other, topic, token)

    def _referred(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        self._push(source, above, Token.HOLDS)

    def _given_on(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        self._push(source, above, token)

    def _if_behind(self, source: PerlSource, above: Node, node: Node, token: Token) -> None:
        self._conditional(source, above, node, token)

    # Stores.

    def _store(self, source: PerlSource, left: Node, token: Token) -> None:
        if left.type == "variable_declaration":
            fields = left.children_by_field_name("variable") + left.children_by_field_name("variables")
            for variable in fields:
                self._store(source, variable, token)
        elif left.type in LISTS:
            for item in list_items(left):
                self._store(source, item, token)
        elif left.type in ("scalar", "array", "hash") and is_plain(left):
            self._store_plain(source, left, token)
        elif left.type in ELEMENTS:
            self._hold(source, left, token)
        elif left.type in ("array", "hash", "array_deref_expression", "hash_deref_expression") or left.type in SLICES:
            self._hold(source, left, Token.HOLDS)
        elif left.type != "undef_expression":
            raise escaped(EscapeKind.ALIASED, source, left)

    def _store_plain(self, source: PerlSource, left: Node, token: Token) -> None:
        declaration = source.lexicals.declaration_at(left)
        if left.type != "scalar":
            token = Token.HOLDS
        if declaration is None or declaration.keyword not in ("my", "method"):
            text = source.string(left)
            if text in ("$_", "@_", "%ENV"):
                raise escaped(EscapeKind.ALIASED, source, left)
            self._package_variable(package_variable(text), token)
            return
        loop = declaration.node.parent
        if loop is not None and loop.type == "for_statement":
            raise escaped(EscapeKind.ALIASED, source, left)
        self._variable(source, declaration, token, None)


_KINDS = {kind: number for number, kind in enumerate(EscapeKind)}
_HANDLERS = {
    "assignment_expression": Reach._assigned,
    "expression_statement": Reach._dereferenced_statement,
    "varname": Reach._varname,
    "code_deref_expression": Reach._varname,
    "hash_deref_expression": Reach._dereference,
    "array_deref_expression": Reach._dereference,
    "scalar_deref_expression": Reach._dereference,
    "arraylen_deref_expression": Reach._dereference,
    "return_expression": Reach._returns,
    "method_call_expression": Reach._method,
    "coderef_call_expression": Reach._called_code,
    "conditional_expression": Reach._conditional,
    "binary_expression": Reach._binary,
    "lowprec_logical_expression": Reach._binary,
    "unary_expression": Reach._unary,
    "anonymous_array_expression": Reach._in_array,
    "func1op_call_expression": Reach._called_op,
    "undef_expression": lambda *_: None,
    "for_statement": Reach._loop,
    "postfix_for_expression": Reach._postfix_loop,
    "postfix_loop_expression": Reach._if_behind,
    "postfix_conditional_expression": Reach._if_behind,
    "map_grep_expression": Reach._mapped,
    "sort_expression": Reach._mapped,
    "refgen_expression": Reach._referred,
    "await_expression": Reach._given_on,
    "do_expression": Reach._given_on,
}


def innermost_call(call: Node) -> Node:
    """`Foo->new` of `Foo->new->start`."""
    invocant = call.child_by_field_name("invocant")
    while invocant is not None and invocant.type in NAMED_CALLS:
        call, invocant = invocant, invocant.child_by_field_name("invocant")
    return call


def package_level(node: Node) -> bool:
    """Whether a declaration stands in no block but that of a package: its variable lives to the end."""
    statement = statement_around(node)
    block = statement.parent if statement is not None else None
    while block is not None and block.type != "source_file":
        if block.type != "package_statement" and (block.parent is None or block.parent.type != "package_statement"):
            return False
        block = block.parent
    return True


def _order(found: Escaped) -> tuple[int, str, int]:
    """The kinds are in the order of how much they tell."""
    escape = found.escape
    line = escape.range.start.line if escape.range is not None else 0
    return _KINDS[escape.kind], str(escape.path), line


def _is_dereference(above: Node) -> bool:
    if above.type in ("array", "hash", "scalar", "code_deref_expression"):
        return True
    return above.type == "varname" and above.parent is not None


def _is_used_as_object(node: Node) -> bool:
    """`$x->{…}`, `$x->method`, `%$x`."""
    above = node.parent
    if above is None:
        return False
    if above.type in ELEMENTS:
        return container_of(above) == node
    return above.type == "varname" or above.type.endswith("_deref_expression") or is_field(node, "invocant")


def _is_target(node: Node) -> bool:
    """`$x = …`: the variable is only assigned to."""
    above = node.parent
    return above is not None and above.type == "assignment_expression" and is_field(node, "left")


def _calls_of_statement(node: Node) -> Iterator[Node]:
    """The calls whose value is that of a statement."""
    if node.type in CALLS | {"method_call_expression", "coderef_call_expression"}:
        yield node
    elif node.type in _PASSES_ON:
        for child in node.named_children:
            yield from _calls_of_statement(child)
    elif node.type in ("eval_expression", "do_expression") and node.named_children:
        for statement in node.named_children[-1].named_children[-1:]:
            yield from _calls_of_statement(statement)
    elif node.type == "expression_statement" and node.named_children:
        yield from _calls_of_statement(node.named_children[0])


def _is_statement(call: Node) -> bool:
    above = call.parent
    while above is not None and above.type in _PASSES_ON:
        above = above.parent
    return above is not None and above.type == "expression_statement"


def _calls_reference(source: PerlSource, call: Node) -> bool:
    """`&$x(…)`."""
    function = call.child_by_field_name("function") if call.type in CALLS else None
    return function is not None and static_name(source, function) is None
