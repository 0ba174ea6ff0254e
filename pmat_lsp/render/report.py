"""The report of `pmat-lsp leaks`: each finding as a good compiler would tell it, and what was checked."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from pmat_lsp.analysis.result import FieldHashLoop, Finding, LeakReport, Location
from pmat_lsp.analysis.unexplained import Suspect
from pmat_lsp.errors import PmatError
from pmat_lsp.render.advice import advice_text
from pmat_lsp.render.chain import ChainLine, chain_lines
from pmat_lsp.render.escape import visible
from pmat_lsp.render.excerpt import GUTTER, Mark, excerpt, number_width
from pmat_lsp.render.paths import shown_path
from pmat_lsp.render.report_parts import ReportSource, finding_label, holds_text, wrapped_perl
from pmat_lsp.render.self_held import self_held_text
from pmat_lsp.render.unexplained import suspects_text
from pmat_lsp.source.marks import MarkedFinding, Note
from pmat_lsp.units import format_bytes, format_count

_LEAK = "bold red"
_PRIMARY = "bold red"
_SECONDARY = "bold yellow"
_TITLE = "bold"
_LABEL = "bold"
_FAINT = "dim"
_WRAP_AT = 108
_LABEL_WIDTH = 7
_LONGEST_SENTENCE = 2000
_GROWS = """\
What grows while something still holds it is no leak of this kind: ask `largest --retained` what keeps the most alive,
and `compare` with an earlier dump what has grown.
"""


def leaks_text(
    report: LeakReport,
    marked: Sequence[MarkedFinding],
    self_held: Sequence[MarkedFinding],
    source: ReportSource,
    suspects: Sequence[Suspect] = (),
) -> Text:
    """The whole report: what leaked, what only holds itself, the summary, then what a comment ignores in one line."""
    text = Text()
    shown = [finding for finding in marked if finding.ignored is None]
    ignored = [finding for finding in marked if finding.ignored is not None]
    for finding in shown:
        text.append_text(finding_text(finding, source)).append("\n")
    if report.more.findings:
        text.append(f"and {format_count(report.more.findings, 'more leak')}, none of them heavier than these\n\n")
    held = [finding for finding in self_held if finding.ignored is None]
    ignored += [finding for finding in self_held if finding.ignored is not None]
    text.append_text(self_held_text(held, source, report.more_self_held.findings))
    left = replace(report, findings=_findings(shown), self_held=_findings(held))
    text.append_text(summary_text(left, none="no other proven leak" if ignored else "no proven leak")).append("\n")
    text.append_text(suspects_text(suspects))
    for loop in report.field_hash_loops:
        text.append("\n".join(textwrap.wrap(_field_hash(loop), _WRAP_AT)) + "\n")
    if not marked and not self_held and not suspects:
        text.append(_GROWS)
    return text.append(_ignored(ignored, source)) if ignored else text


def _findings(marked: Sequence[MarkedFinding]) -> tuple[Finding, ...]:
    return tuple(one.finding for one in marked)


def finding_text(marked: MarkedFinding, source: ReportSource) -> Text:
    """One finding: what, where, why, and what to do."""
    finding = marked.finding
    text = Text.assemble((finding_label(finding), _LEAK), (f": {visible(finding.title)}\n", _TITLE))
    marks = _marks(marked)
    width = number_width(marks)
    text.append_text(_where(marked, source, marks, width))
    for label, lines in _facts(marked, source):
        text.append_text(_fact(label, lines, width))
    return text


def summary_text(report: LeakReport, none: str = "no proven leak") -> Text:
    """What was found and checked, in one line; `none` is said where nothing was found."""
    more = "more " if report.proven else ""
    checked = f"Checked {format_count(report.svs, 'SV')} from {format_count(report.roots, 'root')}"
    may_be_held = "is" if report.unexplained == 1 else "are"
    lost = f"; {format_count(report.unexplained, f'{more}SV')} {may_be_held} lost but may be held by C code"
    held = f"; {_self_held(report)}" if report.self_held else ""
    rest = f". {checked}{held}{lost} (--unexplained)." if report.unexplained else f". {checked}{held}."
    if not report.sum_leaked.findings:
        return Text.assemble((none, "bold green"), rest)
    leaked = report.sum_leaked
    found = format_count(leaked.findings, "proven leak")
    total = f"{format_count(leaked.islands, 'island')}, {format_bytes(leaked.bytes)}"
    return Text.assemble((found, _LEAK), f" ({total}){rest}")


def _self_held(report: LeakReport) -> str:
    held = report.sum_self_held
    verb = "holds itself" if held.islands == 1 else "hold themselves"
    return f"{format_count(held.islands, 'island')} ({format_bytes(held.bytes)}) {verb}"


def _field_hash(loop: FieldHashLoop) -> str:
    entries, verb = format_count(loop.entries, "entry", "entries"), "leads" if loop.entries == 1 else "lead"
    name = f" {visible(loop.name)}" if loop.name else ""
    objects = format_count(loop.objects, f"{visible(loop.package)} object") if loop.package else "other SVs"
    return (
        f"note: {entries} of the field hash{name} {verb} back to {'its' if loop.entries == 1 else 'their'} own key, "
        f"which keeps {objects} alive: perl drops an entry when its key is freed, and here that never happens"
    )


def _ignored(marked: Sequence[MarkedFinding], source: ReportSource) -> str:
    places = (
        f"{shown_path(one.mark.path, source.folder)}:{one.mark.range.start.line} ({visible(one.ignored)})"
        for one in marked
        if one.mark is not None and one.ignored is not None
    )
    return f"{format_count(len(marked), 'finding')} ignored by a comment: {', '.join(places)}\n"


def _where(marked: MarkedFinding, source: ReportSource, marks: Sequence[Mark], width: int) -> Text:
    """The arrow with the place, and the excerpt under it."""
    arrow = (f"{' ' * width}--> ", GUTTER)
    mark = marked.mark
    if mark is None:
        closures = marked.finding.closures
        recorded = closures[0].location if closures else None
        where = (
            f"{_shown_location(recorded)}, as recorded" if recorded else "no closure is on the cycle, so it has no line"
        )
        return Text.assemble(arrow, f"{where}\n", (f"{' ' * width} |\n", GUTTER))
    start = mark.range.start
    text = Text.assemble(arrow, f"{shown_path(mark.path, source.folder)}:{start.line}:{start.column + 1}\n")
    try:
        lines = source.places.source(mark.path).text.split("\n")
    except PmatError:
        return text
    edge = (f"{' ' * width} |\n", GUTTER)
    return text.append(*edge).append_text(excerpt(lines, marks, width)).append(*edge)


def _marks(marked: MarkedFinding) -> list[Mark]:
    """The closure, and the captured variable by which it leads back to itself."""
    mark = marked.mark
    if mark is None:
        return []
    captured = _captured(marked, mark)
    ending = " …" if captured else ""
    marks = [Mark(mark.range, _told(marked, mark) + ending, _PRIMARY)]
    if captured:
        marks.append(Mark(captured.range, f"… and captures {captured.name}, which leads back to it", _SECONDARY))
    return marks


def _captured(marked: MarkedFinding, mark: Note) -> Note | None:
    """The use of the captured variable inside the closure that is marked."""
    sub = marked.place.sub if marked.place else None
    if sub is None:
        return None
    inside = (note for note in marked.notes if note.kind == "captured" and note.path == mark.path)
    return next((note for note in inside if note.range.start in sub.body), None)


def _told(marked: MarkedFinding, mark: Note) -> str:
    if mark.kind != "closure" or marked.place is None:
        return mark.text
    if marked.place.sub is None:
        return "the closure is somewhere here"
    sub = "this sub" if marked.place.sub.name else "this closure"
    held = _held_as(marked)
    return f"{sub} is {held}" if held else f"{sub} can never be freed"


def _held_as(marked: MarkedFinding) -> str:
    """How the closure that is marked is held: the hop that leads to it."""
    codes = {
        closure.sv
        for closure, place in zip(marked.finding.closures, marked.closures, strict=True)
        if place is marked.place
    }
    for hop in marked.finding.cycle:
        if hop.target in codes:
            if hop.kind in ("key", "index", "field"):
                return f"stored as {hop.label.removeprefix('->')}"
            if hop.kind in ("capture", "lexical"):
                return f"held by {hop.name}"
    return ""


def _facts(marked: MarkedFinding, source: ReportSource) -> list[tuple[str, list[str]]]:
    finding = marked.finding
    facts = [
        ("chain", _chain(chain_lines(marked, source.folder))),
        ("holds", [holds_text(finding)]),
        ("proof", [_proof(finding)]),
        ("help", wrapped_perl(advice_text(marked.advice), _WRAP_AT)),
    ]
    return facts + [("note", textwrap.wrap(note, _WRAP_AT)) for note in [*_in_use(finding), *_notes(marked)]]


def _fact(label: str, lines: Sequence[str], width: int) -> Text:
    text = Text.assemble((f"{' ' * width} = ", GUTTER), (f"{label:<{_LABEL_WIDTH}}", _LABEL))
    indent = "\n" + " " * (width + 3 + _LABEL_WIDTH)
    return text.append(" " + (indent + " ").join(lines) + "\n")


def _chain(lines: Sequence[ChainLine]) -> list[str]:
    """The labels, what they lead to, and the place of each, in three aligned columns."""
    first, *steps = lines
    label_width = max((len(step.label) for step in steps), default=0)
    target_width = max((len(step.target) for step in steps if step.place), default=0)
    told = [f"  {step.label:<{label_width}}   {step.target:<{target_width}}   {step.place}".rstrip() for step in steps]
    return [first.target, *told]


def _in_use(finding: Finding) -> list[str]:
    if not finding.in_use:
        return []
    return ["live code can still reach a part of what they alone keep alive: a fix that frees it needs a review"]


def _proof(finding: Finding) -> str:
    svs = format_count(finding.svs_total, "SV")
    if finding.count == 1:
        return f"every reference to this island ({svs}) comes from inside it"
    return f"every reference to these {finding.count:,} islands ({svs}) comes from inside them"


def _notes(marked: MarkedFinding) -> list[str]:
    """What a person should know about the places: a file that is not here, a source that has changed."""
    pairs = zip(marked.finding.closures, marked.closures, strict=True)
    told = (
        f"{_shown_location(code.location)}: {visible(place.note, _LONGEST_SENTENCE)}"
        for code, place in pairs
        if place.note
    )
    return list(dict.fromkeys(told))


def _shown_location(location: Location) -> str:
    return visible(str(location))
