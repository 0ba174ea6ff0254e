"""What to do about a finding by hand, as data: told from the heap, and from the source where that is here.

It goes no further than its evidence. Whether something else holds an object when a reference to it is weakened, nobody
can know from one dump; so that stands as a condition, unless something alive of the same kind shows that nothing does.
`render/advice.py` has the words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tree_sitter import Node

from pmat_lsp.analysis.result import CAPTURES, SUBSCRIPTS, Cut, Edge, Finding, Hop, stored_edges
from pmat_lsp.format.kinds import Kind
from pmat_lsp.source.captured import captured_variable
from pmat_lsp.source.perl import PerlSource, Sub
from pmat_lsp.source.reassigned import assignments_of, is_assigned_again
from pmat_lsp.source.syntax import ELEMENTS, STRINGS, ancestors, is_changed

_MOST_CHOICES = 4
_TIES = frozenset("Ppq")
_ISA = frozenset("Ii")
_NAME = re.compile(r"[$@%]\w+")


class AdviceKind(Enum):
    """What can be done."""

    WEAK_COPY = "weak-copy"
    """Let the closure capture a weak copy, or drop the closure."""
    WEAK_COPY_OUTSIDE = "weak-copy-outside"
    """The same, made outside of the outermost sub that holds it."""
    COPY_BEFORE = "copy-before"
    """Let the closure capture a copy of the value that the variable had before it was assigned again."""
    PROMISE = "promise"
    """Drop the promise when it is ready, or capture a weak copy."""
    WRAPPER = "wrapper"
    """Weaken the wrapper's own variable once it is registered."""
    EMPTY = "empty"
    """Empty the container, or drop the closure, or capture a weak reference to the container."""
    CURRENT_SUB = "current-sub"
    """Call the running sub as `__SUB__`."""
    UNDEF = "undef"
    """Undefine one of the variables when they are no longer called."""
    MOVE_SUB = "move-sub"
    """Move the inner sub out of the one around it."""
    UNTIE = "untie"
    LOCAL_ISA = "local-isa"
    REMOVE_MAGIC = "remove-magic"
    DELETE = "delete"
    """Delete the reference when the structure is no longer used, or weaken it."""
    WEAKEN = "weaken"
    """Weaken the reference that leads back."""
    CHOOSE = "choose"
    """Weaken one of some references; which one is not known."""


@dataclass(frozen=True, slots=True)
class Access:
    """An expression that leads to what has to be weakened or deleted: `$child->{kids}[0]`."""

    variable: str
    """With its sigil: `$child`, `%state`."""
    subscripts: tuple[tuple[str, str], ...]
    """(`key`, `index` or `field`; its name as it is shown) of each."""
    holder: str | None
    """The class of the object that has the reference."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do."""

    kind: AdviceKind
    variables: tuple[str, ...] = ()
    """The captured variables that it is about, with their sigils."""
    owner: str | None = None
    """The class of what something else must hold for a weak reference to do; None where it is no object."""
    accesses: tuple[Access, ...] = ()
    """The references that it is about."""
    is_held: bool | None = None
    """Whether something else holds it among what is alive; see `Finding.held`."""
    container: int = Kind.UNKNOWN
    """The `Kind` of the container that a variable leads to."""


@dataclass(frozen=True, slots=True)
class MarkedSub:
    """The closure that is marked, in its text."""

    source: PerlSource
    sub: Sub


def advice_on(
    finding: Finding, start: int | None, marked: MarkedSub | None, cut: Cut | None, bases: Mapping[int, str]
) -> Advice:
    """What to do about a finding.

    Args:
        finding: the finding.
        start: index of the hop that leaves the closure that is marked; None where there is no closure.
        marked: that closure, where its text is certain.
        cut: where the cycle is best cut.
        bases: by the index of the first hop of an edge, the variable whose object has the reference where it is stored,
            as far as that is known; of a tie, what is tied.
    """
    if start is None:
        return _without_closure(finding, cut, bases)
    hop = finding.cycle[start]
    if marked is not None and is_assigned_again(marked.source, marked.sub, hop.name):
        return Advice(AdviceKind.COPY_BEFORE, (_variable(hop.name),))
    if finding.pattern.code == "recursive-sub":
        return _recursive(finding, marked)
    if finding.pattern.code == "once-wrapper":
        return _wrapper(finding, hop, marked)
    kinds = {
        "promise-capture": AdviceKind.PROMISE,
        "weak-too-deep": AdviceKind.WEAK_COPY_OUTSIDE,
        "outside-scope": AdviceKind.MOVE_SUB,
        "self-callback": AdviceKind.WEAK_COPY,
    }
    kind = kinds.get(finding.pattern.code, AdviceKind.EMPTY)
    if kind is AdviceKind.WEAK_COPY and hop.target_class is None:
        kind = AdviceKind.EMPTY
    return Advice(
        kind,
        (_variable(hop.name),),
        hop.target_class,
        _where_held(finding, hop),
        _held(finding, start),
        hop.target_kind,
    )


