"""What the heap says of a sub or of a lexical, as a document for a hover."""

from __future__ import annotations

from dataclasses import dataclass

from pmat_lsp.analysis.classes import ClassFacts
from pmat_lsp.analysis.closures import CodeFacts, LexicalFacts, ValueCount
from pmat_lsp.analysis.reached import WayToRoot
from pmat_lsp.analysis.result import SELF_HELD, Finding, Hop, Location, chain_steps
from pmat_lsp.render.document import advice_paragraph
from pmat_lsp.render.markdown import Block, Code, Document, Paragraph, Plain, Span, Strong, StrongCode, Table, paragraph
from pmat_lsp.render.ways_in import way_text
from pmat_lsp.source.marks import MarkedFinding
from pmat_lsp.units import format_bytes, format_count

_MOST_CLASSES = 8
_MOST_HOLDERS = 5
_MOST_NUMBERS = 10
_SAYS_NOTHING = frozenset({"undef", "ARRAY(0)", "HASH(0)"})


@dataclass(frozen=True, slots=True)
class Capturer:
    """A sub that captured a lexical."""

    facts: CodeFacts
    lexical: LexicalFacts
    findings: tuple[Finding, ...]
    """All of the dump."""
    line: int
    """1-based line of its `sub` in the source."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What keeps the clones of a sub alive, and what they keep alive."""

    retained: int
    """Bytes of all clones together."""
    way: WayToRoot | None
    """To one that is not lost; None where all are."""


@dataclass(frozen=True, slots=True)
class GlobalFacts:
    """A variable of a package."""

    symbol: str
    """With its sigil and package: `%Net::Client::pool`."""
    summary: str
    refcount: int
    retained: int
    """Bytes that it alone keeps alive."""
    handles: tuple[int, ...]
    """File numbers; () where it holds no open handle."""


def sub_document(
    facts: CodeFacts,
    marked: tuple[MarkedFinding, ...],
    inside: str | None = None,
    note: str = "",
    upkeep: Upkeep | None = None,
) -> Document:
    """A sub: its clones, what they capture, who holds them, and what leaked.

    `inside` is the name of the sub around it, `note` what a person should know about its place.
    """
    blocks: list[Block] = [Paragraph((*_sub_title(facts, inside), *_counts(facts)))]
    captured = [lexical for lexical in facts.lexicals if lexical.captured]
    if captured:
        blocks.append(Table(("captures", "", ""), tuple(_capture_row(lexical) for lexical in captured)))
    if facts.holders and (facts.leaked or _is_anonymous(facts)):
        blocks.append(Paragraph(_held_by(facts)))
    if upkeep is not None and facts.live:
        at = f"; {'at' if facts.live == 1 else 'one is at'} {facts.address:#x}"
        blocks.append(Paragraph((*_upkeep(facts, upkeep), Plain(at))))
    for one in [one for one in marked if is_on_cycle(one.finding, facts)]:
        finding = one.finding
        if finding.verdict == SELF_HELD:
            blocks.append(paragraph(Strong(finding.code), f": {finding.title}"))
            blocks += [paragraph("live code can reach them: ", Code(way_text(way))) for way in finding.ways_in]
        else:
            blocks.append(paragraph(Strong(finding.code), f": {finding.pattern.title}"))
            blocks.append(advice_paragraph(one.advice))
    if note:
        blocks.append(paragraph(f"Note: {note}"))
    return tuple(blocks)


def capture_document(
    name: str, capturers: tuple[Capturer, ...], declared: Span | str, also: tuple[Span, ...] = ()
) -> Document | None:
    """A lexical that subs of the heap captured.

    `declared` is the place of its declaration, or ""; `also` are the places of more subs that captured it. None where
    no clone of any of the `capturers` is alive.
    """
    alive = [capturer for capturer in capturers if capturer.lexical.clones]
    if not alive:
        return None
    blocks: list[Block] = [Paragraph((StrongCode(f"{alive[0].lexical.kind} {name}"), *_captured_by(alive)))]
    for capturer in alive:
        where = f"line {capturer.line}: " if len(alive) > 1 else ""
        blocks.append(Paragraph((Plain(where), *_values(capturer.lexical), *_handles(capturer.lexical.handles))))
        if capturer.lexical.leads_back:
            blocks.append(Paragraph(_leaks(capturer)))
    one = "" if alive[0].lexical.clones == 1 else "one value is "
    places: list[Span | str] = [f"{one}at {alive[0].lexical.address:#x}"]
    places += ["; declared at ", declared] if declared else []
    if also:
        places += ["; also captured at ", *[part for place in also for part in (", ", place)][1:]]
    blocks.append(paragraph(*places))
    return tuple(blocks)


