"""Where the code of a program is written, as far as the dump itself says: its own files, a library's, those of a class.

Perl does not record which code is the program's own. Its library folders have names that perl's installation gives
them (`share/perl5`, `lib/site_perl/5.36.0`), wherever it was installed; whatever else was loaded is taken for the
program's own, as is what lies relative to the folder in which it ran.
"""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.result import ClassSource
from pmat_lsp.analysis.rows import rows_from
from pmat_lsp.format.kinds import Kind, RefKind
from pmat_lsp.heap.distinct import distinct, first_of_each
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.once import OnceAHeap
from pmat_lsp.heap.symbols import find_symbol
from pmat_lsp.heap.values import elements, file_facts, text_of

_LIBRARY = re.compile(
    r"(?:^|/)(?:"
    r"(?:lib|lib64|share|etc|Library)/(?:[^/]+/)?(?:perl5?|Perl|perl-base|site_perl|vendor_perl)(?:/|$)"
    r"|lib/(?:perl5/)?5\.\d+"
    r")"
    r"|^[A-Za-z]:/(?:[^/]+/)*perl/(?:site/|vendor/)?lib/"  # Strawberry Perl
)
_NO_FILE = re.compile(r"\(|-e$|-$|$")
_MOST_PARENTS = 50


class Written:
    """Answers for one heap; what it reads of it is read once."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self._ranks: dict[str, int] = {}

    def is_own(self, file: str) -> bool:
        """Whether a recorded file is the program's own. What has no file, as a string eval, is not."""
        return not _NO_FILE.match(file) and not _LIBRARY.search(file.replace("\\", "/"))

    def rank(self, package: str | None) -> int:
        """Whose a class is: 0 the program's own, 1 not known, since no file has it, 2 a library's."""
        if package is None:
            return 1
        if package not in self._ranks:
            files = [file for file in self._files(package) if not _NO_FILE.match(file)]
            self._ranks[package] = 1 if not files else 0 if any(map(self.is_own, files)) else 2
        return self._ranks[package]

    def source_of(self, package: str) -> ClassSource:
        """Where a class is written."""
        found = self._sources.get(package)
        if found is None:
            found = self._sources[package] = ClassSource(package, self._files(package), self._related(package))
        return found

    @cached_property
    def _sources(self) -> dict[str, ClassSource]:
        return {}

    def _files(self, package: str) -> tuple[str, ...]:
        loaded = self._loaded.get(package.replace("::", "/") + ".pm")
        return tuple(dict.fromkeys([*files_of_package(self._heap, package), *([loaded] if loaded else [])]))

    @cached_property
    def _loaded(self) -> dict[str, str]:
        return file_facts(self._heap)[0]

    def _related(self, package: str) -> tuple[str, ...]:
        """Its parents, depth first, then the packages that its other subs come from, unless they are a library's."""
        parents: list[str] = []
        queue = [package]
        while queue and len(parents) < _MOST_PARENTS:
            for parent in reversed(self._isa(queue.pop(0))):
                if parent not in parents and parent != package:
                    queue.insert(0, parent)
                    parents.append(parent)
        imported = [origin for one in (package, *parents) for origin in self._origins(one) if self.rank(origin) < 2]
        return tuple(one for one in dict.fromkeys([*parents, *imported]) if one != package)

    def _isa(self, package: str) -> tuple[str, ...]:
        heap, array = self._heap, find_symbol(self._heap, f"@{package}::ISA")
        if array < 0 or heap.kind[array] != Kind.ARRAY:
            return ()
        return tuple(text for element in elements(heap, array) if (text := text_of(heap, element)))

    def _origins(self, package: str) -> list[str]:
        """The packages of the subs that the globs of `package` have, other than itself: roles, and what it imported."""
        found = {self._heap.stash_name(stash) or "" for stash in _subs_of_packages(self._heap).get(package, ())}
        return sorted(found - {"", package})


def files_of_package(heap: Heap, package: str) -> tuple[str, ...]:
    """The files, as recorded, that have subs of a package."""
    return _files_of_packages(heap).get(package, ())


@OnceAHeap
def _files_of_packages(heap: Heap) -> dict[str | None, tuple[str, ...]]:
    codes = heap.codes
    written = np.flatnonzero((codes.stash >= 0) & (codes.file >= 0) & (codes.line > 0))
    # The same file and package for every clone of a closure.
    pairs = distinct((codes.stash[written].astype(np.int64) << 32) | codes.file[written])
    files: dict[str | None, set[int]] = {}
    for stash, file in zip((pairs >> 32).tolist(), (pairs & 0xFFFFFFFF).tolist(), strict=True):
        files.setdefault(heap.stash_name(stash), set()).add(file)
    return {package: tuple(heap.strings[file] for file in sorted(found)) for package, found in files.items()}


@OnceAHeap
def _subs_of_packages(heap: Heap) -> dict[str | None, frozenset[int]]:
    """By package: the packages, as SVs, that the subs come from which its globs have."""
    stashes, origins = heap.globs.stash, _origins_of_globs(heap)
    pairs = distinct((stashes.astype(np.int64) << 32)[origins >= 0] | origins[origins >= 0])
    found: dict[str | None, set[int]] = {}
    for stash, origin in zip((pairs >> 32).tolist(), (pairs & 0xFFFFFFFF).tolist(), strict=True):
        found.setdefault(heap.stash_name(stash), set()).add(origin)
    return {package: frozenset(some) for package, some in found.items()}


def _origins_of_globs(heap: Heap) -> npt.NDArray[np.int32]:
    """int32, one a glob: the package, as an SV, of the sub that it has; -1 for none."""
    rows, which = rows_from(heap, heap.globs.sv)
    is_code = (heap.out_kind[rows] == RefKind.GLOB_CODE) & (heap.kind[heap.out_target[rows]] == Kind.CODE)
    # The first where a dump says that there are several.
    globs, first = first_of_each(which[is_code])
    codes = heap.out_target[rows[is_code][first]]
    origins = np.full(len(heap.globs.sv), -1, np.int32)
    origins[globs] = heap.codes.stash[heap.codes.sv.searchsorted(codes)]
    return origins
