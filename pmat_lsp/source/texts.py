"""The texts of a program together: which subs a call may run, and which calls run a sub."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from tree_sitter import Node

from pmat_lsp.source.escapes import EscapeKind, escaped
from pmat_lsp.source.lexicals import Declaration, SubNode
from pmat_lsp.source.occurrences import occurrences, static_name
from pmat_lsp.source.parameters import invocant_of, sub_around
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import ancestors, literal

_INVOCANTS = frozenset({"$self", "$this", "$class"})
_PACKAGES = frozenset({"package_statement", "class_statement", "role_statement"})


class Packages(Protocol):
    """What the running program knew of its packages."""

    def ancestors(self, name: str) -> tuple[str, ...]:
        """A class, and all that it inherits from."""

    def family(self, name: str) -> frozenset[str]:
        """A class, and all that inherit from it."""

    def exists(self, name: str) -> bool:
        """Whether there was such a package."""

    def has_sub(self, package: str, name: str) -> bool:
        """Whether a package had a sub of that name, of its own or imported."""

    def has_subs(self, package: str) -> bool:
        """Whether a package had any sub."""

    def packages_with(self, name: str) -> frozenset[str]:
        """The packages in which a sub of that name was compiled or installed."""


@dataclass(frozen=True)
class TextSub:
    """A sub with the text that it is in."""

    source: PerlSource
    node: SubNode

    @property
    def name(self) -> str:
        """With its package; "" for an anonymous one."""
        return self.node.name or ""

    @property
    def package(self) -> str:
        """Of its name."""
        return self.name.rpartition("::")[0]


class Texts:
    """Texts in a fixed order, and the packages that they declare."""

    def __init__(self, sources: Sequence[PerlSource], packages: Packages) -> None:
        self.sources = tuple({id(source): source for source in sources}.values())
        self.packages = packages

    @cached_property
    def subs(self) -> tuple[TextSub, ...]:
        """Every sub."""
        return tuple(TextSub(source, sub) for source in self.sources for sub in source.lexicals.subs)

    @cached_property
    def _named(self) -> dict[str, list[TextSub]]:
        found: dict[str, list[TextSub]] = defaultdict(list)
        for sub in self.subs:
            if sub.name:
                found[sub.name.rpartition("::")[2]].append(sub)
        return found

    @cached_property
    def declared(self) -> frozenset[str]:
        """The packages that have a sub in the texts."""
        return frozenset(sub.package for sub in self.subs if sub.name)

    def named(self, name: str) -> list[TextSub]:
        """The subs of that name, in any package."""
        return self._named.get(name, [])

    def methods_of(self, classes: frozenset[str], name: str) -> list[TextSub]:
        """The subs that a method call on an object of one of the classes may run, as far as they have a text."""
        return [sub for sub in self.named(name) if sub.package in classes]

    def callees(self, source: PerlSource, call: Node) -> list[TextSub]:
        """Every sub that a call by a name may run.

        Raises:
            Escaped: the name is computed, or the sub may be one without a text.
        """
        called = self.called(source, call)
        if called is None:
            raise escaped(EscapeKind.SYMBOLIC, source, call)
        name, among = called
        found = self.known_callees(source, call)
        elsewhere = self.packages.packages_with(name) - {sub.package for sub in self.named(name)}
        if among is not None:
            elsewhere &= among
        if not found or elsewhere:
            raise escaped(EscapeKind.UNKNOWN_CODE, source, call, name)
        return found

    def known_callees(self, source: PerlSource, call: Node) -> list[TextSub]:
        """The subs of the texts among those that a call may run."""
        called = self.called(source, call)
        if called is None:
            return []
        name, among = called
        return [sub for sub in self.named(name) if among is None or sub.package in among]

    def called(self, source: PerlSource, call: Node) -> tuple[str, frozenset[str] | None] | None:
        """(the name that is called, the packages that its sub may be in or None for any); None: it is computed."""
        if call.type == "method_call_expression":
            method, invocant = call.child_by_field_name("method"), call.child_by_field_name("invocant")
            if method is None or invocant is None or method.named_child_count:
                return None
            return self._called_on(source, invocant, source.string(method))
        function = call.child_by_field_name("function")
        full = static_name(source, function) if function is not None else None
        if full is None:
            return None
        package, _, name = full.rpartition("::")
        if package:
            return name, frozenset({package})
        here = frozenset({package_around(source, call)})
        own = any(sub.package in here for sub in self.named(name))
        return name, here if own else None

    def _called_on(self, source: PerlSource, invocant: Node, method: str) -> tuple[str, frozenset[str] | None]:
        prefix, _, name = method.rpartition("::")
        if prefix and prefix != "SUPER":
            return name, frozenset(self.packages.ancestors(prefix))
        if prefix == "SUPER":
            own = package_around(source, invocant)
            lineage = frozenset(one for cls in self.packages.family(own) for one in self.packages.ancestors(cls))
            return name, lineage - {own}
        text = (
            source.string(invocant) if invocant.type in ("bareword", "func0op_call_expression") else literal(invocant)
        )
        if text is not None:
            return name, frozenset(
                self.packages.ancestors(package_around(source, invocant) if text == "__PACKAGE__" else text)
            )
        declaration = source.lexicals.declaration_at(invocant)
        package = invocant_package(source, declaration) if declaration is not None else None
        if package is None:
            return name, None
        return name, frozenset(one for cls in self.packages.family(package) for one in self.packages.ancestors(cls))

    def callers(self, sub: TextSub) -> Iterator[tuple[PerlSource, Node]]:
        """Every call by the sub's name that may run it."""
        name = sub.name.rpartition("::")[2]
        for source in self.sources:
            for call in occurrences(source).calls.get(name, ()):
                called = self.called(source, call)
                if called is not None and (called[1] is None or sub.package in called[1]):
                    yield source, call

    def topics_in(self, source: PerlSource, inside: Node) -> Iterator[tuple[PerlSource, Node]]:
        """Every `$_` of the subs that the body of a loop may run: it is the one of the loop."""
        seen: set[int] = set()
        work = [(source, inside)]
        while work:
            other, body = work.pop()
            if body.id in seen:
                continue
            seen.add(body.id)
            if body is not inside:
                yield from ((other, topic) for topic in occurrences(other).topics if _is_in(topic, body))
            found = occurrences(other)
            for name, calls in found.calls.items():
                if any(_is_in(call, body) for call in calls):
                    work += [(sub.source, sub.node.body) for sub in self.named(name)]
            if any(_is_in(call, body) for call in [*found.code_calls, *found.symbolic]):
                work += [(sub.source, sub.node.body) for sub in self.subs if not sub.name]

    def check_callers_are_known(self, sub: TextSub) -> None:
        """Raises Escaped where something else than a call by its name may run a sub."""
        name = sub.name.rpartition("::")[2]
        for source in self.sources:
            found = occurrences(source)
            mention = next(iter(found.references.get(name, ())), None) or found.words.get(name)
            symbolic = mention or next(iter(found.symbolic), None)
            if symbolic is None and not found.strict:
                symbolic = next((call for call in found.code_calls if _may_be_a_name(source, call)), None)
            if symbolic is not None:
                raise escaped(EscapeKind.SYMBOLIC, source, symbolic)