def own_lexical_document(facts: CodeFacts, lexical: LexicalFacts) -> Document | None:
    """A lexical of a sub's own; None where it holds nothing worth a word, as it does while the sub does not run."""
    return _lexical_document(Code(facts.site.name) if facts.site.name else Plain("this closure"), lexical)


def program_lexical_document(lexical: LexicalFacts) -> Document | None:
    """A lexical of the program's own file, outside of every sub; None where it holds nothing worth a word."""
    return _lexical_document(Plain("the program"), lexical)


def _lexical_document(owner: Span, lexical: LexicalFacts) -> Document | None:
    if all(value.text in _SAYS_NOTHING for value in lexical.values):
        return None
    title = paragraph(StrongCode(f"{lexical.kind} {lexical.name}"), " of ", owner)
    return title, Paragraph((*_values(lexical), *_handles(lexical.handles)))


def global_document(facts: GlobalFacts) -> Document:
    """A variable of a package."""
    counts = f": {format_bytes(facts.retained)} retained, refcount {facts.refcount:,}"
    title = paragraph(StrongCode(facts.symbol), counts)
    return title, Paragraph((Code(facts.summary), *_handles(facts.handles)))


def class_document(facts: ClassFacts, biggest: str, parents: tuple[str, ...], children: tuple[str, ...]) -> Document:
    """A class: its objects, what they keep alive, and the classes above and below it.

    `biggest` is the address of the object that keeps most alive, as people write it.
    """
    if not facts.objects:
        counts: list[Span] = [Plain(": no object in this dump")]
    else:
        leaked = Strong(f"{facts.leaked:,} leaked") if facts.leaked else Plain("none leaked")
        counts = [Plain(f": {format_count(facts.objects, 'object')}, "), leaked]
        counts += [Plain(f", {facts.self_held:,} self-held")] if facts.self_held else []
        counts += [Plain(f", {facts.unexplained:,} may be held by C code")] if facts.unexplained else []
        counts += [Plain(f", {format_bytes(facts.retained)} retained")]
    blocks: list[Block] = [Paragraph((StrongCode(facts.name), *counts))]
    if facts.objects:
        words = f"the biggest retains {format_bytes(facts.biggest_bytes)}: {biggest}"
        blocks.append(paragraph(f"{format_bytes(facts.bytes)} in the objects themselves; {words}"))
    for word, names in (("above it", parents), ("below it", children)):
        if names:
            spans = [span for name in names[:_MOST_CLASSES] for span in (Plain(", "), Code(name))][1:]
            more = len(names) - _MOST_CLASSES
            blocks.append(paragraph(f"{word}: ", *spans, f" and {more:,} more" if more > 0 else ""))
    return tuple(blocks)


def key_document(key: str, findings: tuple[Finding, ...], places: tuple[tuple[str, Span], ...]) -> Document:
    """A hash key on the chains of `findings`; `places` are the steps of the chains that have a place in the source."""
    blocks: list[Block] = []
    for finding in findings:
        owner = next(hop.source_desc for hop in finding.cycle if hop.kind == "key" and hop.name == key)
        title = paragraph(
            StrongCode(f"{{{key}}}"), " of ", Code(owner), f": on the chain of a {_what(finding)}. ", finding.title
        )
        steps = [step.label.removeprefix("->") for step in chain_steps(finding.cycle)]
        way = [span for label in steps for span in (Code(label), Plain(" → "))]
        start = finding.cycle[0].source_desc
        keeps = f"{format_bytes(finding.bytes_total)} kept alive"
        blocks += [title, paragraph(Code(start), " → ", *way, f"the same {start}"), paragraph(keeps)]
    blocks += [paragraph(f"{text}: ", place) for text, place in places]
    return tuple(blocks)


