"""Several cures made together: the changes of each file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.cures.model import Cure
from pmat_lsp.source.edits import Edit
from pmat_lsp.source.places import Places


@dataclass(frozen=True)
class FileChange:
    """What is changed in one file."""

    path: Path
    text: str
    """As it is now."""
    edits: tuple[Edit, ...]
    """They do not overlap."""


def conflicts(cure: Cure, others: Sequence[Cure]) -> bool:
    """Whether a cure changes, in another way, what one of the others changes."""
    made = {(file.path, edit) for other in others for file in other.files for edit in file.edits}
    return any(
        path == file.path and _overlap(edit, one) for file in cure.files for edit in file.edits for path, one in made
    )


def changes_of(cures: Sequence[Cure], places: Places) -> tuple[FileChange, ...]:
    """The changes of all files; what two cures have in common, such as a `use` line, is made once.

    Raises:
        PmatError: a file cannot be read any more.
    """
    edits: dict[Path, dict[Edit, None]] = {}
    for file in (file for cure in cures for file in cure.files):
        edits.setdefault(file.path, {}).update(dict.fromkeys(file.edits))
    return tuple(
        FileChange(path, places.source(path).text, tuple(sorted(some, key=lambda edit: edit.range)))
        for path, some in edits.items()
    )


def _overlap(one: Edit, other: Edit) -> bool:
    return one != other and one.range.start < other.range.end and other.range.start < one.range.end
