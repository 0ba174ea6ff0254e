"""Copies of folders: plain files, links kept as links, nothing shared with the original."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Cancelled, Progress, no_progress
from pmat_lsp.units import format_bytes


@dataclass(frozen=True)
class TreeSize:
    """What is in a folder."""

    files: int
    """Plain files and links."""
    bytes: int
    """Of the plain files."""


def measure_tree(folder: Path) -> TreeSize:
    """Count what `copy_tree` copies."""
    sizes = [_size(path) for _, paths in _walk(folder) for path in paths]
    return TreeSize(len(sizes), sum(sizes))


def copy_tree(
    folder: Path, target: Path, cancelled: Callable[[], bool], progress: Progress = no_progress
) -> tuple[Path, ...]:
    """Copy a folder with everything in it: modes and times are kept, a link stays a link to where it leads.

    Sockets, pipes and devices are left out, and so is the folder that `target` is made in.

    Args:
        folder: what is copied.
        target: the copy; must not exist, in a folder that does.
        cancelled: asked at each file whether to give up.
        progress: told how many bytes are copied.

    Returns:
        The files and folders that could not be read, so are not in the copy.

    Raises:
        PmatError: there is no room for it, or it cannot be written.
        Cancelled: `cancelled` said so.
    """
    total = measure_tree(folder).bytes
    free = shutil.disk_usage(target.parent).free
    if total > free:
        raise PmatError(
            f"{folder}: a copy takes {format_bytes(total)}, and {format_bytes(free)} are free in {target.parent}",
            "Make room, or name a folder on a larger disk in TMPDIR.",
        )
    unread: list[Path] = []
    made: list[tuple[Path, Path]] = []
    done = 0
    for source, paths in _walk(folder, target.parent, unread):
        copy = target / source.relative_to(folder)
        copy.mkdir()
        made.append((source, copy))
        for path in paths:
            if cancelled():
                raise Cancelled
            try:
                shutil.copy2(path, copy / path.name, follow_symlinks=False)
            except PermissionError:
                unread.append(path)
            except FileNotFoundError:
                continue  # it has just been removed
            except OSError as error:
                raise PmatError(f"{path}: cannot be copied: {error.strerror or error}") from error
            done += _size(path)
            progress("copying", min(done, total), max(total, 1))
    # The innermost first, and at the end: it may be a folder in which nothing can be made.
    for source, copy in reversed(made):
        shutil.copystat(source, copy)
    return tuple(unread)


def remove_tree(folder: Path) -> None:
    """Remove a folder with everything in it, also where a folder in it is not writable; links are not followed."""
    for path, folders, _ in os.walk(folder):
        for inner in (path, *(os.path.join(path, name) for name in folders)):
            if not os.path.islink(inner):
                with suppress(OSError):
                    os.chmod(inner, stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


def _walk(
    folder: Path, skipped: Path | None = None, unread: list[Path] | None = None
) -> Iterator[tuple[Path, list[Path]]]:
    """Each folder with its plain files and links, links to folders among them; outer folders before inner ones."""

    def cannot(error: OSError) -> None:
        if unread is not None and error.filename is not None:
            unread.append(Path(error.filename))

    for path, folders, names in os.walk(folder, onerror=cannot):
        here = Path(path)
        links = [name for name in folders if os.path.islink(here / name)]
        folders[:] = [name for name in folders if name not in links and here / name != skipped]
        yield here, [here / name for name in (*links, *names) if _is_copied(here / name)]


def _is_copied(path: Path) -> bool:
    with suppress(OSError):
        mode = path.lstat().st_mode
        return stat.S_ISREG(mode) or stat.S_ISLNK(mode)
    return False


def _size(path: Path) -> int:
    with suppress(OSError):
        status = path.lstat()
        return status.st_size if stat.S_ISREG(status.st_mode) else 0
    return 0