def _is_in(node: Node, body: Node) -> bool:
    return body.start_byte <= node.start_byte < body.end_byte


def _may_be_a_name(source: PerlSource, call: Node) -> bool:
    """Whether what is called is a variable that no `sub` is assigned to."""
    return not any(inner.type == "anonymous_subroutine_expression" for inner in call.named_children)


def package_around(source: PerlSource, node: Node) -> str:
    """The package of the code at a node."""
    inner = node
    for outer in ancestors(node):
        if outer.type in _PACKAGES and outer.children[-1].type == "block":
            name = outer.child_by_field_name("name")
            return source.string(name) if name is not None else "main"
        statement = inner.prev_named_sibling
        while statement is not None:
            if statement.type in _PACKAGES and statement.children[-1].type != "block":
                name = statement.child_by_field_name("name")
                return source.string(name) if name is not None else "main"
            statement = statement.prev_named_sibling
        inner = outer
    return "main"


def invocant_package(source: PerlSource, declaration: Declaration) -> str | None:
    """The package whose methods have a lexical as `$self`; None where it is no such variable."""
    if declaration.name not in _INVOCANTS:
        return None
    sub = sub_around(source, declaration.node)
    if sub is None or sub.name is None or invocant_of(source, sub) is not declaration:
        return None
    return sub.name.rpartition("::")[0]


def called_name(source: PerlSource, call: Node) -> str:
    """What is called, as it is written: `on`, `Scalar::Util::weaken`, `$callback`."""
    named = call.child_by_field_name("method") or call.child_by_field_name("function") or call.children[0]
    return source.string(named).lstrip("&")
