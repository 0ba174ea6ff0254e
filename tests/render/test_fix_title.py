"""A fix in the one line that an editor has for it."""

from __future__ import annotations

import pytest

from pmat_lsp.cures.model import Cure, Safety
from pmat_lsp.render.fix_title import fix_title

LONG = " ".join(["word"] * 40)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("See that it is held.", "See that it is held"),
        ("`take` at lib/O.pm:4 returns it, so a caller can use it later.", "`take` at lib/O.pm:4 returns it"),
        ("Something holds My::Thing (3 objects): see that this is so. More.", "Something holds My::Thing (3 objects)"),
        (f"{LONG}.", f"{' '.join(['word'] * 15)} …"),
        ("a\x1b[31m key.", "a\\x{1b}[31m key"),
    ],
)
def test_what_needs_review_has_the_first_clause_of_the_reason(reason: str, shown: str) -> None:
    assert fix_title(Cure("Do it", reason, (), Safety.REVIEW)) == f"Do it (review: {shown})"


def test_what_is_safe_has_its_title_alone() -> None:
    assert fix_title(Cure("Do it", "Every use was followed.", (), Safety.SAFE)) == "Do it"
