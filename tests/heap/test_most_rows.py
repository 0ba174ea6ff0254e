"""A dump with more SVs or references than an int32 can number is refused, not read wrongly."""

from __future__ import annotations

import pytest

from pmat_lsp.errors import DumpError
from pmat_lsp.heap import load, survey
from tests.dumps import ROOT

DUMP = ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz"
INT32 = 2**31 - 1


def test_as_many_as_fit_are_allowed() -> None:
    survey.check_rows("x.pmat", INT32 - 3, INT32)


@pytest.mark.parametrize(
    ("svs", "references", "things"),
    [(INT32 - 2, 0, "2,147,483,644 SVs"), (0, INT32 + 1, "2,147,483,647 references")],
)
def test_one_more_is_an_error_that_says_so(svs: int, references: int, things: str) -> None:
    with pytest.raises(DumpError, match=f"x.pmat: too large: it has more than {things}"):
        survey.check_rows("x.pmat", svs, references)


def test_reading_counts_the_references_of_the_survey_and_those_that_are_found_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heap = load.load(DUMP)
    rows = len(heap.out_target)
    monkeypatch.setattr(survey, "MOST_ROWS", rows)
    assert len(load.load(DUMP).out_target) == rows
    # The references to packages are found after the scan: there only the last check can see that they are too many.
    monkeypatch.setattr(survey, "MOST_ROWS", rows - 1)
    with pytest.raises(DumpError, match="too large"):
        load.load(DUMP)
    monkeypatch.setattr(survey, "MOST_ROWS", heap.n + 2)
    with pytest.raises(DumpError, match="SVs"):
        load.load(DUMP)
