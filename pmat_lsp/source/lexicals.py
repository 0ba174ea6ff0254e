"""One walk over the syntax tree: which subs there are, what is declared where, and what each variable means."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from tree_sitter import Node

from pmat_lsp.source.first_statement import SUB_TYPES, FirstStatement, first_statement, takes_block
from pmat_lsp.source.text import SourceText

_SIGILS = {"scalar": "$", "array": "@", "hash": "%", "arraylen": "@", "filehandle": "$"}
_DECLARED = ("scalar", "array", "hash")
_CONTAINERS = frozenset({"container_variable", "slice_container_variable", "keyval_container_variable"})
_SUBSCRIPTED = {"array_element_expression", "hash_element_expression", "slice_expression", "keyval_expression"}
_SCOPES = frozenset({"block", "block_statement", "conditional_statement", "loop_statement", "cstyle_for_statement"})
_PARAMETERS = frozenset({"mandatory_parameter", "optional_parameter", "slurpy_parameter", "named_parameter"})
_DECLARATORS = frozenset({"my", "our", "state", "field"})
_SKIPPED = frozenset({"comment", "pod", "data_section", "use_version_statement"})


@dataclass(frozen=True, slots=True)
class Declaration:
    """A lexical name and the bytes from which on it means this declaration."""

    name: str
    node: Node
    keyword: str
    """`my`, `our`, `state`, `field` or, for the object of a method, `method`."""
    sub: int | None
    """Index of the sub that it stands in directly."""
    visible_from: int
    """Byte offset."""


@dataclass(slots=True)
class Scope:
    """A stretch of text in which names are declared."""

    start: int
    """Byte offset."""
    end: int
    """Byte offset behind it."""
    parent: Scope | None
    sub: int | None
    package: str
    names: dict[str, list[Declaration]] = field(default_factory=dict)

    def find(self, name: str, offset: int) -> Declaration | None:
        """The declaration that `name` means at the byte `offset`, or None if there is none in the file."""
        scope: Scope | None = self
        while scope is not None:
            for declaration in reversed(scope.names.get(name, ())):
                if declaration.visible_from <= offset:
                    return declaration
            scope = scope.parent
        return None


@dataclass(frozen=True, slots=True)
class Use:
    """A variable where it is used; its own declaration is none."""

    name: str
    """As declared: `@x` for `$x[0]`."""
    node: Node
    sub: int | None
    declaration: Declaration | None


@dataclass(slots=True)
class SubNode:
    """A sub with the nodes that it is made of."""

    name: str | None
    keyword: Node
    whole: Node
    body: Node
    first: FirstStatement | None
    parent: int | None
    string_eval: bool = False
    """Whether the text of an `eval` inside may use variables that are not seen here."""


@dataclass(frozen=True, slots=True)
class _Visit:
    """A node still to be looked at, and what is known from above it."""

    node: Node
    scope: Scope
    statement_end: int
    """Byte from which on a `my` of the statement is visible."""
    sigil: str = ""
    """What the name of a container is declared with."""
    keyword: Node | None = None
    """What stands for `sub` before a block that is an anonymous sub."""


class Lexicals:
    """What the walk found. Scopes, subs, declarations and uses are in the order of the text."""

    def __init__(self, root: Node, text: SourceText) -> None:
        self.subs: list[SubNode] = []
        self.declarations: list[Declaration] = []
        self.uses: list[Use] = []
        self.key_stores: dict[str, list[Node]] = {}
        self._text = text
        outermost = Scope(0, len(text.data), None, None, "main")
        self.scopes: list[Scope] = [outermost]
        self._stack = [_Visit(root, outermost, len(text.data))]
        self._heredocs: deque[_Visit] = deque()
        self._handlers = _handlers(self)
        self._walk()

    def scope_at(self, offset: int) -> Scope:
        """The innermost scope that holds the byte `offset`."""
        # Outer scopes come first, also where two have the same bounds.
        found = self.scopes[0]
        for scope in self.scopes:
            if scope.start <= offset < scope.end and scope.start >= found.start and scope.end <= found.end:
                found = scope
        return found

    def declaration_at(self, node: Node) -> Declaration | None:
        """What the variable `node` means: its own declaration where it stands in one; None if it is no lexical."""
        return self._meanings.get(node.id)

    def uses_of(self, declaration: Declaration) -> list[Use]:
        """Every use of a lexical."""
        return self._uses_of.get(declaration.node.id, [])

    @cached_property
    def _uses_of(self) -> dict[int, list[Use]]:
        found: dict[int, list[Use]] = {}
        for use in self.uses:
            if use.declaration is not None:
                found.setdefault(use.declaration.node.id, []).append(use)
        return found

    def sub_with_body(self, block: Node) -> SubNode | None:
        """The sub whose body a block is."""
        return self._bodies.get(block.id)

    def sub_as_whole(self, node: Node) -> SubNode | None:
        """The sub that a node is, from its keyword to the end of its body."""
        return self._wholes.get(node.id)

    @cached_property
    def _bodies(self) -> dict[int, SubNode]:
        return {sub.body.id: sub for sub in self.subs}

    @cached_property
    def _wholes(self) -> dict[int, SubNode]:
        return {sub.whole.id: sub for sub in self.subs}

    @cached_property
    def _meanings(self) -> dict[int, Declaration]:
        found = {use.node.id: use.declaration for use in self.uses if use.declaration is not None}
        return found | {declaration.node.id: declaration for declaration in self.declarations}

    def _walk(self) -> None:
        while self._stack:
            visit = self._stack.pop()
            handler = self._handlers.get(visit.node.type)
            if visit.keyword is not None:
                self.visit_block_sub(visit, visit.keyword)
            elif handler is not None:
                handler(visit)
            elif visit.node.type not in _SKIPPED:
                self._push(visit.node.named_children, visit)

    def _push(self, nodes: list[Node], visit: _Visit) -> None:
        scope, end = visit.scope, visit.statement_end
        self._stack.extend([_Visit(node, scope, end) for node in reversed(nodes)])

    def _open(self, visit: _Visit, sub: int | None) -> Scope:
        node, parent = visit.node, visit.scope
        scope = Scope(node.start_byte, node.end_byte, parent, sub, parent.package)
        self.scopes.append(scope)
        return scope

    def _declare(self, node: Node, keyword: str, scope: Scope, visible_from: int, name: str = "") -> None:
        name = name or self._variable_name(node, _SIGILS.get(node.type, ""))
        declaration = Declaration(name, node, keyword, scope.sub, visible_from)
        scope.names.setdefault(name, []).append(declaration)
        self.declarations.append(declaration)

    def _variable_name(self, node: Node, sigil: str) -> str:
        varname = _plain_name(node)
        return sigil + self._text.string(varname) if varname is not None else ""

    # What is done at each kind of node.

    def visit_sub(self, visit: _Visit) -> None:
        """A sub or method, named or not; without a body it is only announced."""
        node = visit.node
        body = node.child_by_field_name("body")
        keyword = next((child for child in node.children if child.type in ("sub", "method")), node)
        if body is None:
            return
        name = node.child_by_field_name("name")
        if name is not None and node.child_by_field_name("lexical") is not None:
            self._declare(name, "my", visit.scope, node.start_byte, "&" + self._text.string(name))
        between = next((child for child in node.children if child.type in ("signature", "prototype")), None)
        scope = self._open(visit, len(self.subs))
        self.subs.append(
            SubNode(
                self._qualified(name, visit.scope.package),
                keyword,
                node,
                body,
                first_statement(body, between),
                visit.scope.sub,
            )
        )
        if keyword.type == "method":
            self._declare(keyword, "method", scope, keyword.end_byte, "$self")
        self._push(node.named_children, _Visit(node, scope, node.end_byte))

    def visit_call(self, visit: _Visit) -> None:
        """A call; in `reduce { … } @list` the block is an anonymous sub, its keyword the function's name."""
        call = visit.node
        function = call.child_by_field_name("function")
        if function is None or not takes_block(call):
            self._push(call.named_children, visit)
            return
        given = next(child for child in call.named_children if child.type == "indirect_object")
        body = given.children[0] if given.children[0].type == "block" else given
        self._push([child for child in call.named_children if child.id != given.id], visit)
        self._push_block_sub(function, body, visit)

    def visit_async(self, visit: _Visit) -> None:
        """`async { … }`: the block is an anonymous sub."""
        block = next((child for child in visit.node.named_children if child.type == "block"), None)
        if block is not None:
            self._push_block_sub(visit.node.children[0], block, visit)

    def _push_block_sub(self, keyword: Node, body: Node, visit: _Visit) -> None:
        self._stack.append(_Visit(body, visit.scope, visit.statement_end, keyword=keyword))

    def visit_block_sub(self, visit: _Visit, keyword: Node) -> None:
        """A block that is an anonymous sub without the word `sub`."""
        body = visit.node
        scope = self._open(visit, len(self.subs))
        self.subs.append(SubNode(None, keyword, body, body, first_statement(body, None), visit.scope.sub))
        self._push(body.named_children, _Visit(body, scope, body.end_byte))

    def visit_scope(self, visit: _Visit) -> None:
        """A block, or a statement whose condition may declare a variable for its blocks."""
        scope = self._open(visit, visit.scope.sub)
        begin = "initialiser" if visit.node.type == "cstyle_for_statement" else "condition"
        condition = visit.node.child_by_field_name(begin)
        end = condition.end_byte if condition is not None else visit.statement_end
        self._push(visit.node.named_children, _Visit(visit.node, scope, end))

    def visit_statement(self, visit: _Visit) -> None:
        """A statement: what it declares is visible behind it."""
        self._push(visit.node.named_children, _Visit(visit.node, visit.scope, visit.node.end_byte))

    def visit_package(self, visit: _Visit) -> None:
        """`package X;` to the end of the scope, or `package X { … }`."""
        node = visit.node
        name = node.child_by_field_name("name")
        package = _normal(self._text.string(name)) if name is not None else visit.scope.package
        if node.children[-1].type != "block":
            visit.scope.package = package
            return
        scope = self._open(visit, visit.scope.sub)
        scope.package = package
        self._push(node.named_children, _Visit(node, scope, visit.statement_end))

    def visit_for(self, visit: _Visit) -> None:
        """`foreach my $x (…) { … }`: visible in the block alone."""
        node = visit.node
        scope = self._open(visit, visit.scope.sub)
        block = node.child_by_field_name("block")
        inside = block.start_byte if block is not None else node.end_byte
        keyword = next((child.type for child in node.children if child.type in _DECLARATORS), None)
        variables = node.children_by_field_name("variable") + node.children_by_field_name("variables")
        if keyword is not None:
            for variable in variables:
                if variable.type in _DECLARED:
                    self._declare(variable, keyword, scope, inside)
        skipped = {variable.id for variable in variables} if keyword is not None else set()
        others = [child for child in node.named_children if child.id not in skipped]
        self._push(others, _Visit(node, scope, inside))

    def visit_try(self, visit: _Visit) -> None:
        """`try { … } catch ($e) { … }`; without `($e)` it is Try::Tiny's, whose blocks are anonymous subs."""
        node = visit.node
        if node.child_by_field_name("catch_expr") is None:
            words = [(word, after) for word, after in pairwise(node.children) if after.type == "block"]
            for word, after in reversed(words):
                self._push_block_sub(word, after, visit)
            return
        scope = self._open(visit, visit.scope.sub)
        variable = node.child_by_field_name("catch_expr")
        block = node.child_by_field_name("catch_block")
        if variable is not None and block is not None:
            self._declare(variable, "my", scope, block.start_byte)
        others = [child for child in node.named_children if variable is None or child.id != variable.id]
        self._push(others, _Visit(node, scope, visit.statement_end))

    def visit_declaration(self, visit: _Visit) -> None:
        """`my`, `our`, `state`, `field`."""
        node = visit.node
        keyword = next((child.type for child in node.children if child.type in _DECLARATORS), "my")
        rest: list[Node] = []
        for child in node.named_children:
            if child.type in _DECLARED:
                self._declare(child, keyword, visit.scope, visit.statement_end)
            else:
                rest.append(child)
        self._push(rest, visit)

    def visit_parameter(self, visit: _Visit) -> None:
        """A parameter of a signature: visible for the defaults of those behind it."""
        rest: list[Node] = []
        for child in visit.node.named_children:
            declared = child.type in _DECLARED and visit.node.child_by_field_name("default") != child
            if declared and _plain_name(child) is not None:
                self._declare(child, "my", visit.scope, visit.node.end_byte)
            else:
                rest.append(child)
        self._push(rest, visit)

    def visit_variable(self, visit: _Visit) -> None:
        """`$x`, `@x`, `%x`, `$#x`; in `@$x` the inner one counts."""
        sigil = visit.sigil or _SIGILS.get(visit.node.type, "$")
        name = self._variable_name(visit.node, sigil)
        if name:
            self._use(name, visit)
        else:
            self._push(visit.node.named_children, visit)

    def visit_subscripted(self, visit: _Visit) -> None:
        """`$x[0]`, `@h{…}`: the container has a sigil that differs from the one that is written."""
        node, scope, end = visit.node, visit.scope, visit.statement_end
        sigil = "%" if node.child_by_field_name("hash") is not None else "@"
        visits = [
            _Visit(child, scope, end, sigil if child.type in _CONTAINERS else "") for child in node.named_children
        ]
        self._stack.extend(reversed(visits))

    def visit_function(self, visit: _Visit) -> None:
        """A call: only a lexical sub is a variable."""
        varname = _plain_name(visit.node)
        if varname is None and visit.node.named_child_count:
            self._push(visit.node.named_children, visit)
            return
        name = "&" + self._text.string(varname or visit.node)
        if visit.scope.find(name, visit.node.start_byte) is not None:
            self._use(name, visit)

    def visit_heredoc_token(self, visit: _Visit) -> None:
        """`<<"END"`: its text comes later but belongs here."""
        self._heredocs.append(visit)

    def visit_heredoc_content(self, visit: _Visit) -> None:
        """The text of a here-document, in the order of the tokens."""
        token = self._heredocs.popleft() if self._heredocs else visit
        self._push(visit.node.named_children, token)

    def visit_eval(self, visit: _Visit) -> None:
        """`eval` of a string can use what this text does not show."""
        sub = visit.scope.sub
        if not any(child.type == "block" for child in visit.node.named_children):
            while sub is not None:
                self.subs[sub].string_eval = True
                sub = self.subs[sub].parent
        self._push(visit.node.named_children, visit)

    def visit_assignment(self, visit: _Visit) -> None:
        """`$x->{key} = …`, and also `||=`, `//=`, `local $x->{key} = …`."""
        left = visit.node.child_by_field_name("left")
        if left is not None and left.type == "localization_expression" and left.named_child_count:
            left = left.named_children[0]
        if left is not None and left.type == "hash_element_expression":
            self._store(left.child_by_field_name("key"))
        self._push(visit.node.named_children, visit)

    def visit_list(self, visit: _Visit) -> None:
        """`key => …`."""
        children = visit.node.children
        for key, arrow in pairwise(children):
            if arrow.type == "=>":
                self._store(key)
        self._push(visit.node.named_children, visit)

    def _use(self, name: str, visit: _Visit) -> None:
        declaration = visit.scope.find(name, visit.node.start_byte)
        self.uses.append(Use(name, visit.node, visit.scope.sub, declaration))

    def _store(self, key: Node | None) -> None:
        if key is None:
            return
        if key.type in ("string_literal", "interpolated_string_literal"):
            content = key.child_by_field_name("content")
            if content is None or content.named_child_count:
                return
            key = content
        elif key.type not in ("autoquoted_bareword", "number"):
            return
        self.key_stores.setdefault(self._text.string(key), []).append(key)

    def _qualified(self, name: Node | None, package: str) -> str | None:
        if name is None:
            return None
        text = _normal(self._text.string(name))
        return text if "::" in text else f"{package}::{text}"


