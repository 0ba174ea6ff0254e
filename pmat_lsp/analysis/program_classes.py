"""Whose class: the program's own, perl's, or that of a module written in C.

The packages with subs in C are those whose XSUBs come from a compiled module. Perl's own libraries are told by the
folders that its oldest modules were loaded from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from functools import cached_property
from pathlib import PurePosixPath

import numpy as np

from pmat_lsp.analysis.classes import Classes
from pmat_lsp.analysis.leaks import files_of_classes
from pmat_lsp.format.kinds import CodeFlag, Kind, RefKind
from pmat_lsp.heap.magic import magics_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.values import file_facts

_COMPILED = (".so", ".dll", ".bundle", ".dylib", ".sl")
"""What the file of a module's boot sub ends with."""
_C_SOURCES = (".c", ".cc", ".cpp", ".cxx")
"""What the file of its other XSUBs ends with. Those that a module makes for other classes (Class::XSAccessor) are
recorded with its `.xs` file."""
_PERLS_C_FILES = frozenset(
    {"builtin.c", "class.c", "DynaLoader.c", "mro_core.c", "perl.c", "perlio.c", "perlmain.c", "universal.c"}
)
_NEVER_ELSEWHERE = (
    "strict.pm",
    "overload.pm",
    "feature.pm",
    "vars.pm",
    "utf8.pm",
    "POSIX.pm",
    "B.pm",
    "re.pm",
    "mro.pm",
    "Symbol.pm",
    "FindBin.pm",
    "English.pm",
    "PerlIO.pm",
    "open.pm",
    "sort.pm",
    "File/Basename.pm",
    "File/Copy.pm",
    "File/Find.pm",
    "File/stat.pm",
    "Tie/Array.pm",
    "Tie/Hash.pm",
    "Class/Struct.pm",
)
"""Modules that come with perl and are not on CPAN by themselves."""
_EXT_MAGIC = "~"
_MOST_PARENTS = 100
_MOST_VALUES = 100


class Origin(IntEnum):
    """Whose a class is, the program's own first."""

    WORKSPACE = 0
    """It has subs in a file of the workspace or a source root."""
    MODULE = 1
    """All its subs are in Perl, and some in a file that is not perl's."""
    DATA = 2
    """It has no sub at all: somebody blesses into it, and no more."""
    OTHER = 3
    """Perl's own, or that of a module with subs in C."""


class ProgramClasses:
    """Tells the classes of a heap apart; each is looked at when it is first asked for.

    Args:
        heap: of the dump.
        in_workspace: whether a file, as recorded, lies in the workspace.
    """

    def __init__(self, heap: Heap, in_workspace: Callable[[str], bool]) -> None:
        self._heap = heap
        self._in_workspace = in_workspace
        self._origins: dict[str, Origin] = {}

    def origin(self, package: str) -> Origin:
        """Whose class it is."""
        if package not in self._origins:
            self._origins[package] = self._origin(package)
        return self._origins[package]

    def _origin(self, package: str) -> Origin:
        files = files_of_classes(self._heap, (package,))
        if any(self._in_workspace(file) for file in files):
            return Origin.WORKSPACE
        if package not in self._in_c and any(not self._is_core(file) for file in files):
            return Origin.MODULE
        return Origin.OTHER if files or package in self._xsub_files else Origin.DATA

    def c_package(self, package: str) -> str | None:
        """The class itself or the nearest of its parents that has subs in C, those of perl's own modules aside."""
        return next((one for one in self._with_parents(package) if one in self._in_c), None)

    def has_c_magic(self, sv: int) -> bool:
        """Whether C code has attached data of its own to an object, or to a plain scalar that it holds."""
        heap = self._heap
        held = heap.out_target[list(heap.out_rows(sv)[:_MOST_VALUES])]
        plain = held[(heap.kind[held] == Kind.SCALAR) & (heap.blessed[held] < 0)]
        return any(magic.type == _EXT_MAGIC for one in (sv, *plain.tolist()) for magic in magics_of(heap, one))

    def _with_parents(self, package: str) -> Iterator[str]:
        """The classes in which perl looks for a method, depth first."""
        seen: dict[str, None] = {}
        todo = [package]
        while todo and len(seen) < _MOST_PARENTS:
            one = todo.pop()
            if one not in seen:
                seen[one] = None
                yield one
                todo += reversed(self._classes.parents(one))

    def _is_core(self, file: str) -> bool:
        return any(file.startswith(folder) for folder in self._core_folders)

    @cached_property
    def _classes(self) -> Classes:
        return Classes(self._heap)

    @cached_property
    def _core_folders(self) -> tuple[str, ...]:
        """The folders of perl's own libraries, as recorded, each with a `/` at its end."""
        inc, _, _ = file_facts(self._heap)
        told = ((inc[module], module) for module in _NEVER_ELSEWHERE if module in inc)
        folders = (path.removesuffix(module) for path, module in told if path.endswith(f"/{module}"))
        return tuple(dict.fromkeys(folder for folder in folders if len(folder) > 1))

    @cached_property
    def _xsub_files(self) -> dict[str, set[str]]:
        """Of each package with XSUBs of its own: the files that they were compiled from; constants left out."""
        heap, codes, globs = self._heap, self._heap.codes, self._heap.globs
        constant = np.zeros(heap.n + 3, np.bool_)
        constant[heap.out_source[heap.out_kind == RefKind.CODE_CONSTVAL]] = True
        is_xsub = ((heap.flags[codes.sv] & CodeFlag.XSUB) != 0) & (codes.glob >= 0) & ~constant[codes.sv]
        rows = np.flatnonzero(is_xsub)
        rows = rows[heap.kind[codes.glob[rows]] == Kind.GLOB]
        stashes = globs.stash[globs.sv.searchsorted(codes.glob[rows])]
        files: dict[str, set[str]] = {}
        for stash, file in dict.fromkeys(zip(stashes.tolist(), codes.file[rows].tolist(), strict=True)):
            package = heap.stash_name(stash)
            if package is not None:
                files.setdefault(package, set()).add(heap.string(file) or "")
        return files

    @cached_property
    def _in_c(self) -> frozenset[str]:
        """The packages with subs in C, those of perl's own modules aside."""
        core, others = set(_PERLS_C_FILES), set[str]()
        for files in self._xsub_files.values():
            boot = [file for file in files if file.endswith(_COMPILED)]
            if boot:
                (core if all(self._is_core(file) for file in boot) else others).update(files)
        # The `.c` files of perl's modules are recorded without a folder, and other modules have files of those names.
        core -= others - _PERLS_C_FILES
        return frozenset(
            package
            for package, files in self._xsub_files.items()
            if any(PurePosixPath(file).suffix in (*_COMPILED, *_C_SOURCES) for file in files - core)
        )
