"""What both parts of the report, what leaked and what only holds itself, have in common."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.analysis.result import SELF_HELD, Finding
from pmat_lsp.source.places import Places
from pmat_lsp.units import format_bytes, format_count

_PERL = re.compile(r"`[^`]*`")
_TIE = "\0"
"""Stands for a space at which no line ends; nothing that was made visible has it."""
_FEW = 5
"""File numbers that are listed in full."""


@dataclass(frozen=True)
class ReportSource:
    """Where the report gets source texts, and the folder that the reader stands in."""

    places: Places
    folder: Path


def wrapped_perl(text: str, width: int) -> list[str]:
    """As lines; no line ends inside Perl, which stands between backticks."""
    tied = _PERL.sub(lambda match: match[0].replace(" ", _TIE), text)
    wrapped = textwrap.wrap(tied, width, break_on_hyphens=False, break_long_words=False)
    return [line.replace(_TIE, " ") for line in wrapped]


def finding_label(finding: Finding) -> str:
    """`leak[self-callback]`, `note[self-held]`."""
    return f"{'note' if finding.verdict == SELF_HELD else 'leak'}[{finding.code}]"


def holds_text(finding: Finding) -> str:
    """`59 file handles (7, 9, 11 … 63), 412 KiB (7.0 KiB each)`: what cannot be freed with it."""
    handles = len(finding.handles)
    told = [f"{format_count(handles, 'file handle')} ({abbreviated(finding.handles)})"] if handles else []
    each = f" ({format_bytes(finding.retained_bytes_each)} each)" if finding.count > 1 else ""
    told.append(format_bytes(finding.bytes_total) + each)
    if finding.large_strings:
        told.append(f"{format_bytes(finding.large_strings)} of it in large strings")
    return ", ".join(told)


def abbreviated(numbers: Sequence[int]) -> str:
    """`7, 9, 11 … 63`."""
    if len(numbers) <= _FEW:
        return ", ".join(map(str, numbers))
    return f"{', '.join(map(str, numbers[:3]))} … {numbers[-1]}"
