"""From the name of a file that perl recorded, perhaps on another machine, to a file on this disk.

A name out of a dump is not trusted. The files that may be read lie in a source root, in a folder to which the user maps
another, or in a library folder of the local perl; a file anywhere else is only named, with what to do about it. Two
files that fit equally well are both named and none is taken.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pmat_lsp.errors import PmatError

LARGEST_SOURCE = 20 * 1024 * 1024
"""Bytes; a larger file is no source text that a person wrote."""
LARGEST_INDEX = 50_000
"""Files looked at for the match of last resort."""
_LONGEST_NAME = 4096
PERL_SUFFIXES = frozenset({".pl", ".pm", ".t", ".psgi", ".cgi"})
"""Of files that are taken for Perl without a look into them."""
_SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".cache", ".build", ".venv", "venv", ".tox"}
)
_LIBRARY_FOLDERS = ("", "lib", "blib/lib", "blib/arch", "local/lib/perl5")
_NO_FILE = re.compile(r"\((?:re_)?eval \d+\)")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_OTHER_MACHINE = ("//", "\\\\", "/\\", "\\/")
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True)
class Located:
    """What was found out about a recorded name."""

    recorded: str
    path: Path | None
    """The file, None if there is none or if several fit."""
    how: str
    """In words: how it was found, or why not."""
    candidates: tuple[Path, ...] = ()
    """The files between which the name does not decide."""


class SourceFiles:
    """Finds the files that a dump names; each answer is kept.

    `roots` are the folders with sources, `path_map` pairs a prefix on the recording machine with the one here,
    `inc_files` is the dump's `%INC` (`Net/Client.pm` → recorded name), `inc_dirs` its `@INC`, `script` its `$0`.
    `libraries` gives the library folders of the local perl, resolved; it is asked when one is first needed.
    `editable` are files that may be changed wherever they are.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        path_map: Sequence[tuple[str, str]] = (),
        inc_files: Mapping[str, str] | None = None,
        inc_dirs: Sequence[str] = (),
        script: str | None = None,
        libraries: Callable[[], Sequence[Path]] = tuple,
        editable: Sequence[Path] = (),
    ) -> None:
        self._roots = tuple(dict.fromkeys(root.absolute() for root in roots))
        self._real_roots = tuple(_resolved(root) for root in self._roots)
        self._path_map = tuple(path_map)
        self._modules = dict(inc_files or {})
        self._short_names: dict[str, list[str]] = {}
        for short, recorded in self._modules.items():
            self._short_names.setdefault(recorded, []).append(short)
        self._inc_dirs = tuple(inc_dirs)
        self._script = script
        self._libraries = libraries
        self._editable = frozenset(map(_resolved, editable))
        self._located: dict[str, Located] = {}
        self._index: dict[str, list[Path]] | None = None
        self._index_cut = False

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders with sources, absolute."""
        return self._roots

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """These, and the folders that the user maps others to."""
        return (*self._roots, *(Path(os.path.abspath(here)) for _, here in self._path_map))

    def may_edit(self, path: Path) -> bool:
        """Whether a file may be changed: it lies in the user's own folders, links followed, or is allowed by name."""
        real = _resolved(path)
        return real in self._editable or any(real.is_relative_to(_resolved(folder)) for folder in self.own_folders)

    def forget(self) -> None:
        """Look for every file anew from now on."""
        self._located.clear()
        self._index = None
        self._index_cut = False

    def locate(self, recorded: str) -> Located:
        """The file that `recorded` names. Never raises, whatever the name is."""
        found = self._located.get(recorded)
        if found is None:
            try:
                found = self._locate(recorded)
            except (OSError, ValueError, RuntimeError):
                found = Located(recorded, None, "the recorded name cannot be a file here")
            self._located[recorded] = found
        return found

    def module(self, package: str) -> str | None:
        """The file, as recorded, from which the module of that name was loaded."""
        return self._modules.get(package.replace("::", "/") + ".pm")

    def _locate(self, recorded: str) -> Located:
        reason = _why_no_file(recorded)
        if reason:
            return Located(recorded, None, reason)
        for candidates, how in self._steps(recorded):
            found = _distinct(path for path in candidates if _is_file(path))
            if len(found) == 1:
                return Located(recorded, found[0], how)
            if found:
                return Located(recorded, None, f"{len(found)} files match {recorded}", found)
        alike = self._longest_suffix(recorded)
        if alike.path is None and not alike.candidates and _is_absolute(recorded):
            return self._elsewhere(recorded) or alike
        return alike

    def _elsewhere(self, recorded: str) -> Located | None:
        """The recorded path is a file here, but none that may be read because a dump names it."""
        paths = [path for path in _recorded_itself(recorded) if _is_file(path)]
        if not paths:
            return None
        shorts = [short for short in self._short_names.get(recorded, ()) if recorded.endswith("/" + short)]
        folder = recorded[: -len(shorts[0]) - 1] if shorts else str(PurePosixPath(recorded).parent)
        return Located(
            recorded, None, f"source at {recorded}, outside of the source roots; add `--source-root {folder}`"
        )

    def _steps(self, recorded: str) -> Iterator[tuple[Iterable[Path], str]]:
        """The ways to look, best first; where one finds a file, the others are not tried."""
        for mapped in self._mapped(recorded):
            yield [mapped], "by the path mapping"
        if _is_absolute(recorded):
            yield self._readable(recorded), "the recorded path"
        else:
            yield self._under_roots([recorded]), "relative to a source root"
        for names in self._library_names(recorded):
            yield self._under_roots(names), "by its name in %INC"
        if _is_absolute(recorded):
            yield self._in_libraries(recorded), "in a library folder of the local perl"
        if self._script and not _is_absolute(recorded):
            for beside in _tails(str(PurePosixPath(self._script).parent), recorded):
                yield self._under_roots([beside]), "relative to the directory of the script"

    def _readable(self, recorded: str) -> Iterator[Path]:
        """The recorded path, where it lies in a source root or in what the user mapped to."""
        targets = [_resolved(Path(here)) for _, here in self._path_map]
        for path in _recorded_itself(recorded):
            if any(_resolved(path).is_relative_to(folder) for folder in (*self._real_roots, *targets)):
                yield path

    def _in_libraries(self, recorded: str) -> Iterator[Path]:
        for path in _recorded_itself(recorded):
            if _is_file(path) and any(_resolved(path).is_relative_to(folder) for folder in self._libraries()):
                yield path

    def _mapped(self, recorded: str) -> Iterator[Path]:
        for prefix, here in self._path_map:
            start = prefix.rstrip("/\\")
            if recorded == start or recorded.startswith((start + "/", start + "\\")):
                rest = recorded[len(start) :].replace("\\", "/").lstrip("/")
                if not _escapes(rest):
                    yield Path(os.path.normpath(os.path.join(here, rest)))

    def _library_names(self, recorded: str) -> Iterator[list[str]]:
        """Paths below a root at which the module that was loaded as `recorded` may lie, best first."""
        shorts = self._short_names.get(recorded, [])
        for folder in _LIBRARY_FOLDERS:
            yield [os.path.join(folder, short) for short in shorts]
        for folder in self._inc_dirs:
            if recorded.startswith(folder):
                for short in shorts:
                    yield from ([name] for name in _tails(folder, short))

    def _under_roots(self, names: Iterable[str]) -> Iterator[Path]:
        listed = [name for name in names if name and not _is_absolute(name)]
        for root, real in zip(self._roots, self._real_roots, strict=True):
            for name in listed:
                path = Path(os.path.normpath(root / name))
                # Where links lead to is asked of files alone: it takes much longer than to see that there is none.
                if _is_file(path) and _resolved(path).is_relative_to(real):
                    yield path

    def _longest_suffix(self, recorded: str) -> Located:
        wanted = [part for part in recorded.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not wanted or not self._roots:
            return Located(recorded, None, f"no file here matches {recorded}")
        named_alike = self._indexed().get(wanted[-1], [])
        needed = min((short.count("/") + 1 for short in self._short_names.get(recorded, ())), default=1)
        best = max((_common_tail(path.parts, wanted) for path in named_alike), default=0)
        found = tuple(path for path in named_alike if _common_tail(path.parts, wanted) == best >= needed)
        if len(found) == 1 and not self._index_cut:
            return Located(recorded, found[0], "the only file here whose path ends alike")
        if len(found) > 1:
            return Located(recorded, None, f"{len(found)} files match {recorded}", found)
        cut = f" (only the first {LARGEST_INDEX:,} files were looked at)" if self._index_cut else ""
        return Located(recorded, None, f"no file here matches {recorded}{cut}")

    def _indexed(self) -> dict[str, list[Path]]:
        """Every Perl file under the roots by its last name."""
        if self._index is None:
            self._index = {}
            seen: set[Path] = set()
            for count, path in enumerate(path for root in self._roots for path in _perl_files(root)):
                if count >= LARGEST_INDEX:
                    self._index_cut = True
                    break
                real = _resolved(path)
                if real not in seen and self._inside(real):
                    seen.add(real)
                    self._index.setdefault(path.name, []).append(path)
        return self._index

    def _inside(self, real: Path) -> bool:
        return any(real.is_relative_to(root) for root in self._real_roots)


def read_source(path: Path) -> str:
    """The text of a Perl file: UTF-8 with or without a byte order mark, else Latin-1; line ends as they are.

    Raises:
        PmatError: the file cannot be read or is larger than `LARGEST_SOURCE`.
    """
    try:
        with open_regular(path) as file:
            data = file.read(LARGEST_SOURCE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PmatError(f"{path}: cannot be read: {reason}") from error
    if len(data) > LARGEST_SOURCE:
        raise PmatError(f"{path}: larger than {LARGEST_SOURCE // 1024 // 1024} MB, not read as a source text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; anything else could wait for ever, as a FIFO does, or never end.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is no regular file.
    """
    # Not looked at before it is opened: it could be another file by then.
    opened = os.open(path, os.O_RDONLY | _AT_ONCE)
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise ValueError("it is not a regular file")
        return os.fdopen(opened, "rb")
    except (OSError, ValueError):
        os.close(opened)
        raise


def _why_no_file(recorded: str) -> str:
    if _NO_FILE.match(recorded) or recorded in ("-e", "-"):
        return "code from a string eval has no file" if recorded.startswith("(") else "code without a file"
    if not recorded:
        return "no file name was recorded"
    if "\0" in recorded or len(recorded) > _LONGEST_NAME:
        return "the recorded name cannot be a file here"
    return ""


def _recorded_itself(recorded: str) -> list[Path]:
    """The recorded absolute path, if anything.

    Nothing below the kernel's file systems, where reading can hang, and nothing that names another machine.
    """
    if recorded.startswith(_OTHER_MACHINE):
        return []
    path = _resolved(Path(recorded)) if ".." in recorded else Path(recorded)
    return [] if _resolved(path).parts[1:2] in (("proc",), ("sys",), ("dev",)) else [path]


def _tails(folder: str, name: str) -> Iterator[str]:
    """`name` below ever shorter ends of `folder`: `srv/app/lib/X.pm`, `app/lib/X.pm`, `lib/X.pm`, `X.pm`."""
    parts = [part for part in PurePosixPath(folder).parts if part != "/"]
    for start in range(len(parts) + 1):
        yield os.path.join(*parts[start:], name)


def _is_absolute(name: str) -> bool:
    return name.startswith(("/", "\\")) or _DRIVE.match(name) is not None


def _escapes(relative: str) -> bool:
    normal = os.path.normpath(relative) if relative else "."
    return normal == ".." or normal.startswith("../") or _is_absolute(normal)


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _distinct(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Each file once, by what links lead to."""
    return tuple({_resolved(path): path for path in paths}.values())


def _common_tail(parts: Sequence[str], wanted: Sequence[str]) -> int:
    count = 0
    for mine, other in zip(reversed(parts), reversed(wanted), strict=False):
        if mine != other:
            break
        count += 1
    return count


def _perl_files(root: Path) -> Iterator[Path]:
    """Perl files below `root` in a fixed order; links to folders are not followed, so there are no loops."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS)
        for name in sorted(names):
            path = Path(folder, name)
            if (path.suffix in PERL_SUFFIXES and _is_file(path)) or (not path.suffix and _is_perl_script(path)):
                yield path


def _is_perl_script(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            first = file.read(128).split(b"\n", 1)[0]
    except (OSError, ValueError):
        return False
    return first.startswith(b"#!") and b"perl" in first
