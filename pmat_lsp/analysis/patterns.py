"""Names for the shapes of leaks that Perl people know.

A pattern is told from the hops of the shortest cycle. The list `PATTERNS` is tried in order; the first that matches
names the finding.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pmat_lsp.analysis.result import Hop, Pattern
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.pads import references_in_pad

_PROMISE = re.compile("Future|Promise")


@dataclass(frozen=True)
class Cycle:
    """What a pattern is told from."""

    heap: Heap
    hops: tuple[Hop, ...]

    @cached_property
    def codes(self) -> tuple[Hop, ...]:
        """The hops that leave a CODE."""
        return tuple(hop for hop in self.hops if self.heap.kind[hop.source] == Kind.CODE)

    @cached_property
    def objects(self) -> frozenset[int]:
        """The blessed SVs that are no CODE."""
        return frozenset(
            hop.source
            for hop in self.hops
            if self.heap.blessed[hop.source] >= 0 and self.heap.kind[hop.source] != Kind.CODE
        )

    def has_kind(self, kind: str) -> bool:
        """Whether a hop of that kind is on the cycle."""
        return any(hop.kind == kind for hop in self.hops)


def _is_promise(cycle: Cycle) -> bool:
    classes = [cycle.heap.class_of(sv) or "" for sv in cycle.objects]
    return bool(cycle.codes) and any(_PROMISE.search(name) for name in classes)


def _is_scope(cycle: Cycle) -> bool:
    return cycle.has_kind("scope")


def _is_weak_too_deep(cycle: Cycle) -> bool:
    """A closure that keeps its enclosing sub captures a weak reference itself."""
    inner = (hop.source for hop in cycle.hops if hop.kind == "scope")
    return any(not strong for code in inner for _, _, strong in references_in_pad(cycle.heap, code))


def _is_recursive(cycle: Cycle) -> bool:
    return bool(cycle.codes) and len(cycle.codes) == len(cycle.hops)


def _is_once_wrapper(cycle: Cycle) -> bool:
    """A closure on the cycle holds itself too, by the variable that it was made in."""
    codes = {hop.source for hop in cycle.codes}
    return bool(cycle.objects) and any(
        target == code and strong for code in codes for _, target, strong in references_in_pad(cycle.heap, code)
    )


def _is_self_callback(cycle: Cycle) -> bool:
    """The closure's captured variable refers to the object itself."""
    if not cycle.codes or not cycle.objects:
        return False
    return any(hop.kind in ("capture", "lexical") and hop.target in cycle.objects for hop in cycle.codes)


def _is_container_capture(cycle: Cycle) -> bool:
    return bool(cycle.codes)


def _is_magic(cycle: Cycle) -> bool:
    return not cycle.codes and cycle.has_kind("magic")


def _is_self_reference(cycle: Cycle) -> bool:
    return not cycle.codes and len(cycle.hops) == 1


def _is_parent_child(cycle: Cycle) -> bool:
    return not cycle.codes and len(cycle.hops) > 1


@dataclass(frozen=True)
class PatternRule:
    """One pattern: how to tell it."""

    code: str
    title: str
    matches: Callable[[Cycle], bool]


PATTERNS: tuple[PatternRule, ...] = (
    PatternRule("promise-capture", "a callback of a promise or future captures what leads back to it", _is_promise),
    PatternRule(
        "weak-too-deep",
        "an enclosing sub captures strongly what the inner closure captures weakly",
        _is_weak_too_deep,
    ),
    PatternRule(
        "outside-scope",
        "a closure keeps the sub that encloses it alive, and with it all that it captures",
        _is_scope,
    ),
    PatternRule("recursive-sub", "a closure captures the variable that holds it", _is_recursive),
    PatternRule(
        "once-wrapper",
        "a wrapper that removes itself captures itself and the object that it is registered with",
        _is_once_wrapper,
    ),
    PatternRule("self-callback", "an object's own callback captures the object", _is_self_callback),
    PatternRule("container-capture", "a callback captures a container that leads back to it", _is_container_capture),
    PatternRule("magic-cycle", "magic that perl or a module attached keeps a variable alive", _is_magic),
    PatternRule("self-ref", "a structure refers to itself", _is_self_reference),
    PatternRule("parent-child", "objects hold each other", _is_parent_child),
)
"""Every pattern, the most special first."""


def name_pattern(heap: Heap, hops: tuple[Hop, ...]) -> Pattern:
    """The pattern of a cycle; every cycle has one."""
    cycle = Cycle(heap, hops)
    rule = next(rule for rule in PATTERNS if rule.matches(cycle))
    return Pattern(rule.code, rule.title)
