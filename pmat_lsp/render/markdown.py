"""A small document (paragraphs, tables) as Markdown or as plain text, whatever a client can show.

What comes from a dump is put into `Plain`, `Code` or `Strong` as it is; the two writers escape it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pmat_lsp.render.escape import LONGEST_SHOWN, escape_markdown, inline_code, visible

LONGEST_SENTENCE = 2000
"""Code points of one `Plain`."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that are stressed."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Perl, names and values."""

    text: str


@dataclass(frozen=True, slots=True)
class StrongCode:
    """The Perl that a document is about."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Words that jump where a client can; as plain text the words alone."""

    text: str
    uri: str
    """Percent-encoded."""


Span = Plain | Strong | Code | StrongCode | Link


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Spans that follow each other without anything between them."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; every row has as many cells as `header`."""

    header: tuple[str, ...]
    rows: tuple[tuple[Paragraph, ...], ...]


@dataclass(frozen=True, slots=True)
class List:
    """Items below each other, and items of items."""

    items: tuple[tuple[int, Paragraph], ...]
    """(depth, 0 for the outermost; the item): one is at most one deeper than the one before it."""


Block = Paragraph | Table | List
Document = tuple[Block, ...]


def paragraph(*spans: Span | str) -> Paragraph:
    """A paragraph; a `str` stands for `Plain`."""
    return Paragraph(tuple(Plain(span) if isinstance(span, str) else span for span in spans))


def to_markdown(document: Document) -> str:
    """The document as GitHub-flavoured Markdown."""
    return "\n\n".join(_markdown_block(block) for block in document)


def to_plain_text(document: Document) -> str:
    """The document as text with aligned tables, for clients without Markdown."""
    return "\n\n".join(_plain_block(block) for block in document)


def _markdown_block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _markdown_spans(block)
    if isinstance(block, List):
        return "\n".join("  " * depth + "- " + _markdown_spans(item) for depth, item in block.items)
    header = [escape_markdown(title) for title in block.header]
    rows = [[_markdown_cell(cell) for cell in row] for row in block.rows]
    return "\n".join(_markdown_row(row) for row in (header, ["---"] * len(header), *rows))


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _markdown_cell(cell: Paragraph) -> str:
    """As a paragraph; a pipe ends a cell even inside a code span, if it has no backslash."""
    spans = []
    for span in cell.spans:
        written = _markdown_span(span)
        spans.append(written.replace("|", "\\|") if isinstance(span, Code | StrongCode) else written)
    return "".join(spans)


def _markdown_spans(block: Paragraph) -> str:
    return "".join(_markdown_span(span) for span in block.spans)


def _markdown_span(span: Span) -> str:
    match span:
        case Plain(text):
            return escape_markdown(text, LONGEST_SENTENCE)
        case Strong(text):
            return f"**{escape_markdown(text)}**"
        case Code(text):
            return inline_code(text)
        case StrongCode(text):
            return f"**{inline_code(text)}**"
        case Link(text, uri):
            return f"[{escape_markdown(text)}]({_link_target(uri)})"


def _link_target(uri: str) -> str:
    """A URI without what would end the link."""
    return "".join(f"%{ord(c):02X}" if c in ' ()<>|\\"' or c < " " else c for c in uri)


def _plain_block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _plain_spans(block)
    if isinstance(block, List):
        return "\n".join("  " * depth + "- " + _plain_spans(item) for depth, item in block.items)
    rows = [block.header, *(tuple(_plain_spans(cell) for cell in row) for row in block.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(block.header))]
    return "\n".join(_plain_row(row, widths) for row in rows)


def _plain_spans(block: Paragraph) -> str:
    return "".join(visible(span.text, _longest(span)) for span in block.spans)


def _longest(span: Span) -> int:
    return LONGEST_SENTENCE if isinstance(span, Plain) else LONGEST_SHOWN


def _plain_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
