"""The sentence about counts that no reference in the dump owns."""

from __future__ import annotations

from collections.abc import Sequence

from pmat_lsp.render.escape import visible


def unseen_sentence(missing: int, holders: Sequence[str], of: str = "it") -> str:
    """`one count on it is not in the dump; probably held by HTML::Parser (XS)`; `of` says what the count is on."""
    counts, verb = ("one count", "is") if missing == 1 else (f"{missing:,} counts", "are")
    return f"{counts} on {of} {verb} not in the dump; {_holder(holders)}"


def _holder(holders: Sequence[str]) -> str:
    if not holders:
        return "C code holds it or has miscounted"
    first, *others = (visible(holder) for holder in holders)
    return f"probably held by {first} (XS)" + (f", or {' or '.join(others)}" if others else "")
