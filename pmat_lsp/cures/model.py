"""What a cure is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.source.edits import Edit


@dataclass(frozen=True, slots=True)
class FileEdits:
    """The changes of one file."""

    path: Path
    edits: tuple[Edit, ...]
    """In the order of the text; they do not overlap."""


@dataclass(frozen=True, slots=True)
class Cure:
    """A change that takes the references away by which a finding's islands keep themselves alive."""

    title: str
    """What it does, in a clause: `Capture a weakened copy of $self`; names in it come from the source text."""
    why: str
    """Why it is safe, or what a person has to check first; a sentence."""
    files: tuple[FileEdits, ...]
    proven: bool
    """True: nothing can be freed too early. False: the heap speaks for it, but a person has to look."""
