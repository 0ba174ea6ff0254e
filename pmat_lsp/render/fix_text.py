"""What `pmat-lsp fix` says of each finding: where it is, its fix and what is known of that, or what to do by hand."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.text import Text

from pmat_lsp.cures.model import Cure
from pmat_lsp.cures.offers import Offer, WhyNone
from pmat_lsp.cures.verified import Difference, Obstacle, Outcome, Verification
from pmat_lsp.render.advice import advice_text
from pmat_lsp.render.escape import visible
from pmat_lsp.render.paths import shown_path
from pmat_lsp.render.report_parts import wrapped_perl
from pmat_lsp.running.trees import TreeSize
from pmat_lsp.source.marks import MarkedFinding
from pmat_lsp.units import format_bytes, format_count

_WIDTH = 120
_LABEL = 6
"""Columns before what is said."""
_LONGEST_SENTENCE = 2000
_LONGEST_COMMAND = 100
_LEAK = "bold red"
_STYLES = {"safe": "green", "verified": "bold green", "review": "yellow", "wrong": "bold red"}

_WHY_NONE: Mapping[WhyNone, str] = {
    WhyNone.NO_SOURCE: "the source is not here",
    WhyNone.UNCERTAIN: "which sub leaked is not certain",
    WhyNone.NO_PLACE: "the dump does not tell where in the source it is made",
    WhyNone.NO_CHANGE: "no change is known that frees all of it and takes nothing away that is still needed",
    WhyNone.NOT_TOGETHER: (
        "the program does not do the same with its fix and those of other findings together: make those, and run fix "
        "again"
    ),
    WhyNone.CONFLICT: "its fix changes the same lines as that of another finding: make that one, and run fix again",
}
_OBSTACLES: Mapping[Obstacle, str] = {
    Obstacle.TOO_SLOW: "the unchanged command did not end within {timeout}; --timeout gives it longer",
    Obstacle.NO_PERL: (
        "no perl was seen that could write a dump: a perl with taint checks (-T) ignores PERL5OPT, and the command "
        "may have emptied its environment"
    ),
    Obstacle.NO_DUMPER: "the perl of the command has no Devel::MAT::Dumper: install it there",
    Obstacle.NO_DUMP: "no perl wrote a dump: each was ended by exec, POSIX::_exit or a signal",
    Obstacle.STATUS_VARIES: "two runs of the unchanged command ended with different exit statuses",
    Obstacle.DUMPS_VARY: "not as many perls wrote a dump as without the fix",
    Obstacle.NOT_SHOWN: "this command does not show the leak",
    Obstacle.OUTSIDE: "{file} is not in the folder that was copied",
    Obstacle.NOT_LOADED: "this command does not show the leak: no perl of it loaded {file}",
    Obstacle.LOADED_ELSEWHERE: (
        "the command loaded {original}, not its copy: name it relative to this folder, in the command, in -I and in "
        "PERL5LIB"
    ),
}


@dataclass(frozen=True)
class FixReport:
    """What was asked for, and what came of it."""

    offers: Sequence[Offer]
    folder: Path
    """The one that the reader stands in."""
    verification: Verification | None = None
    written: int | None = None
    """Files that were changed; None: none was to be."""
    review: bool = False
    """Whether fixes that need review are shown or made, too."""
    newer: Sequence[Path] = ()
    """The files of fixes that were written after the dump."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """By the id of a finding without a fix: why there is none."""


def fixes_text(report: FixReport) -> Text:
    """Each finding in a paragraph of its own, then what runs have shown of the command, then a summary."""
    if not report.offers:
        return Text("no proven leak: nothing to fix\n")
    text = Text()
    for offer in report.offers:
        text.append_text(_offer_text(offer, report)).append("\n")
    if report.verification is not None:
        for note in verification_notes(report.verification, report.folder):
            text.append_text(_paragraph("note", note))
    return text.append(_summary(report))


def running_text(command: Sequence[str] | None, folder: Path, size: TreeSize) -> str:
    """The warning before a command runs, or before a person is asked which."""
    what = "the command" if command is None else f"`{_shown(command)}`"
    return (
        f"{what} runs at least three times, in copies of {_whole(folder)} "
        f"({format_count(size.files, 'file')}, {format_bytes(size.bytes)}); what it does elsewhere (databases, "
        f"network, other folders) is real"
    )


def newer_text(path: Path, folder: Path) -> str:
    """What is to be known of a source that was written after the dump."""
    return (
        f"{shown_path(path, folder)} was written after the dump; its fix is for the text as it is now, and a new dump "
        "tells whether that still leaks"
    )


def outcome_text(outcome: Outcome, verification: Verification, folder: Path) -> str:
    """What runs have shown of a fix: `verified with …: same output, 20 islands → 0`."""
    if outcome.verified:
        return f"verified with `{_shown(verification.command)}`: {_same(outcome)}, {_gone(outcome)}"
    if outcome.obstacle is not None:
        file, original = ("", "") if outcome.file is None else (shown_path(outcome.file, folder), _whole(outcome.file))
        limit = _duration(verification.timeout)
        why = _OBSTACLES[outcome.obstacle].format(file=file, original=original, timeout=limit)
        if any(outcome.islands):
            why += f" in every run ({outcome.islands[0]:,} and {outcome.islands[1]:,} islands)"
        return f"not verified: {why}"
    return "; ".join(_wrong(outcome, verification))


def verification_notes(verification: Verification, folder: Path) -> Iterator[str]:
    """What is to be known of the runs without a fix, and of that with several, a sentence each."""
    unchanged = verification.unchanged
    if verification.together is not None:
        yield f"all fixes that need no review, together: {outcome_text(verification.together, verification, folder)}"
    if unchanged.status:
        last = f"; its last message: {visible(unchanged.last_message)}" if unchanged.last_message else ""
        yield f"the unchanged command ends with exit status {unchanged.status}{last}"
    if unchanged.differences:
        where = ", ".join(f"{_span(one)} of {one.stream}" for one in unchanged.differences)
        streams = " and ".join(one.stream for one in unchanged.differences)
        yield (
            f"two runs of the unchanged command differ ({where}), so {streams} cannot be compared; where the order of "
            "hashes is why, run it as `env PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 …`"
        )
    missing = unchanged.perls - unchanged.dumps
    if missing and unchanged.dumps:
        yield (
            f"{missing} of {format_count(unchanged.perls, 'perl process', 'perl processes')} wrote no dump: ended by "
            "exec, POSIX::_exit or a signal"
        )
    if unchanged.left_running:
        yield "the command left processes behind, which were ended"
    if unchanged.unread:
        paths = ", ".join(map(_whole, unchanged.unread[:3]))
        yield f"{format_count(len(unchanged.unread), 'file')} could not be read, so not be copied: {paths}"


def place_text(marked: MarkedFinding, folder: Path) -> str:
    """Where a finding is: `lib/Courier/HTTP.pm:79`, or as it was recorded, or why it has no line."""
    if marked.mark is not None:
        return f"{shown_path(marked.mark.path, folder)}:{marked.mark.range.start.line}"
    closures = [closure.location for closure in marked.finding.closures if closure.location.line > 0]
    if closures:
        return f"{visible(str(closures[0]))} (as recorded)"
    return "no line: there is no closure on the cycle, and no place is known that stores it"


def why_none_text(offer: Offer, reasons: Mapping[str, str]) -> str:
    """Why a finding has no fix, with what `FixReport.reasons` has; "" where it has one."""
    if offer.why_none is None:
        return ""
    if offer.why_none is WhyNone.NO_CHANGE and offer.id in reasons:
        return reasons[offer.id]
    notes: Sequence[str] = ()
    if offer.why_none is WhyNone.NO_SOURCE:
        notes = offer.marked.missing
    elif offer.why_none is WhyNone.UNCERTAIN:
        notes = [place.note for place in offer.marked.closures if place.status == "stale"]
    return _WHY_NONE[offer.why_none] + (f": {'; '.join(dict.fromkeys(notes))}" if notes else "")


def _offer_text(offer: Offer, report: FixReport) -> Text:
    marked = offer.marked
    finding = marked.finding
    cure = offer.cure if offer.why_none is None else None
    head = f"{place_text(marked, report.folder)}{f'   {_title(cure)}' if cure else ''}"
    text = Text.assemble((f"{'fix' if cure else 'none':<{_LABEL}}", "bold"), head)
    none = visible(why_none_text(offer, report.reasons), _LONGEST_SENTENCE)
    lines = _known(offer, cure, report) if cure else [(f"no fix: {none}", "")]
    first, style = lines[0]
    if len(text) + len(first) + 3 <= _WIDTH:
        text.append("   ").append_text(_paragraph("", first, style)[_LABEL:])
    else:
        text.append("\n").append_text(_paragraph("", first, style))
    text.append(" " * _LABEL).append(f"leak[{finding.pattern.code}]", _LEAK).append(f": {visible(finding.title)}\n")
    for told, style in lines[1:]:
        text.append_text(_paragraph("", told, style))
    if not offer.is_settled:
        text.append_text(_paragraph("", f"by hand: {advice_text(marked.advice)}"))
    return text


def _known(offer: Offer, cure: Cure, report: FixReport) -> list[tuple[str, str]]:
    """(sentence, style): what is known of a fix; what runs have shown of the others, too."""
    lines = []
    # What runs have refuted is not called safe.
    if offer.verified(cure) is not False:
        lines.append((f"{cure.safety.value}: {visible(cure.reason, _LONGEST_SENTENCE)}", _STYLES[cure.safety.value]))
    for trial in offer.trials if report.verification else ():
        assert report.verification
        outcome = trial.outcome
        told = outcome_text(outcome, report.verification, report.folder)
        other = "" if trial.cure == cure else f" (of another fix: {_title(trial.cure)})"
        style = "verified" if outcome.verified else "review" if outcome.obstacle else "wrong"
        lines.append((told + other, _STYLES[style]))
    return lines


def _title(cure: Cure) -> str:
    title = visible(cure.title, _LONGEST_SENTENCE)
    return title[:1].lower() + title[1:]


def _same(outcome: Outcome) -> str:
    if len(outcome.compared) == 2:
        return "same output"
    return f"same {outcome.compared[0]}" if outcome.compared else "same exit status"


def _gone(outcome: Outcome) -> str:
    before, after = outcome.islands
    return f"{format_count(before, 'island')} → {after:,}"


def _wrong(outcome: Outcome, verification: Verification) -> Iterator[str]:
    """What is wrong with a fix that was run."""
    before, after = outcome.status
    if after is None:
        yield f"changes what the program does: it does not end within {_duration(verification.timeout)}"
    elif before != after:
        yield f"changes the exit status: {before} → {after}"
    if outcome.differences:
        yield f"changes the output: {', '.join(map(_told_difference, outcome.differences))}"
    if not outcome.changes and outcome.islands[1]:
        yield f"islands are still there: {outcome.islands[0]:,} → {outcome.islands[1]:,}"
    if not outcome.changes and outcome.others[1] > outcome.others[0]:
        yield f"islands of other leaks have come: {outcome.others[0]:,} → {outcome.others[1]:,}"


def _told_difference(difference: Difference) -> str:
    where = f"{_span(difference)} of {difference.stream}"
    verb = "is" if "lines" not in where else "are"
    if difference.before is None:
        return f"{where} {verb} new"
    return where if difference.after else f"{where} {verb} missing"


def _span(difference: Difference) -> str:
    """`line 3`, `lines 3–5`: of the text without the fix, or where it has none there, of the other."""
    first, last = difference.before or difference.after or (0, 0)
    return f"line {first:,}" if first == last else f"lines {first:,}–{last:,}"


def _summary(report: FixReport) -> str:
    offers = report.offers
    if report.written is not None:
        return f"{format_count(report.written, 'file')} changed; run the program again, and look at a new dump\n"
    have_one = [offer for offer in offers if offer.why_none is None]
    settled = sum(offer.is_settled for offer in have_one)
    refuted = sum(offer.is_refuted for offer in have_one)
    to_review = len(have_one) - settled - refuted
    none = len(offers) - len(have_one)
    hints = [] if report.review else ["--review shows its changes"]
    hints += [] if report.verification else ["--verify -- COMMAND tries it on the program"]
    hint = f" ({', '.join(hints)})" if hints else ""
    parts = [
        f"{settled} with a fix that is safe or verified" if settled else "",
        f"{to_review} with one that needs review{hint}" if to_review else "",
        f"{refuted} with one that does not do" if refuted else "",
        f"{none} without a fix" if none else "",
    ]
    return f"{format_count(len(offers), 'finding')}: {', '.join(filter(None, parts))}\n"


def _paragraph(label: str, told: str, style: str = "") -> Text:
    """Indented lines; the word before the first colon in a style."""
    head, colon, rest = told.partition(":")
    lines = wrapped_perl(head + colon + rest, _WIDTH - _LABEL)
    text = Text(f"{label:<{_LABEL}}" + f"\n{' ' * _LABEL}".join(lines) + "\n")
    if style:
        text.stylize(style, _LABEL, _LABEL + len(head) + len(colon))
    return text


def _whole(path: Path) -> str:
    return visible(str(path), _LONGEST_SENTENCE)


def _shown(command: Sequence[str]) -> str:
    return visible(shlex.join(command), _LONGEST_COMMAND)


def _duration(seconds: float) -> str:
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit and not seconds % unit:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"
