"""What a cure is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pmat_lsp.source.edits import Edit
from pmat_lsp.source.escapes import Escape


@dataclass(frozen=True, slots=True)
class FileEdits:
    """The changes of one file."""

    path: Path
    edits: tuple[Edit, ...]
    """In the order of the text; they do not overlap."""


class Safety(Enum):
    """What the analysis of the source and the heap says of a fix; only a run of the program can say more."""

    SAFE = "safe"
    """Every use of what the fix makes weak was understood, and none of them needs the reference."""
    REVIEW = "review"
    """A person has to look: a use was not understood, or one may need the reference."""


@dataclass(frozen=True, slots=True)
class Cure:
    """A change that takes the references away by which a finding's islands keep themselves alive."""

    title: str
    """What it does, in a clause: `Capture a weakened copy of $self`; names in it come from the source text."""
    reason: str
    """Why it is safe, or what has to be reviewed and where: a sentence."""
    files: tuple[FileEdits, ...]
    safety: Safety
    escapes: tuple[Escape, ...] = ()
    """Where it needs review: what the analysis of text and heap met, as data; () where nothing speaks for it."""

    @property
    def is_safe(self) -> bool:
        """Whether it may be written without a review."""
        return self.safety is Safety.SAFE
