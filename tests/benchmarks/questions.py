"""What is asked: of the reference tool in its words, of ours in our words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One row of the table."""

    name: str
    reference: tuple[str, ...]
    """Arguments of `pmat -q DUMP`; ADDR stands for an address."""
    ours: tuple[str, ...]
    """Arguments of `pmat-lsp`; DUMP stands for the file."""
    cold: bool = False
    """Whether ours runs without an index from before; the reference has none ever."""


SUMMARY = ("summary",)
OPEN, REOPEN = "open to summary", "reopen to summary"
FIRST_LEAKS = "open to leaks (the reference: to summary)"
QUESTIONS = (
    Question(OPEN, SUMMARY, ("summary", "DUMP"), cold=True),
    Question(FIRST_LEAKS, SUMMARY, ("leaks", "DUMP"), cold=True),
    Question("open to largest (the reference: to summary)", SUMMARY, ("largest", "DUMP"), cold=True),
    Question(REOPEN, SUMMARY, ("summary", "DUMP")),
    Question("reopen to leaks (the reference: to summary)", SUMMARY, ("leaks", "DUMP")),
    Question("identify one SV", ("identify", "ADDR"), ("identify", "DUMP", "ADDR")),
    Question("inrefs of one SV", ("inrefs", "ADDR"), ("inrefs", "DUMP", "ADDR")),
    Question("show one SV", ("show", "ADDR"), ("show", "DUMP", "ADDR")),
    Question("size of one SV", ("size", "ADDR"), ("size", "DUMP", "ADDR")),
    Question("largest", ("largest",), ("largest", "DUMP")),
    Question(
        "largest by retained size (the reference: owned)", ("largest", "--owned"), ("largest", "DUMP", "--retained")
    ),
)
