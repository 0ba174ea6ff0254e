"""Answers and findings as documents in which every address and every place in a source is a link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pmat_lsp.analysis.result import SELF_HELD, LeakReport
from pmat_lsp.analysis.tables import Answer, Column, Tree, Unit, Value
from pmat_lsp.render.advice import advice_pieces
from pmat_lsp.render.chain import chain_lines
from pmat_lsp.render.markdown import (
    Block,
    Code,
    Document,
    Link,
    List,
    Paragraph,
    Plain,
    Span,
    Strong,
    StrongCode,
    Table,
    paragraph,
)
from pmat_lsp.render.mentions import mentions
from pmat_lsp.render.report_parts import finding_label
from pmat_lsp.render.ways_in import COMPARE_HINT, way_text
from pmat_lsp.source.advice import Advice
from pmat_lsp.source.marks import MarkedFinding
from pmat_lsp.units import format_bytes, format_count

MOST_ROWS = 2000
"""Of a table or tree; editors stop rendering long documents."""
MOST_ADDRESSES = 20
_MOST_PIECES = 200


@dataclass(frozen=True, slots=True)
class Linker:
    """Where links lead."""

    sv: Callable[[str], str | None]
    """The URI of what is known of the SV at an address; None: there is no such SV."""
    place: Callable[[str, int], str | None]
    """The URI of a line of a file, recorded by perl or on this disk; None where it is not found."""
    finding: Callable[[str], str]
    """The URI of a finding's document, by its id."""
    folder: Path
    """Names of files are shown relative to it."""


def answer_document(title: str, answer: Answer, linker: Linker) -> Document:
    """A table, or a tree as a list in lists."""
    head = (paragraph(StrongCode(title)), Paragraph(tuple(linked(answer.title, linker))))
    if isinstance(answer, Tree):
        items = tuple(
            (row.depth, Paragraph(tuple(_item(answer.columns, row.values, row.more, linker))))
            for row in answer.rows[:MOST_ROWS]
        )
        return (*head, List(items), *_more(len(answer.rows) - len(items)))
    rows = tuple(
        tuple(Paragraph(tuple(_cell(*pair, linker))) for pair in zip(answer.columns, row, strict=True))
        for row in answer.rows[:MOST_ROWS]
    )
    table = Table(tuple(column.name for column in answer.columns), rows)
    return (*head, table, *_more(answer.more + len(answer.rows) - len(rows)))


def leaks_document(
    name: str, report: LeakReport, found: tuple[tuple[str, MarkedFinding], ...], linker: Linker
) -> Document:
    """All findings of the dump `name`, each with its id, and what was checked."""
    checked = f"Checked {format_count(report.svs, 'SV')} from {format_count(report.roots, 'root')}."
    lost = f" {format_count(report.unexplained, 'more SV')} lost, perhaps held by C code." if report.unexplained else ""
    held = f" {format_count(report.sum_self_held.findings, 'finding')} self-held." if report.self_held else ""
    leaked = format_count(report.sum_leaked.findings, "proven leak")
    head = paragraph(StrongCode(name), f": {leaked}. {checked}{held}{lost}")
    blocks: list[Block] = [head]
    for id_, marked in found:
        blocks += finding_document(id_, marked, linker)
    return tuple(blocks)


def finding_document(id_: str, marked: MarkedFinding, linker: Linker) -> Document:
    """One finding: what leaked, its chain, what it holds, how it is cured."""
    finding = marked.finding
    blocks: list[Block] = [
        paragraph(Strong(finding_label(finding)), ": ", Link(finding.title, linker.finding(id_))),
        paragraph(f"Pattern: {finding.pattern.title}"),
    ]
    if marked.mark is not None:
        blocks.append(paragraph("At ", _place(marked.mark.path, marked.mark.range.start.line, linker)))
    if marked.ignored is not None:
        blocks.append(paragraph(f"Ignored: {marked.ignored}"))
    lines = []
    for line in chain_lines(marked, linker.folder):
        label: list[Span] = [Code(line.label), Plain(" ")] if line.label else []
        place: list[Span] = [Plain(", "), *linked(line.place, linker)] if line.place else []
        lines.append((0, Paragraph((*label, *linked(line.target, linker), *place))))
    blocks += [paragraph("Chain:"), List(tuple(lines))]
    blocks.append(paragraph(f"Keeps {_kept(marked)} alive: {format_bytes(finding.retained_bytes_each)} each."))
    addresses = [hex(address) for address in finding.addresses[:MOST_ADDRESSES]]
    more = len(finding.addresses) - len(addresses)
    told = ", ".join(addresses) + (f" and {more:,} more" if more else "")
    blocks.append(Paragraph(tuple(linked(f"Addresses: {told}", linker))))
    if finding.verdict == SELF_HELD:
        ways = (f"Live code can reach it: {way_text(way)}" for way in finding.ways_in)
        blocks += [Paragraph(tuple(linked(text, linker))) for text in (*ways, COMPARE_HINT)]
    else:
        blocks.append(advice_paragraph(marked.advice))
    return tuple(blocks)