def _held(finding: Finding, hop: int) -> bool | None:
    return finding.held[hop] if hop < len(finding.held) else None


def _where_held(finding: Finding, captured: Hop) -> tuple[Access, ...]:
    """Where the object, or the container, holds the closure; () where it does not do so by a subscript."""
    cut = finding.cut
    edge = next((edge for edge in stored_edges(finding.cycle) if cut is not None and edge.start == cut.hop), None)
    if edge is None:
        return ()
    variable = _variable(captured.name) if edge.hops[0].source == captured.target else "$object"
    return (_access(edge, variable),)


def _recursive(finding: Finding, marked: MarkedSub | None) -> Advice:
    """Subs that hold each other by the variables that they capture."""
    variables = tuple(dict.fromkeys(_variable(hop.name) for hop in finding.cycle if hop.kind in CAPTURES))
    if len(finding.cycle) == 1 and marked is not None and _can_be_current_sub(marked, finding.cycle[0].name):
        return Advice(AdviceKind.CURRENT_SUB, variables)
    return Advice(AdviceKind.UNDEF, variables)


def _can_be_current_sub(marked: MarkedSub, name: str) -> bool:
    """Whether `__SUB__` can stand for every use of a variable: in that very sub, as a whole, and in no string."""
    node = marked.source.lexicals.subs[marked.sub.index]
    variable = captured_variable(marked.source, marked.sub, name)
    if variable is None or not variable.is_direct or node.string_eval or node.keyword.type != "sub":
        return False
    return all(_is_whole(use, node.whole) for use in variable.uses)


def _is_whole(node: Node, sub: Node) -> bool:
    above = node.parent
    if above is None or is_changed(node) or above.type in ELEMENTS:
        return False
    if above.type == "varname" and (above.parent is None or above.parent.type != "function"):
        return False
    for outer in ancestors(node):
        if outer == sub:
            return True
        if outer.type in STRINGS or outer.type == "sort_expression":
            return False
    return False


def _wrapper(finding: Finding, hop: Hop, marked: MarkedSub | None) -> Advice:
    """A wrapper that removes itself: its own variable, if the text shows it, then that of the object."""
    own = _own_variable(marked) if marked is not None else None
    variables = (_variable(hop.name),) if own is None else (_variable(hop.name), own)
    return Advice(AdviceKind.WRAPPER, variables, hop.target_class, is_held=_held(finding, finding.cycle.index(hop)))


def _own_variable(marked: MarkedSub) -> str | None:
    """The variable that a sub is assigned to."""
    source, whole = marked.source, marked.source.lexicals.subs[marked.sub.index].whole
    for declaration in source.lexicals.declarations:
        values = (one.child_by_field_name("right") for one in assignments_of(source, declaration))
        is_used = declaration.name[:1] == "$" and declaration.name in marked.sub.uses
        if is_used and any(value == whole for value in values):
            return declaration.name
    return None


def _without_closure(finding: Finding, cut: Cut | None, bases: Mapping[int, str]) -> Advice:
    edges = [edge for edge in stored_edges(finding.cycle) if edge.hops[0].kind in SUBSCRIPTS]
    chosen = next((edge for edge in edges if cut is not None and edge.start == cut.hop), None)
    magic = next(((at, hop) for at, hop in enumerate(finding.cycle) if hop.kind == "magic"), None)
    if magic is not None:
        return _magic(*magic, chosen, bases)
    if not edges:
        return Advice(AdviceKind.UNDEF)
    if chosen is None:
        told = tuple(_access(edge, bases.get(edge.start, "$x")) for edge in edges[:_MOST_CHOICES])
        return Advice(AdviceKind.CHOOSE, accesses=told)
    access = (_access(chosen, bases.get(chosen.start, "$child" if len(edges) > 1 else "$object")),)
    kind = AdviceKind.WEAKEN if len(edges) > 1 else AdviceKind.DELETE
    return Advice(kind, (), chosen.target, access, _held(finding, chosen.start))


def _magic(at: int, hop: Hop, chosen: Edge | None, bases: Mapping[int, str]) -> Advice:
    if hop.name in _ISA:
        return Advice(AdviceKind.LOCAL_ISA)
    if hop.name not in _TIES:
        return Advice(AdviceKind.REMOVE_MAGIC)
    tied = (bases[at],) if at in bases else ()
    return Advice(AdviceKind.UNTIE, tied, None, (_access(chosen, "$object"),) if chosen is not None else ())


def _access(edge: Edge, variable: str) -> Access:
    return Access(variable, tuple((hop.kind, hop.shown_name) for hop in edge.hops), edge.holder)


def _variable(name: str) -> str:
    """A captured variable as it can be written; old dumps have none of their names."""
    return name if _NAME.fullmatch(name) else "$x"
