"""The packages of the program that ran, as its heap has them, for the analysis of its text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache

import numpy as np

from pmat_lsp.analysis.classes import Classes
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.describe import code_name
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.symbols import find_stash, find_symbol


class HeapPackages:
    """What a heap says of its packages; as `source.texts.Packages`."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self._classes = Classes(heap)
        self.has_sub = lru_cache(maxsize=None)(self._has_sub)
        self.ancestors = lru_cache(maxsize=None)(self._ancestors)
        self.family = lru_cache(maxsize=None)(self._family)

    def exists(self, name: str) -> bool:
        """Whether there was such a package."""
        return find_stash(self._heap, name) >= 0

    def has_subs(self, package: str) -> bool:
        """Whether a package had any sub."""
        return package in self._packages_with_subs

    def packages_with(self, name: str) -> frozenset[str]:
        """The packages in which a sub of that name was compiled or installed."""
        return frozenset(self._packages_of.get(name, ()))

    def _has_sub(self, package: str, name: str) -> bool:
        """Whether a package had a sub of that name, of its own or imported."""
        found = find_symbol(self._heap, f"&{package}::{name}")
        return found >= 0 and self._heap.kind[found] == Kind.CODE

    def _ancestors(self, name: str) -> tuple[str, ...]:
        """A class, and all that it inherits from."""
        return self._closure(name, self._classes.parents)

    def _family(self, name: str) -> frozenset[str]:
        """A class, and all that inherit from it."""
        return frozenset(self._closure(name, self._classes.children))

    def _closure(self, name: str, step: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
        found = {name: None}
        work = [name]
        while work:
            for other in step(work.pop()):
                if other not in found:
                    found[other] = None
                    work.append(other)
        return tuple(found)

    @cached_property
    def _packages_of(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for sv in np.flatnonzero(self._heap.kind[: self._heap.n] == Kind.CODE).tolist():
            full = code_name(self._heap, sv)
            if full is not None:
                package, _, name = full.rpartition("::")
                found[name].add(package)
        return found

    @cached_property
    def _packages_with_subs(self) -> frozenset[str]:
        return frozenset(package for packages in self._packages_of.values() for package in packages)