def _what(finding: Finding) -> str:
    return "cycle that only holds itself" if finding.verdict == SELF_HELD else "leak"


def counts_title(live: int, leaked: int, retained: int, thing: str = "live") -> str:
    """For a line of its own above the code: `20 live · 20 leaked · 1.2 MiB retained`."""
    parts = [f"{live:,} {thing}", f"{leaked:,} leaked" if leaked else "", f"{format_bytes(retained)} retained"]
    return " · ".join(part for part in parts if part)


def class_title(facts: ClassFacts) -> str:
    """The same of a class: `59 objects · 59 leaked · 1.0 MiB retained`."""
    thing = "object" if facts.objects == 1 else "objects"
    return counts_title(facts.objects, facts.leaked, facts.retained, thing) if facts.objects else "no objects"


def is_on_cycle(finding: Finding, facts: CodeFacts) -> bool:
    """Whether a finding has the sub on its cycles."""
    here = (facts.site.location, facts.site.name)
    return any((code.location, code.name) == here for code in finding.closures)


def leak_path(finding: Finding, location: Location, name: str) -> tuple[str, ...]:
    """The way from the lexical `name` of the sub at `location` back to it: `$conns->[0]`, `{on_closed}`, ….

    Empty where the finding's shortest cycle does not go that way.
    """
    for start, hop in enumerate(finding.cycle):
        if hop.kind in ("capture", "lexical") and hop.name == name and hop.location == location:
            turned: tuple[Hop, ...] = finding.cycle[start:] + finding.cycle[:start]
            return tuple(step.label.removeprefix("->") for step in chain_steps(turned))
    return ()


def _is_anonymous(facts: CodeFacts) -> bool:
    return facts.site.name is None


def _sub_title(facts: CodeFacts, inside: str | None) -> tuple[Span, ...]:
    if facts.site.name is not None:
        return (StrongCode(f"sub {facts.site.name}"), Plain(": "))
    around: tuple[Span, ...] = (Plain(" in "), Code(inside)) if inside else ()
    return (StrongCode("sub { … }"), *around, Plain(": "))


def _counts(facts: CodeFacts) -> tuple[Span, ...]:
    if facts.live == 0:
        return (Plain("no live clone in this dump"),)
    if not facts.leaked and not _is_anonymous(facts) and facts.live == 1:
        spans: list[Span] = [Plain("not leaked")]
    else:
        leaked = Strong(f"{facts.leaked:,} leaked") if facts.leaked else Plain("none leaked")
        spans = [Plain(f"{facts.live:,} live, "), leaked]
    if facts.self_held:
        spans.append(Plain(f", {facts.self_held:,} self-held"))
    if facts.unexplained:
        spans.append(Plain(f", {facts.unexplained:,} may be held by C code"))
    if facts.leaked and facts.retained_bytes_each:
        spans.append(Plain(f", {format_bytes(facts.retained_bytes_each)} retained each"))
    else:
        spans.append(Plain(f", {format_bytes(facts.bytes)}"))
    return tuple(spans)


def _capture_row(lexical: LexicalFacts) -> tuple[Paragraph, ...]:
    commonest = lexical.values[0].text if lexical.values else ""
    # Where all are weak the column before says so.
    shown = commonest if lexical.strong else commonest.removeprefix("weak ")
    value: list[Span] = [Code(shown)] if shown else []
    if lexical.different > 1:
        value.append(Plain(f" and {format_count(lexical.different - 1, 'other value')}"))
    return paragraph(Code(lexical.name)), paragraph(_strength(lexical)), Paragraph(tuple(value))


def _strength(lexical: LexicalFacts) -> str:
    if lexical.strong == lexical.clones:
        return "strong"
    return "weak" if lexical.strong == 0 else f"strong in {lexical.strong:,} of {lexical.clones:,}"


