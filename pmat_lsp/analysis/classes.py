"""The classes of a program: their objects, by the stashes that these are blessed into, and their `@ISA`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.ownership import Ownership
from pmat_lsp.analysis.retained import Retained
from pmat_lsp.format.kinds import Kind, RefKind
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.values import elements, text_of

I32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """The objects of one class; those of the classes below it are not counted."""

    name: str
    objects: int
    """In the heap, leaked ones included."""
    leaked: int
    """Proven leaks among them."""
    self_held: int
    """Lost and held by nothing but themselves, but live code can reach them through a weak reference."""
    unexplained: int
    """Lost, but something that the dump does not show may hold them."""
    bytes: int
    """Of the objects alone."""
    retained: int
    """Bytes that they keep alive, each by itself; what is inside another one of the class is counted once."""
    biggest: int
    """SV id of the object that retains most, -1 without one."""
    biggest_bytes: int
    """What that one retains."""


class Classes:
    """The classes of a heap; its objects are sorted once."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        objects = heap.objects
        self._objects: I32 = objects[np.argsort(heap.blessed[objects], kind="stable")]
        """By stash, then by id."""
        self._stash_of = heap.blessed[self._objects]

    def objects(self, name: str) -> I32:
        """int32: the objects of a class."""
        parts = [self._of_stash(stash) for stash in self._stashes.get(name, ())]
        return np.concatenate(parts) if parts else np.empty(0, np.int32)

    def exists(self, name: str) -> bool:
        """Whether the heap has a package of that name."""
        return name in self._stashes

    def facts(self, name: str, ownership: Ownership, sizes: Retained) -> ClassFacts:
        """Look the objects of a class over."""
        svs = self.objects(name)
        retained = sizes.bytes[svs]
        outermost = sizes.outermost(svs, np.zeros(len(svs), np.int64)) if len(svs) else np.empty(0, np.bool_)
        top = int(np.argmax(retained)) if len(svs) else -1
        return ClassFacts(
            name=name,
            objects=len(svs),
            leaked=int(ownership.proven[svs].sum()),
            self_held=int(ownership.self_held[svs].sum()),
            unexplained=int(ownership.unexplained[svs].sum()),
            bytes=int(self._heap.size[svs].sum()),
            retained=int(retained[outermost].sum()),
            biggest=int(svs[top]) if top >= 0 else -1,
            biggest_bytes=int(retained[top]) if top >= 0 else 0,
        )

    def parents(self, name: str) -> tuple[str, ...]:
        """The `@ISA` of a class."""
        return self._isa.get(name, ())

    def children(self, name: str) -> tuple[str, ...]:
        """The classes that have a class in their `@ISA`, by name."""
        return tuple(sorted(child for child, parents in self._isa.items() if name in parents))

    def _of_stash(self, stash: int) -> I32:
        return self._objects[slice(*np.searchsorted(self._stash_of, [stash, stash + 1]))]

    @cached_property
    def _stashes(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for sv in self._heap.stashes.sv.tolist():
            name = self._heap.stash_name(sv)
            if name is not None:
                found.setdefault(name, []).append(sv)
        return found

    @cached_property
    def _isa(self) -> dict[str, tuple[str, ...]]:
        heap, globs = self._heap, self._heap.globs
        found: dict[str, tuple[str, ...]] = {}
        called_isa = [name for name in distinct(globs.name[globs.name >= 0]).tolist() if heap.strings[name] == "ISA"]
        for row in np.flatnonzero(np.isin(globs.name, called_isa)).tolist():
            package = heap.stash_name(int(globs.stash[row]))
            parents = self._listed(int(globs.sv[row]))
            if package is not None and parents:
                found.setdefault(package, parents)
        return found

    def _listed(self, glob: int) -> tuple[str, ...]:
        """The strings in the array of a glob."""
        heap = self._heap
        rows = (row for row in heap.out_rows(glob) if heap.out_kind[row] == RefKind.GLOB_ARRAY)
        array = next((int(heap.out_target[row]) for row in rows), -1)
        if array < 0 or heap.kind[array] != Kind.ARRAY:
            return ()
        return tuple(text for element in elements(heap, array) if (text := text_of(heap, element)))
