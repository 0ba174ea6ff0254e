"""The sentences of diagnostics and of the log, in plain text."""

from __future__ import annotations

from pathlib import Path

from pmat_lsp.analysis.result import SELF_HELD, Closure, Finding, LeakReport
from pmat_lsp.render.escape import visible
from pmat_lsp.render.report_parts import finding_label
from pmat_lsp.render.ways_in import way_text
from pmat_lsp.source.marks import MarkedFinding, chain_text
from pmat_lsp.units import format_bytes, format_count

_STALE = "The source has changed since the dump: the place is a guess."
_STILL_REACHED = "Live code can still reach them through a weak reference, so this may be meant."
_LONGEST = 1000
MOST_LINES = 100
"""So many findings of a kind are told in the log, one by one."""


def leak_message(marked: MarkedFinding) -> str:
    """What leaked, why and what it keeps alive; below it the chain, for clients that show no related information."""
    finding = marked.finding
    closure = marked_closure(marked)
    if finding.verdict == SELF_HELD:
        lines = [f"{_sentence(finding.title)} {_STILL_REACHED} {_keeps(finding)}", chain_text(finding)]
        lines += [f"Reached by {way_text(way)}" for way in finding.ways_in]
    else:
        first = _closure_sentence(marked, closure) if closure else _sentence(finding.title)
        lines = [f"{first} {_keeps(finding)}", chain_text(finding)]
    if marked.place is not None and marked.place.status == "stale":
        lines.append(_STALE)
    lines += marked.missing
    return "\n".join(visible(line, _LONGEST) for line in lines)


def capture_message(marked: MarkedFinding, note: str) -> str:
    """For the place where a closure on the cycle uses a captured lexical."""
    return visible(f"{note}: it is on the way back to the {_leaked(marked.finding)}{_subject(marked)}", _LONGEST)


def closure_message(marked: MarkedFinding, closure: Closure) -> str:
    """For a closure of the cycle that is not the one to mark."""
    part = "cycle" if marked.finding.verdict == SELF_HELD else "leak"
    counts = f"{closure.live:,} live, {closure.leaked:,} leaked"
    return visible(f"This {_kind(closure)} is part of the {part} of the {_subject(marked)} ({counts})", _LONGEST)


def marked_closure(marked: MarkedFinding) -> Closure | None:
    """The closure that is marked, None for a cycle without one."""
    pairs = zip(marked.finding.closures, marked.closures, strict=True)
    return next((closure for closure, place in pairs if place is marked.place), None)


def loaded_message(path: Path, report: LeakReport) -> str:
    """What a dump that was loaded holds, so that silence is never an answer."""
    checked = f"checked {format_count(report.svs, 'SV')} from {format_count(report.roots, 'root')}"
    lost = f"; {format_count(report.unexplained, 'more SV')} lost, perhaps held by C code" if report.unexplained else ""
    if report.self_held:
        islands = report.sum_self_held.islands
        lost = f"; {format_count(islands, 'island')} only held by {'itself' if islands == 1 else 'themselves'}{lost}"
    if not report.findings:
        return visible(f"{path.name}: no proven leak ({checked}{lost})", _LONGEST)
    leaked = report.sum_leaked
    found = format_count(leaked.findings, "proven leak")
    total = f"{format_count(leaked.islands, 'island')}, {format_bytes(leaked.bytes)}"
    return visible(f"{path.name}: {found} ({total}; {checked}{lost})", _LONGEST)


def unplaced_messages(marked: tuple[MarkedFinding, ...]) -> list[str]:
    """One line for each finding that has no mark, or of which a file was not found, with the reasons."""
    lines = []
    for one in [one for one in marked if one.mark is None or one.missing]:
        where = "no place in the source" if one.mark is None else "not all of its places were found"
        reasons = "".join(f"; {reason}" for reason in one.missing)
        lines.append(f"{finding_label(one.finding)}: {one.finding.title}: {where}{reasons}")
    return _some(list(dict.fromkeys(lines)), "findings of which not all can be shown")


def _some(lines: list[str], things: str) -> list[str]:
    """The first lines, safe to show, and one that counts the rest."""
    rest = len(lines) - MOST_LINES
    told = [visible(line, _LONGEST) for line in lines[:MOST_LINES]]
    return [*told, f"and {rest:,} more {things}"] if rest > 0 else told


def unplaced_warning(marked: tuple[MarkedFinding, ...]) -> str | None:
    """For the user, where a finding has no mark because its files are not found: what to do about it.

    The same for every dump of the program.
    """
    reason = next((one.missing[0] for one in marked if one.mark is None and one.missing), None)
    if reason is None:
        return None
    hint = "The settings pmat.sourceRoots and pmat.pathMap say where sources are; the log tells of every leak."
    return visible(f"A leak cannot be shown in its source: {reason}. {hint}", _LONGEST)


def ignored_messages(marked: tuple[MarkedFinding, ...]) -> list[str]:
    """One line for each finding that a comment in the source ignores, with its reason."""
    lines = [
        f"{finding_label(one.finding)}: {one.finding.title}: ignored: {one.ignored}"
        for one in marked
        if one.ignored is not None
    ]
    return _some(lines, "findings that are ignored")


def _closure_sentence(marked: MarkedFinding, closure: Closure) -> str:
    counts = f"Leaked {_kind(closure)} ({closure.live:,} live, {closure.leaked:,} leaked)"
    path = marked.access_path
    return f"{counts}: {path} leads back to this sub." if path else f"{counts}."


def _leaked(finding: Finding) -> str:
    return "" if finding.verdict == SELF_HELD else "leaked "


def _kind(closure: Closure) -> str:
    return "sub" if closure.name else "closure"


def _subject(marked: MarkedFinding) -> str:
    closure = marked_closure(marked)
    if closure is None:
        return "objects"
    if marked.place is None or marked.place.path is None or marked.place.keyword is None:
        return f"{_kind(closure)} at {closure.location}"
    return f"{_kind(closure)} at {marked.place.path.name}:{marked.place.keyword.start.line}"


def _keeps(finding: Finding) -> str:
    size = format_bytes(finding.bytes_total)
    if not finding.handles:
        return f"Keeps {size} alive."
    return f"Keeps {format_count(len(finding.handles), 'file handle')} and {size} alive."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