def _held_by(facts: CodeFacts) -> tuple[Span, ...]:
    spans: list[Span] = [Plain("held by ")]
    for index, holder in enumerate(facts.holders[:_MOST_HOLDERS]):
        if index:
            spans.append(Plain(", "))
        spans.append(Code(holder.text))
        if holder.count > 1:
            spans.append(Plain(f" ({holder.count:,}×)"))
    if facts.leaked == facts.live:
        spans.append(Plain(", never by a root"))
    return tuple(spans)


def _upkeep(facts: CodeFacts, upkeep: Upkeep) -> tuple[Span, ...]:
    """`refcount 1 in all 59; 1.0 MiB retained together; alive by …`."""
    refcount, times = facts.refcounts[0]
    clones = f" in {_of_all(times, facts.live)}" if facts.live > 1 else ""
    spans: list[Span] = [Plain(f"refcount {refcount:,}{clones}; {format_bytes(upkeep.retained)} retained")]
    if upkeep.way is not None and (upkeep.way.labels or facts.site.name is not None):
        alive = "; kept alive by " if facts.live == 1 else "; one is kept alive by "
        spans += [Plain(alive), Code(upkeep.way.start)]
        spans += [span for label in upkeep.way.labels for span in (Plain(" → "), Code(label))]
    elif upkeep.way is not None:
        spans += [Plain("; it is "), Code(upkeep.way.start)]
    elif facts.leaked + facts.self_held + facts.unexplained == facts.live:
        spans.append(Plain("; lost: no root leads to it" if facts.live == 1 else "; lost: no root leads to any"))
    return tuple(spans)


def _of_all(count: int, total: int) -> str:
    return f"all {count:,}" if count == total else f"{count:,} of {total:,}"


def _handles(numbers: tuple[int, ...]) -> tuple[Span, ...]:
    """`; open as file number 7`."""
    if not numbers:
        return ()
    shown = ", ".join(map(str, numbers[:_MOST_NUMBERS])) + (" …" if len(numbers) > _MOST_NUMBERS else "")
    return (Plain(f"; open as file number{'s' if len(numbers) > 1 else ''} {shown}"),)


def _captured_by(capturers: list[Capturer]) -> tuple[Span, ...]:
    strengths = {_strength(capturer.lexical) for capturer in capturers}
    strength = f", {strengths.pop()}" if len(strengths) == 1 else ""
    name = capturers[0].facts.site.name
    if len(capturers) == 1 and name and capturers[0].facts.live == 1:
        return (Plain(" captured by "), Code(name), Plain(strength))
    clones = sum(capturer.facts.live for capturer in capturers)
    anonymous = all(_is_anonymous(capturer.facts) for capturer in capturers)
    return (Plain(f" captured by {format_count(clones, 'closure' if anonymous else 'sub')}{strength}"),)


def _values(lexical: LexicalFacts) -> tuple[Span, ...]:
    spans: list[Span] = []
    for index, value in enumerate(lexical.values):
        spans += [Plain(", ")] if index else []
        spans += [Code(value.text), Plain(_how_often(value, lexical))]
    if lexical.different > len(lexical.values):
        spans.append(Plain(f", and {format_count(lexical.different - len(lexical.values), 'other value')}"))
    return tuple(spans)


def _how_often(value: ValueCount, lexical: LexicalFacts) -> str:
    if lexical.clones == 1:
        return ""
    return f" in {_of_all(value.count, lexical.clones)}"


def _leaks(capturer: Capturer) -> tuple[Span, ...]:
    name, site = capturer.lexical.name, capturer.facts.site
    times = f" ({capturer.lexical.leads_back:,}×)"
    for finding in capturer.findings:
        path = leak_path(finding, site.location, name)
        if path:
            way = [span for label in path for span in (Code(label), Plain(" → "))]
            return (Strong("Leaks:"), Plain(" "), *way, Plain("this closure" + times))
    return (Strong("Leaks:"), Plain(" "), Code(name), Plain(" leads back to this closure" + times))
