"""The answer of `pmat-lsp fix --json`: an interface, documented in docs/json.md. Keys stay; new ones may come."""

from __future__ import annotations

from collections.abc import Iterator

from pmat_lsp.cures.model import Cure
from pmat_lsp.cures.offers import Offer
from pmat_lsp.cures.verified import Difference, Outcome, Verification
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.advice import advice_text
from pmat_lsp.render.fix_text import FixReport, outcome_text, why_none_text
from pmat_lsp.render.json import SCHEMA, Json, dump_json, json_text
from pmat_lsp.source.edits import Edit


def fixes_json(heap: Heap, report: FixReport) -> str:
    """The answer as one JSON object in ASCII, without a line feed at its end."""
    return json_text(
        {
            "schema": SCHEMA,
            "dump": dump_json(heap),
            "verification": _verification(report.verification, report) if report.verification else None,
            "findings": [_finding(offer, report) for offer in report.offers],
            "newer": [str(path.absolute()) for path in report.newer],
            "fixes": [fix for offer in report.offers for fix in _fixes(offer, report)],
        }
    )


def _verification(verification: Verification, report: FixReport) -> Json:
    unchanged = verification.unchanged
    return {
        "command": list(verification.command),
        "timeout": verification.timeout,
        "runs": verification.runs,
        "status": unchanged.status,
        "perls": unchanged.perls,
        "dumps": unchanged.dumps,
        "varying": [_difference(one) for one in unchanged.differences],
        "together": _outcome(verification.together, report) if verification.together else None,
    }


def _finding(offer: Offer, report: FixReport) -> Json:
    finding = offer.marked.finding
    return {
        "id": offer.id,
        "pattern": finding.pattern.code,
        "title": finding.title,
        "count": finding.count,
        **_place(offer),
        "settled": offer.is_settled,
        "why_none": why_none_text(offer, report.reasons) or None,
        "by_hand": advice_text(offer.marked.advice),
    }


def _place(offer: Offer) -> Json:
    mark = offer.marked.mark
    if mark is None:
        return {"file": None, "line": None}
    return {"file": str(mark.path.absolute()), "line": mark.range.start.line}


def _fixes(offer: Offer, report: FixReport) -> Iterator[Json]:
    for cure in offer.cures:
        trial = offer.trial(cure)
        yield {
            "finding": offer.id,
            **_place(offer),
            "title": cure.title,
            "safety": cure.safety.value,
            "reason": cure.reason,
            "verified": offer.verified(cure),
            "trial": _outcome(trial.outcome, report) if trial else None,
            "taken": offer.is_taken and cure == offer.cure,
            "edits": list(_edits(cure)),
        }


def _outcome(outcome: Outcome, report: FixReport) -> Json:
    assert report.verification
    return {
        "told": outcome_text(outcome, report.verification, report.folder),
        "obstacle": outcome.obstacle.name.lower().replace("_", "-") if outcome.obstacle else None,
        "status": list(outcome.status),
        "compared": list(outcome.compared),
        "differences": [_difference(one) for one in outcome.differences],
        "islands": list(outcome.islands),
        "other_islands": list(outcome.others),
    }


def _difference(difference: Difference) -> Json:
    return {
        "stream": difference.stream,
        "before": list(difference.before) if difference.before else None,
        "after": list(difference.after) if difference.after else None,
    }


def _edits(cure: Cure) -> Iterator[Json]:
    for file in cure.files:
        for edit in file.edits:
            yield {"file": str(file.path.absolute()), **_range(edit), "text": edit.text}


def _range(edit: Edit) -> Json:
    start, end = edit.range
    return {"line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column}
