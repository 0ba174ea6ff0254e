"""A lexical that an anonymous sub captures: what the text says of it, and how the sub can do without holding it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from pmat_lsp.source.edits import Edit, insert_before, insert_behind
from pmat_lsp.source.first_statement import SUB_TYPES
from pmat_lsp.source.imports import current_sub_import, weaken_import
from pmat_lsp.source.lexicals import Declaration, SubNode
from pmat_lsp.source.model import Range
from pmat_lsp.source.parameters import invocant_of, parameters_of, sub_around
from pmat_lsp.source.perl import PerlSource, Sub
from pmat_lsp.source.syntax import (
    BLOCKS,
    ELEMENTS,
    STRINGS,
    ancestors,
    container_of,
    dereferenced,
    everything,
    is_changed,
    is_field,
    list_items,
    outermost_list,
    statement_around,
    whole_access,
)

_REFERENCES = frozenset(
    {
        "anonymous_array_expression",
        "anonymous_hash_expression",
        "anonymous_subroutine_expression",
        "refgen_expression",
    }
)
_LOOPS = frozenset(
    {
        "for_statement",
        "loop_statement",
        "cstyle_for_statement",
        "postfix_for_expression",
        "postfix_loop_expression",
        "map_grep_expression",
        "sort_expression",
    }
)
_PERHAPS = SUB_TYPES | {
    "conditional_expression",
    "postfix_conditional_expression",
    "postfix_for_expression",
    "postfix_loop_expression",
    "lowprec_logical_expression",
    "binary_expression",
    "map_grep_expression",
    "sort_expression",
    "eval_expression",
    "do_expression",
}
"""What is inside may not be done."""
_CALLS = frozenset(
    {
        "function_call_expression",
        "ambiguous_function_call_expression",
        "method_call_expression",
        "coderef_call_expression",
        "func0op_call_expression",
        "func1op_call_expression",
    }
)


@dataclass(frozen=True)
class CapturedVariable:
    """A scalar declared by one `my` outside of a sub, and used in it."""

    source: PerlSource
    sub: SubNode
    index: int
    """Of the sub."""
    name: str
    """`$conns`."""
    declaration: Declaration
    uses: tuple[Node, ...]
    """In the sub, and in the subs inside it."""
    is_direct: bool
    """No sub inside uses it."""

    @property
    def bare(self) -> str:
        """Without its sigil."""
        return self.name[1:]

    @property
    def declared(self) -> Range:
        """Where it is declared."""
        return self.source.range(self.declaration.node)

    @cached_property
    def everywhere(self) -> tuple[Node, ...]:
        """Every use of the declaration, outside of the sub too."""
        return tuple(use.node for use in self.source.lexicals.uses_of(self.declaration))

    @property
    def is_set_once(self) -> bool:
        """It gets its value where it is declared, and no other."""
        return self._place_behind is not None and not any(is_changed(node) for node in self.everywhere)

    @cached_property
    def set_later(self) -> Node | None:
        """The statement `$x = …;` that alone gives it its value, where `my $x;` does not."""
        changes = [node for node in self.everywhere if is_changed(node)]
        above = changes[0].parent if len(changes) == 1 else None
        statement = above.parent if above is not None and above.type == "assignment_expression" else None
        if statement is None or statement.type != "expression_statement" or self._declared_behind() is None:
            return None
        if any(outer == self.sub.whole for outer in ancestors(statement)) or not self._is_done_once(statement):
            return None
        operator = above.child_by_field_name("operator") if above is not None else None
        return statement if operator is not None and self.source.string(operator) == "=" else None

    def is_used_later(self) -> bool:
        """Whether anything but closures uses it behind the statement with the sub, or whether a caller has it, too."""
        around = sub_around(self.source, self.declaration.node)
        parameters = parameters_of(self.source, around) if around is not None else None
        if any(node.id == self.declaration.node.id for node in parameters or ()):
            return True
        block = statement_around(self.declaration.node)
        statement = next(
            (one for one in ancestors(self.sub.whole) if block is not None and one.parent == block.parent), None
        )
        if statement is None:
            return False
        return any(
            use.sub == self.declaration.sub and use.node.start_byte >= statement.end_byte
            for use in self.source.lexicals.uses
            if use.declaration is self.declaration
        )

    def _is_done_once(self, node: Node) -> bool:
        """Whether no loop and no sub is between a node and the block that declares the variable.

        Else one variable gets several values, and what captured it sees the last of them.
        """
        block = statement_around(self.declaration.node)
        for outer in ancestors(node):
            if block is not None and outer == block.parent:
                return True
            if outer.type in _LOOPS or outer.type in SUB_TYPES:
                return False
        return False

    @property
    def made_by(self) -> Range | None:
        """The expression that `set_later` assigns."""
        right = self.set_later.named_children[0].child_by_field_name("right") if self.set_later else None
        return self.source.range(right) if right is not None else None

    def _declared_behind(self) -> Node | None:
        """The semicolon of `my $x;`."""
        statement = statement_around(self.declaration.node)
        if statement is None or statement.type != "expression_statement":
            return None
        if statement.named_children[0].type != "variable_declaration":
            return None
        end = statement.next_sibling
        return end if end is not None and end.type == ";" else None

    @cached_property
    def _place_behind(self) -> tuple[Node, bool] | None:
        """(the statement or brace behind which the value is there, whether it is a brace)."""
        node = self.declaration.node
        for outer in ancestors(node):
            if outer.type == "signature" and outer.parent is not None:
                body = outer.parent.child_by_field_name("body")
                return (body.children[0], True) if body is not None else None
            if outer.type == "for_statement" and node in outer.children_by_field_name("variable"):
                block = outer.child_by_field_name("block")
                return (block.children[0], True) if block is not None else None
            if outer.type in BLOCKS:
                break
        statement = statement_around(node)
        if statement is None or statement.type != "expression_statement":
            return None
        assignment = statement.named_children[0]
        if assignment.type == "lowprec_logical_expression":
            assignment = assignment.named_children[0]
        declares = assignment.type == "assignment_expression" and is_field(_declaring(node), "left")
        end = statement.next_sibling
        return (end, False) if declares and end is not None and end.type == ";" else None

    def weak_copy(self, otherwise: str) -> list[Edit] | None:
        """Let the sub capture a weakened copy, made where the variable gets its value; while it runs it holds that.

        Args:
            otherwise: what the sub does where the copy is gone: `return`, or an expression to use instead.

        Returns:
            The edits, None where they would change what the text means.
        """
        if not self.is_direct or not self._is_plain_inside():
            return None
        if any(_is_unsafe_eval(self.source, sub, self.bare) for sub in self._inner_subs()):
            return None
        imports = weaken_import(self.source, self.declaration.node)
        weak = f"${self._free_name(f'weak_{self.bare}')}"
        made = self._copied(weak)
        if imports is None or made is None:
            return None
        # What may be no reference stays what it is; and before it is set, the sub sees it undefined, as it did.
        is_defined = self.is_reference and self.set_later is None
        value = f"{weak} // {otherwise}" if is_defined or otherwise != "return" else weak
        return [*imports, *made, self._at_start(f"my {self.name} = {value};")]

    @cached_property
    def is_reference(self) -> bool:
        """Whether its value must be a reference: perl would not weaken anything else."""
        if self._value is not None and _makes_reference(self.source, self._value):
            return True
        sub = sub_around(self.source, self.declaration.node)
        is_invocant = sub is not None and sub.name is not None and invocant_of(self.source, sub) is self.declaration
        is_made = self._value is not None and self._value.type == "method_call_expression"
        return (is_invocant or is_made) and any(
            _needs_reference(node, self.declaration.node, is_invocant) for node in self.everywhere
        )

    @property
    def _value(self) -> Node | None:
        """What is assigned to it, alone and not in a list."""
        if any(child.type == "(" for child in _declaring(self.declaration.node).children):
            return None
        values = (_assigned_to(node) for node in (self.declaration.node, *self.everywhere))
        return next((value for value in values if value is not None), None)

    def _copied(self, weak: str) -> list[Edit] | None:
        """The edits that make the weak copy where the variable has got its value."""
        declared, later = self._declared_behind(), self.set_later
        if self.is_set_once and self._place_behind is not None:
            place, is_brace = self._place_behind
            edits: list[Edit] = []
            target = f"my {weak}"
        elif declared is not None and later is not None and later.next_sibling is not None:
            place, is_brace = later.next_sibling, False
            edits = [insert_behind(self.source, self.source.range(declared).end, f"my {weak};")]
            target = weak
        else:
            return None
        statements = [f"weaken( {target} = {self.name} );"]
        if not self.is_reference:
            statements = [f"{target} = {self.name};", f"weaken({weak}) if ref {weak};"]
        return edits + [self._inserted(place, is_brace, statement) for statement in statements]

    def _inserted(self, place: Node, is_brace: bool, statement: str) -> Edit:
        first = next(iter(place.parent.named_children), None) if is_brace and place.parent else None
        if first is not None:
            return insert_before(self.source, self.source.range(first).start, statement)
        return insert_behind(self.source, self.source.range(place).end, statement)

    @property
    def holds_own_sub(self) -> bool:
        """Whether nothing but one `sub { … }`, written beside it, is assigned to it: it is what holds that."""
        targets = (self.declaration.node, *self.everywhere)
        values = [value for value in map(_assigned_to, targets) if value is not None]
        is_sub = len(values) == 1 and values[0].type == "anonymous_subroutine_expression"
        return is_sub and self._is_done_once(values[0])

    def current_sub(self) -> list[Edit] | None:
        """Let the sub call itself as `__SUB__`, so that it no longer captures the variable that holds it."""
        if not self.is_direct or self.sub.string_eval or self.sub.keyword.type != "sub":
            return None
        if not all(self._can_be_current_sub(node) for node in self.uses) or not self._is_this_sub_alone():
            return None
        imports = current_sub_import(self.source, self.sub.whole)
        if imports is None:
            return None
        return [*imports, *(Edit(self.source.range(node), "__SUB__") for node in self.uses)]

    def only_removes(self) -> bool:
        """Whether the sub does nothing with the container but take something out of it, and without a call."""
        return all(_removes(self.source, node) for node in self.uses)

    def _is_plain_inside(self) -> bool:
        """The sub uses it in its body alone, and declares no other of that name."""
        body = self.sub.body
        if any(one.name == self.name and one.sub == self.index for one in self.source.lexicals.declarations):
            return False
        return all(body.start_byte <= node.start_byte < body.end_byte for node in self.uses)

    def _inner_subs(self) -> list[SubNode]:
        subs = self.source.lexicals.subs
        whole = self.sub.whole
        return [
            sub for sub in subs if sub is not self.sub and whole.start_byte <= sub.whole.start_byte < whole.end_byte
        ]

    def _free_name(self, wanted: str) -> str:
        name, number = wanted, 2
        taken = set(re.findall(r"\w+", self.source.text))
        while name in taken:
            name, number = f"{wanted}{number}", number + 1
        return name

    def _at_start(self, statement: str) -> Edit:
        body = self.sub.body
        brace, first = self.source.range(body.children[0]), self.source.range(body.named_children[0])
        if first.start.line > brace.end.line:
            return insert_before(self.source, first.start, statement)
        return Edit(Range(brace.end, brace.end), f" {statement}")

    def _is_this_sub_alone(self) -> bool:
        """The only value that the variable ever gets is this sub."""
        values = [_assigned_to(node) for node in (*self.everywhere, self.declaration.node)]
        changes = sum(1 for node in self.everywhere if is_changed(node) and _assigned_to(node) is None)
        only = not changes and [value for value in values if value is not None] == [self.sub.whole]
        return only and self._is_done_once(self.sub.whole)

    def _can_be_current_sub(self, node: Node) -> bool:
        above = node.parent
        if above is None or is_changed(node):
            return False
        for outer in ancestors(node):
            if outer == self.sub.whole:
                break
            if outer.type in STRINGS or outer.type == "sort_expression":
                return False
        if above.type in ("coderef_call_expression", "equality_expression"):
            return True
        # Behind `print` and its like a word is a file handle, and before `=>` it is a string.
        outer = outermost_list(node)
        if node.next_sibling is not None and node.next_sibling.type == "=>":
            return False
        call = outer.parent if is_field(outer, "arguments") else None
        return call is not None and (
            call.type != "ambiguous_function_call_expression" or outer.start_byte < node.start_byte
        )


def captured_variable(source: PerlSource, sub: Sub, name: str) -> CapturedVariable | None:
    """The captured `name` of `sub`; None where it is no plain `my` scalar, or where it means two of them."""
    lexicals = source.lexicals
    declarations: dict[int, Declaration] = {}
    nodes: list[Node] = []
    is_direct = True
    for use in lexicals.uses:
        found = use.declaration
        if use.name != name or found is None or sub.index not in _chain(source, use.sub):
            continue
        if sub.index in _chain(source, found.sub):
            continue
        declarations[found.node.id] = found
        nodes.append(use.node)
        is_direct = is_direct and use.sub == sub.index
    if len(declarations) != 1:
        return None
    declaration = next(iter(declarations.values()))
    if declaration.keyword != "my" or not name.startswith("$"):
        return None
    return CapturedVariable(source, lexicals.subs[sub.index], sub.index, name, declaration, tuple(nodes), is_direct)


def _chain(source: PerlSource, sub: int | None) -> list[int]:
    chain: list[int] = []
    while sub is not None:
        chain.append(sub)
        sub = source.lexicals.subs[sub].parent
    return chain


def _declaring(variable: Node) -> Node:
    """The `my …` around a variable that is declared."""
    return next((outer for outer in ancestors(variable) if outer.type == "variable_declaration"), variable)


def _assigned_to(node: Node) -> Node | None:
    """What is assigned to a variable: `sub { … }` of `$x = sub { … }` and of `my $x = sub { … }`."""
    above = node.parent
    target = above if above is not None and above.type == "variable_declaration" else node
    if target.parent is None or target.parent.type != "assignment_expression" or not is_field(target, "left"):
        return None
    return target.parent.child_by_field_name("right")


def _makes_reference(source: PerlSource, value: Node) -> bool:
    """`[ … ]`, `{ … }`, `bless …`, `\\…`, also behind `//` or `||`."""
    if value.type in _REFERENCES:
        return True
    if value.type == "binary_expression":
        operator, right = value.child_by_field_name("operator"), value.child_by_field_name("right")
        chooses = operator is not None and source.string(operator) in ("//", "||")
        return chooses and right is not None and _makes_reference(source, right)
    if value.type == "assignment_expression":
        right = value.child_by_field_name("right")
        return right is not None and _makes_reference(source, right)
    function = value.child_by_field_name("function")
    return function is not None and source.string(function) == "bless"


def _needs_reference(node: Node, declared: Node, is_invocant: bool) -> bool:
    """Whether a use always dies unless the variable is a reference: a statement of the block that declares it.

    For an invocant, which may be the name of a class, that is to take an element; for what a method has returned, which
    may be undef, it is to call a method.
    """
    statement, block = statement_around(node), statement_around(declared)
    if (
        statement is None
        or block is None
        or statement.parent != block.parent
        or statement.type != "expression_statement"
    ):
        return False
    if any(outer.type in _PERHAPS for outer in ancestors(node) if outer.start_byte >= statement.start_byte):
        return False
    above = node.parent
    if above is None:
        return False
    if is_invocant:
        return above.type in ELEMENTS and container_of(above) == node
    return above.type == "method_call_expression" and is_field(node, "invocant")


def _is_unsafe_eval(source: PerlSource, sub: SubNode, bare: str) -> bool:
    """Whether a string that `sub` evaluates may use the variable."""
    if not sub.string_eval:
        return False
    for node in everything(sub.whole):
        if node.type == "eval_expression" and not any(child.type == "block" for child in node.named_children):
            strings = [child for child in node.named_children if child.type == "string_literal"]
            if not strings or re.search(rf"\b{bare}\b", source.string(strings[0])):
                return True
    return False


def _removes(source: PerlSource, node: Node) -> bool:
    """`@$x = grep { … } @$x`, `delete $x->{…}`, `@$x = ()`, each a statement of its own."""
    access = whole_access(node)
    if access != node and access.parent is not None and access.parent.type == "func1op_call_expression":
        deleted = access.parent
        return source.string(deleted.children[0]) == "delete" and _is_statement(deleted) and not _calls_in(access)
    container = next((one for one in ancestors(node) if one.type in ("array", "hash")), None)
    if container is None or dereferenced(container) != node:
        return False
    assignment = next((one for one in ancestors(container) if one.type == "assignment_expression"), None)
    if assignment is None or not _is_statement(assignment):
        return False
    left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
    if left is None or right is None or source.string(left) != source.string(container):
        return False
    if not list_items(right):
        return True
    return right.type == "map_grep_expression" and source.string(right.children[0]) == "grep" and not _calls_in(right)


def _is_statement(node: Node) -> bool:
    above = node.parent
    if above is not None and above.type == "postfix_conditional_expression":
        above = above.parent
    return above is not None and above.type == "expression_statement"


def _calls_in(node: Node) -> bool:
    return any(inner.type in _CALLS for inner in everything(node))
