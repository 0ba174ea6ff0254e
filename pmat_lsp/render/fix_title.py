"""The title of a fix where there is one line for it, as in an editor's list of quick fixes."""

from __future__ import annotations

import re
import textwrap

from pmat_lsp.cures.model import Cure
from pmat_lsp.render.escape import visible

_LONGEST_REASON = 80
"""Characters."""
_LONGEST = 2000
_CLAUSE_END = re.compile(r"[.:;](?=\s|$)|, so\b")


def fix_title(cure: Cure) -> str:
    """What a fix does; behind that, if it needs review, the beginning of the reason: `… (review: …)`."""
    title = visible(cure.title, _LONGEST)
    return title if cure.is_safe else f"{title} (review: {_short(visible(cure.reason, _LONGEST))})"


def _short(reason: str) -> str:
    """The first clause of a reason, cut between words where that is long."""
    end = _CLAUSE_END.search(reason)
    clause = reason[: end.start()] if end else reason
    return textwrap.shorten(clause, _LONGEST_REASON, placeholder=" …")
