"""Which fix of each finding is offered, and which is made, given what is known of each and what runs have shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path

from pmat_lsp.cures.merge import conflicts
from pmat_lsp.cures.model import Cure, Safety
from pmat_lsp.cures.verified import Outcome, Trial
from pmat_lsp.source.marks import MarkedFinding

_CERTAIN = ("exact", "moved")
"""The status of a place whose sub is the one that ran."""


class WhyNone(Enum):
    """Why a finding has no fix."""

    NO_SOURCE = "its source is not here"
    UNCERTAIN = "which sub of its source it was is not certain"
    NO_PLACE = "no place in the source is known for it"
    NO_CHANGE = "no change is known that frees all of it and keeps what else uses it working"
    CONFLICT = "its fix changes the same text as that of another finding"
    NOT_TOGETHER = "the program does not do the same with its fix and those of other findings together"


@dataclass(frozen=True)
class Offer:
    """What is known to do about one finding."""

    id: str
    """The finding's, as `finding_ids` has it."""
    marked: MarkedFinding
    cures: tuple[Cure, ...]
    """All its fixes, the safe ones first."""
    trials: tuple[Trial, ...]
    """What runs have shown of them."""
    cure: Cure | None = None
    """The best of the fixes; None where there is none."""
    is_taken: bool = False
    """Whether the fix is to be made, as far as was asked for."""
    why_none: WhyNone | None = None
    """Why there is none, or why none goes with those of the other findings."""

    def trial(self, cure: Cure) -> Trial | None:
        """What runs have shown of a fix; None: it was not tried."""
        return next((trial for trial in self.trials if trial.cure == cure), None)

    def verified(self, cure: Cure) -> bool | None:
        """Whether runs have shown that it does what it should; None: they do not tell, or there were none."""
        trial = self.trial(cure)
        return trial.outcome.verified if trial else None

    @property
    def is_refuted(self) -> bool:
        """Whether runs have shown of each fix that it does not do what it should."""
        return bool(self.cures) and all(self.verified(cure) is False for cure in self.cures)

    @property
    def is_settled(self) -> bool:
        """Whether the fix is one that may be made without a person."""
        return self.cure is not None and self.why_none is None and _rank(self, self.cure) <= _SAFE


_SAFE, _REVIEW, _REFUTED = 1, 2, 3


def as_of(
    dump_time: float, marked: MarkedFinding, cures: Sequence[Cure], unsaved: Callable[[Path], bool] = lambda _: False
) -> tuple[Cure, ...]:
    """The fixes of a finding of a dump that was written at `dump_time`, in seconds since the epoch.

    Where a source is newer than the dump, and nothing shows that its text is still that of the code which ran, a fix
    needs review. A text that is `unsaved`, open in an editor and not that on disk, is newer than any dump.
    """
    if marked.place is not None and marked.place.status in _CERTAIN:
        return tuple(cures)
    return tuple(_doubted(cure, newer_files([cure], dump_time, unsaved)) for cure in cures)


def newer_files(
    cures: Sequence[Cure], dump_time: float, unsaved: Callable[[Path], bool] = lambda _: False
) -> tuple[Path, ...]:
    """The files of fixes that were written after the dump, or are `unsaved`."""
    paths = dict.fromkeys(file.path for cure in cures for file in cure.files)
    return tuple(path for path in paths if _written_at(path) > dump_time or unsaved(path))


def choose(
    candidates: Sequence[tuple[MarkedFinding, Sequence[Cure]]],
    ids: Sequence[str],
    trials: Sequence[Trial] = (),
    together: Outcome | None = None,
    review: bool = False,
) -> tuple[Offer, ...]:
    """Choose the best fix of each finding that goes with those before it: verified, then safe, then to be reviewed.

    Args:
        candidates: findings in the order of the report, each with its fixes.
        ids: of the findings.
        trials: what runs have shown, `finding` being an index into `candidates`; () where nothing was run.
        together: what a run with all fixes that need no review has shown; where that is not good, only the first of
            them is made.
        review: whether a fix that needs review is made, too; one that runs have refuted never is.
    """
    taken: list[Cure] = []
    chosen = []
    for number, (name, (marked, cures)) in enumerate(zip(ids, candidates, strict=True)):
        offer = Offer(name, marked, tuple(cures), tuple(trial for trial in trials if trial.finding == number))
        ranked = sorted(cures, key=partial(_rank, offer))
        free = [cure for cure in ranked if not conflicts(cure, taken)]
        settled = bool(free) and _rank(offer, free[0]) <= _SAFE
        alone = settled and bool(taken) and together is not None and together.verified is False
        is_taken = not alone and (settled or (review and bool(free) and _rank(offer, free[0]) <= _REVIEW))
        if is_taken:
            taken.append(free[0])
        why = None if free else WhyNone.CONFLICT if ranked else _why_none(marked)
        if alone:
            why = WhyNone.NOT_TOGETHER
        best = next(iter(free or ranked), None)
        chosen.append(replace(offer, cure=best, is_taken=is_taken, why_none=why))
    return tuple(chosen)


def _rank(offer: Offer, cure: Cure) -> int:
    verified = offer.verified(cure)
    if verified is not None:
        return 0 if verified else _REFUTED
    return _SAFE if cure.is_safe else _REVIEW


def _doubted(cure: Cure, newer: Sequence[Path]) -> Cure:
    if not newer or not cure.is_safe:
        return cure
    why = f"{newer[0].name} was written after the dump, and nothing shows that this place is still the same."
    return replace(cure, safety=Safety.REVIEW, reason=why)


def _why_none(marked: MarkedFinding) -> WhyNone:
    if marked.missing and marked.mark is None:
        return WhyNone.NO_SOURCE
    if any(place.status == "stale" for place in marked.closures):
        return WhyNone.UNCERTAIN
    return WhyNone.NO_PLACE if marked.mark is None else WhyNone.NO_CHANGE


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