def advice_paragraph(advice: Advice) -> Paragraph:
    """What to do about a finding."""
    spans = (Code(piece.text) if piece.is_perl else Plain(piece.text) for piece in advice_pieces(advice))
    return paragraph(Strong("Help"), ": ", *spans)


def linked(text: str, linker: Linker) -> Iterator[Span]:
    """`text`, its addresses and places (`lib/Net/Client.pm:25`) as links where they lead somewhere."""
    at = 0
    for mention in islice(mentions(text), _MOST_PIECES):
        name = text[mention.start : mention.end]
        uri = linker.sv(name) if mention.address is not None else linker.place(mention.file, mention.line)
        if uri is not None:
            if mention.start > at:
                yield Plain(text[at : mention.start])
            yield Link(name, uri)
            at = mention.end
    if at < len(text):
        yield Plain(text[at:])


def with_links(document: Document, linker: Linker) -> Document:
    """A document with such links in its words and its code."""
    return tuple(_block_with_links(block, linker) for block in document)


def _block_with_links(block: Block, linker: Linker) -> Block:
    if isinstance(block, Paragraph):
        return _paragraph_with_links(block, linker)
    if isinstance(block, List):
        return List(tuple((depth, _paragraph_with_links(item, linker)) for depth, item in block.items))
    rows = (tuple(_paragraph_with_links(cell, linker) for cell in row) for row in block.rows)
    return Table(block.header, tuple(rows))


def _paragraph_with_links(block: Paragraph, linker: Linker) -> Paragraph:
    return Paragraph(tuple(piece for span in block.spans for piece in _span_with_links(span, linker)))


def _span_with_links(span: Span, linker: Linker) -> Iterator[Span]:
    if not isinstance(span, Plain | Code):
        yield span
        return
    for piece in linked(span.text, linker):
        if isinstance(span, Plain) or isinstance(piece, Link):
            yield piece
            continue
        # A blank at its end would be shown as code.
        code = piece.text.strip()
        before, _, after = piece.text.partition(code)
        yield from (part for part in (Plain(before), Code(code), Plain(after)) if part.text)


def _place(path: Path, line: int, linker: Linker) -> Span:
    uri = linker.place(str(path), line)
    text = f"{path.name}:{line}"
    return Plain(text) if uri is None else Link(text, uri)


def _kept(marked: MarkedFinding) -> str:
    handles = format_count(len(marked.finding.handles), "file handle") + " and " if marked.finding.handles else ""
    return handles + format_bytes(marked.finding.bytes_total)


def _more(count: int) -> Iterator[Paragraph]:
    if count > 0:
        yield paragraph(f"and {count:,} more")


def _cell(column: Column, value: Value, linker: Linker) -> Iterator[Span]:
    if value is None:
        return
    if column.unit is Unit.SV and isinstance(value, int):
        yield from linked(hex(value), linker)
    elif isinstance(value, int):
        yield Plain(format_bytes(value) if column.unit is Unit.BYTES else f"{value:,}")
    else:
        yield from linked(value, linker)


def _item(columns: tuple[Column, ...], values: tuple[Value, ...], more: int, linker: Linker) -> Iterator[Span]:
    """The values of a node behind each other; an address that a text beside it tells is not told twice."""
    texts = [value for value in values if isinstance(value, str)]
    first = True
    for column, value in zip(columns, values, strict=True):
        told_twice = column.unit is Unit.SV and isinstance(value, int) and any(hex(value) in text for text in texts)
        if value is None or value == "" or told_twice:
            continue
        if not first:
            yield Plain(", ")
        first = False
        if column.unit in (Unit.BYTES, Unit.COUNT):
            yield Plain(f"{column.name} ")
        yield from _cell(column, value, linker)
    if more:
        yield Plain(f" (and {more:,} more)")
