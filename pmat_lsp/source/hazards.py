"""What in the texts of a program defeats the following of values, wherever it stands, and what a DESTROY does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tree_sitter import Node

from pmat_lsp.source.escapes import Escape, Escaped, EscapeKind, escaped
from pmat_lsp.source.lexicals import Declaration, SubNode
from pmat_lsp.source.occurrences import occurrences
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import CALLS, everything, is_field, list_items
from pmat_lsp.source.texts import Texts, invocant_package

_UNIVERSAL = frozenset({"isa", "DOES", "VERSION", "import", "unimport"})
_OVERLOADS = ("((", "()")
_TIES = ("FETCH", "STORE", "READ", "WRITE")
_QUIET = frozenset({"shift", "delete", "close", "closedir", "defined", "undef", "ref", "exists", "scalar", "keys"})
_OWN_VARIABLES = frozenset({"@_", "$_", "$@", "$!", "$?", "$^E"})


def check_texts(texts: Texts) -> None:
    """Raises Escaped where a text is not understood as a whole, or makes code out of strings."""
    for source in texts.sources:
        found = occurrences(source)
        if found.error is not None:
            raise escaped(EscapeKind.UNPARSED, source, found.error)
        if found.string_evals:
            raise escaped(EscapeKind.STRING_EVAL, source, found.string_evals[0])
        if found.hidden_code:
            raise escaped(EscapeKind.HIDDEN_CODE, source, found.hidden_code[0])


def check_classes(texts: Texts, classes: frozenset[str]) -> None:
    """Raises Escaped where methods of the classes run that no text shows, or that no text calls."""
    packages = texts.packages
    for name in sorted(classes):
        if packages.has_sub(name, "AUTOLOAD"):
            raise Escaped(Escape(EscapeKind.AUTOLOAD, names=(name,)))
        if any(packages.has_sub(name, operator) for operator in _OVERLOADS):
            raise Escaped(Escape(EscapeKind.OVERLOADED, names=(name,)))
        if any(packages.has_sub(name, method) for method in _TIES):
            raise Escaped(Escape(EscapeKind.TIED, names=(name,)))
        if packages.exists(name) and name not in texts.declared and packages.has_subs(name):
            raise Escaped(Escape(EscapeKind.UNKNOWN_CLASS, names=(name,)))
    for source in texts.sources:
        for name, calls in occurrences(source).calls.items():
            for call in calls:
                if call.type == "method_call_expression" and name not in _UNIVERSAL:
                    _check_class_method(texts, classes, source, call)


def _check_class_method(texts: Texts, classes: frozenset[str], source: PerlSource, call: Node) -> None:
    invocant = call.child_by_field_name("invocant")
    method = call.child_by_field_name("method")
    called = texts.called(source, call)
    if invocant is None or method is None or called is None or called[1] is None:
        return
    is_class = invocant.type in ("bareword", "func0op_call_expression", "string_literal")
    if not is_class and not source.string(method).startswith("SUPER::"):
        return
    if called[1] & classes and not texts.methods_of(called[1], called[0]):
        raise escaped(EscapeKind.GENERATED, source, call, called[0])


def check_weakened(texts: Texts, kept_alive: frozenset[str], may_be_object: Callable[[Declaration], bool]) -> None:
    """Raises Escaped where a reference is weakened that may lead to what leaked.

    Args:
        texts: of the program.
        kept_alive: the classes of all that leaked with the object.
        may_be_object: whether a variable may have the object.
    """
    for source in texts.sources:
        for node in occurrences(source).weakens:
            if not _is_of_another_class(texts, source, node, kept_alive, may_be_object):
                above = node.parent
                raise escaped(EscapeKind.WEAKENED, source, above if above is not None and above.type in CALLS else node)


def _is_of_another_class(
    texts: Texts,
    source: PerlSource,
    node: Node,
    kept_alive: frozenset[str],
    may_be_object: Callable[[Declaration], bool],
) -> bool:
    """Whether what is weakened is `$self` of a class of which nothing leaked."""
    call = node.parent
    if call is None or call.type not in CALLS or not is_field(node, "function"):
        return False
    items = list_items(call.child_by_field_name("arguments"))
    values = list(_values(source, items[0])) if len(items) == 1 else []
    if not values:
        return False
    for value in values:
        declaration = source.lexicals.declaration_at(value)
        package = invocant_package(source, declaration) if declaration is not None else None
        if declaration is None or package is None or may_be_object(declaration):
            return False
        if texts.packages.family(package) & kept_alive:
            return False
    return True


def _values(source: PerlSource, node: Node) -> Iterator[Node]:
    """`$self` of `my $weak = $self`, and of a `$weak` that is assigned `$self`."""
    if node.type == "assignment_expression":
        right = node.child_by_field_name("right")
        if right is not None:
            yield right
        return
    declaration = source.lexicals.declaration_at(node)
    if declaration is None:
        yield node
        return
    found = []
    for target in [declaration.node, *(use.node for use in source.lexicals.uses_of(declaration))]:
        above = target.parent
        if above is not None and above.type == "variable_declaration":
            target, above = above, above.parent
        if above is not None and above.type == "assignment_expression" and is_field(target, "left"):
            right = above.child_by_field_name("right")
            found += [right] if right is not None else []
    yield from found or [node]


def is_quiet(source: PerlSource, sub: SubNode) -> bool:
    """Whether a DESTROY does nothing but look at its own object, empty it and close what is in it."""
    number = source.lexicals.subs.index(sub)
    for use in source.lexicals.uses:
        is_own = use.declaration is not None and use.declaration.sub == number
        if use.sub == number and not is_own and use.name not in _OWN_VARIABLES:
            return False
    for node in everything(sub.body):
        if node.type in ("method_call_expression", "coderef_call_expression", "eval_expression", "bareword"):
            return False
        if node.type in CALLS or node.type == "func1op_call_expression":
            called = node.child_by_field_name("function") or node.children[0]
            if source.string(called) not in _QUIET:
                return False
        elif (node.type == "function" and (node.parent is None or node.parent.type not in CALLS)) or (
            node.type == "assignment_expression" and not _is_own(node)
        ):
            return False
    return True


def _is_own(assignment: Node) -> bool:
    """`my $self = shift`, `%$self = ()`, `$self->{x} = undef`: to a variable of the sub or into its object."""
    right = assignment.child_by_field_name("right")
    left = assignment.child_by_field_name("left")
    declares = left is not None and left.type == "variable_declaration"
    return declares or (right is not None and right.type in ("undef_expression", "stub_expression", "number"))