def _handlers(walk: Lexicals) -> dict[str, Callable[[_Visit], None]]:
    handlers: dict[str, Callable[[_Visit], None]] = {
        "expression_statement": walk.visit_statement,
        "package_statement": walk.visit_package,
        "class_statement": walk.visit_package,
        "role_statement": walk.visit_package,
        "for_statement": walk.visit_for,
        "try_statement": walk.visit_try,
        "variable_declaration": walk.visit_declaration,
        "function": walk.visit_function,
        "bareword": walk.visit_function,
        "ambiguous_function_call_expression": walk.visit_call,
        "async_block_expression": walk.visit_async,
        "eval_expression": walk.visit_eval,
        "assignment_expression": walk.visit_assignment,
        "list_expression": walk.visit_list,
        "heredoc_token": walk.visit_heredoc_token,
        "command_heredoc_token": walk.visit_heredoc_token,
        "heredoc_content": walk.visit_heredoc_content,
    }
    handlers.update(dict.fromkeys(SUB_TYPES, walk.visit_sub))
    handlers.update(dict.fromkeys(_SCOPES, walk.visit_scope))
    handlers.update(dict.fromkeys(_PARAMETERS, walk.visit_parameter))
    handlers.update(dict.fromkeys((*_SIGILS, *_CONTAINERS), walk.visit_variable))
    handlers.update(dict.fromkeys(_SUBSCRIPTED, walk.visit_subscripted))
    return handlers


def _plain_name(node: Node) -> Node | None:
    """The `varname` of `$x` or `${x}`; None for `$$x` and `@{ … }`."""
    names = node.named_children
    if len(names) == 1 and names[0].type == "varname" and names[0].named_child_count == 0:
        return names[0]
    return None


def _normal(name: str) -> str:
    """With `::` throughout, as perl shows it: `Foo'bar` is `Foo::bar`, `::x` is `main::x`."""
    name = name.replace("'", "::")
    return "main" + name if name.startswith("::") else name
