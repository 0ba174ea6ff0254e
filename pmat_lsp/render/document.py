"""Answers and findings as documents in which every address and every place in a source is a link."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.analysis.result import LeakReport
from pmat_lsp.analysis.tables import Answer, Column, Tree, Unit, Value
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
from pmat_lsp.source.marks import MarkedFinding
from pmat_lsp.units import format_bytes, format_count

MOST_ROWS = 2000
"""Of a table or tree; editors stop rendering long documents."""
MOST_ADDRESSES = 20
_MOST_PIECES = 200
_REFERENCE = re.compile(r"(?P<address>\b0x[0-9a-fA-F]{1,16}\b)|(?P<file>[^\s:()\[\]{}'\"`,]+):(?P<line>\d{1,9})\b")


@dataclass(frozen=True, slots=True)
class Linker:
    """Where links lead."""

    sv: Callable[[str], str | None]
    """The URI of what is known of the SV at an address; None: there is no such SV."""
    place: Callable[[str, int], str | None]
    """The URI of a line of a file, recorded by perl or on this disk; None where it is not found."""
    finding: Callable[[str], str]
    """The URI of a finding's document, by its id."""
    folder: Path = Path("/")
    """Paths are shown relative to it."""


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
    head = paragraph(StrongCode(name), f": {format_count(len(found), 'proven leak')}. {checked}{lost}")
    blocks: list[Block] = [head]
    for id_, marked in found:
        blocks += finding_document(id_, marked, linker)
    return tuple(blocks)


def finding_document(id_: str, marked: MarkedFinding, linker: Linker) -> Document:
    """One finding: what leaked, its chain, what it holds, how it is cured."""
    finding = marked.finding
    blocks: list[Block] = [
        paragraph(Strong(f"leak[{finding.pattern.code}]"), ": ", Link(finding.title, linker.finding(id_))),
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
    blocks.append(paragraph(Strong("Cure"), f": {finding.pattern.cure}"))
    return tuple(blocks)


def linked(text: str, linker: Linker) -> Iterator[Span]:
    """`text`, its addresses and places (`lib/Net/Client.pm:25`) as links where they lead somewhere."""
    at = 0
    for number, found in enumerate(_REFERENCE.finditer(text)):
        if number == _MOST_PIECES:
            break
        uri = linker.sv(found[0]) if found["address"] else linker.place(found["file"], int(found["line"]))
        if uri is not None:
            if found.start() > at:
                yield Plain(text[at : found.start()])
            yield Link(found[0], uri)
            at = found.end()
    if at < len(text):
        yield Plain(text[at:])


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
