"""Hovers as Markdown and as plain text: whatever a dump holds, it is shown and does nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pmat_lsp.analysis.closures import CodeFacts, code_facts, code_sites
from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.analysis.result import Finding
from pmat_lsp.render.escape import LONGEST_SHOWN, escape_markdown, inline_code, visible
from pmat_lsp.render.hover import Capturer, capture_document, leak_path, own_lexical_document, sub_document
from pmat_lsp.render.markdown import (
    Code,
    Link,
    Paragraph,
    Plain,
    Strong,
    StrongCode,
    Table,
    paragraph,
    to_markdown,
    to_plain_text,
)
from pmat_lsp.session import Dump, Settings
from tests.dumps import heap_of

HOSTILE = [
    "`",
    "``",
    "` `` `",
    "|",
    "a|b\\|c",
    "\\",
    "a\\",
    "<script>alert(1)</script>",
    "[x](http://evil.example)",
    "![x](http://evil.example/p.png)",
    "http://evil.example www.evil.example",
    "<http://evil.example>",
    "one\ntwo\r\n\n# three",
    "\u202egnp.exe\u2066",
    "\x00\x1b[31m\x7f",
    "**bold** __bold__ _it_ ~~gone~~",
    "&lt;&#60;",
    "- item",
    "1. item",
    "# heading",
    "---",
    "===",
    " outer ",
    "   ",
    "",
    "\ud800",
    "x" * 5000,
]
texts = st.one_of(st.sampled_from(HOSTILE), st.text(), st.lists(st.sampled_from(HOSTILE)).map("".join))
HARMLESS = {"paragraph", "inline", "text", "code_inline", "strong", "table", "thead", "tbody", "tr", "th", "td"}


@lru_cache
def parser() -> MarkdownIt:
    """Links are found in bare addresses, too, as editors do."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def tokens(markdown: str) -> Iterator[Token]:
    for token in parser().parse(markdown):
        yield token
        yield from token.children or ()


def kinds(markdown: str) -> set[str]:
    return {token.type.removesuffix("_open").removesuffix("_close") for token in tokens(markdown)}


def shown(markdown: str) -> str:
    return "".join(token.content for token in tokens(markdown) if token.type in ("text", "code_inline"))


@given(texts)
def test_visible_text_is_one_line_of_printable_characters(text: str) -> None:
    found = visible(text)
    assert "\n" not in found
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", found)
    assert len(found) <= LONGEST_SHOWN * len("\\x{10ffff}")


def test_visible_text_names_what_it_hides() -> None:
    assert visible("a\n\t\u202e\x1b") == "a\\n\\t\\x{202e}\\x{1b}"
    assert visible("Ünïcode 日本 \N{POSTAL HORN}") == "Ünïcode 日本 \N{POSTAL HORN}"


@given(texts)
def test_escaped_text_is_shown_as_it_is_and_is_nothing_but_text(text: str) -> None:
    markdown = "x " + escape_markdown(text) + " x"
    assert kinds(markdown) <= {"paragraph", "inline", "text"}
    assert shown(markdown) == f"x {visible(text)} x"


@given(texts)
def test_escaped_text_begins_no_list_heading_or_table(text: str) -> None:
    assert kinds(escape_markdown(text).strip()) <= {"paragraph", "inline", "text"}


@given(texts.filter(lambda text: bool(visible(text).strip(" "))))
def test_inline_code_is_one_code_span_of_the_whole_text(text: str) -> None:
    found = [token for token in tokens(f"a {inline_code(text)} b") if token.type == "code_inline"]
    assert [token.content for token in found] == [visible(text)]


@given(texts, texts, texts)
def test_a_table_of_hostile_cells_keeps_its_shape_and_their_texts(one: str, two: str, three: str) -> None:
    table = Table(("name", "", ""), ((paragraph(Code(one)), paragraph(Plain(two)), paragraph(StrongCode(three))),))
    markdown = to_markdown((paragraph("before"), table, paragraph("after")))
    found = list(tokens(markdown))
    assert {token.type.removesuffix("_open").removesuffix("_close") for token in found} <= HARMLESS
    assert sum(token.type == "td_open" for token in found) == 3
    assert to_plain_text((table,)).count("\n") == 1


@given(texts, texts)
def test_a_paragraph_of_hostile_spans_has_no_markup_but_ours(one: str, two: str) -> None:
    document = (paragraph("a ", Code(one), " b ", Strong("c"), " d ", Plain(two)),)
    assert kinds(to_markdown(document)) <= {"paragraph", "inline", "text", "code_inline", "strong"}
    assert "\n" not in to_plain_text(document)


def test_words_without_markup_are_left_as_they_are_written() -> None:
    words = "capture a copy: weaken( my $weak = $conns ); empty {on_closed} - or 2.0 & more"
    assert escape_markdown(words) == words


def test_plain_tables_are_aligned() -> None:
    table = Table(("captures", ""), (_row("$x", "strong"), _row("$longer_name", "weak")))
    assert to_plain_text((table,)) == "captures\n$x            strong\n$longer_name  weak"


@pytest.fixture(scope="module")
def demo(demo_dump: Path) -> tuple[dict[int, CodeFacts], tuple[Finding, ...]]:
    """The subs of the demo's HTTP.pm by recorded line, and the findings."""
    heap = heap_of(demo_dump)
    leaks = find_leaks(heap)
    sites = code_sites(heap)["lib/Courier/HTTP.pm"]
    return {site.location.line: code_facts(heap, leaks, site) for site in sites}, leaks.report.findings


def test_the_way_back_starts_at_the_lexical_that_is_asked_for(
    demo: tuple[dict[int, CodeFacts], tuple[Finding, ...]],
) -> None:
    _, (finding,) = demo
    other, marked = finding.closures
    assert leak_path(finding, marked.location, "$conns") == ("$conns->[0]", "{on_closed}", "$on_closed")
    assert leak_path(finding, other.location, "$on_closed") == ("$on_closed", "$conns->[0]", "{on_closed}")
    assert leak_path(finding, marked.location, "$client") == ()
    assert leak_path(finding, other.location, "$conns") == ()


def test_a_sub_as_plain_text_reads_like_the_markdown(
    demo: tuple[dict[int, CodeFacts], tuple[Finding, ...]], demo_dump: Path
) -> None:
    facts, _ = demo
    marked = Dump(heap_of(demo_dump), Settings()).marked
    document = sub_document(facts[80], marked, "Courier::HTTP::get_connection", "moved")
    plain = to_plain_text(document)
    assert plain.startswith(
        "sub { … } in Courier::HTTP::get_connection: 59 live, 59 leaked, 18.2 KiB retained each\n\n"
    )
    assert "\n$conns    strong  ARRAY(1) of Courier::Connection\n" in plain
    assert plain.endswith("\n\nNote: moved")
    assert len(to_markdown(document).split("\n\n")) == len(plain.split("\n\n"))


def test_a_capture_that_leaks_off_the_shown_cycle_is_still_said_to_leak(
    demo: tuple[dict[int, CodeFacts], tuple[Finding, ...]],
) -> None:
    facts, _ = demo
    lexical = facts[80].lexical("$conns")
    assert lexical is not None
    document = capture_document("$conns", (Capturer(facts[80], lexical, (), 79),), "")
    assert document is not None
    assert "Leaks: $conns leads back to this closure (59×)" in to_plain_text(document)
    assert f"\n\none value is at {lexical.address:#x}" in to_plain_text(document)


def test_a_capture_tells_where_it_is_declared_and_who_else_captured_it(
    demo: tuple[dict[int, CodeFacts], tuple[Finding, ...]],
) -> None:
    facts, _ = demo
    lexical = facts[80].lexical("$conns")
    assert lexical is not None
    also = (Link("HTTP.pm:9", "file:///HTTP.pm#L9"), Link("HTTP.pm:12", "file:///HTTP.pm#L12"))
    document = capture_document("$conns", (Capturer(facts[80], lexical, (), 79),), Plain("HTTP.pm:70"), also)
    assert document is not None
    last = to_plain_text(document).rpartition("\n")[2]
    assert last.endswith("; declared at HTTP.pm:70; also captured at HTTP.pm:9, HTTP.pm:12")


def test_a_lexical_that_holds_nothing_is_not_worth_a_hover(
    demo: tuple[dict[int, CodeFacts], tuple[Finding, ...]],
) -> None:
    facts, _ = demo
    lexical = facts[68].lexical("$host")
    assert lexical is not None
    assert [value.text for value in lexical.values] == ["undef"]
    assert own_lexical_document(facts[68], lexical) is None
    (value,) = lexical.values
    document = own_lexical_document(facts[68], replace(lexical, values=(replace(value, text="'localhost'"),)))
    assert document is not None
    assert to_plain_text(document) == "my $host of Courier::HTTP::get_connection\n\n'localhost'"


def _row(name: str, strength: str) -> tuple[Paragraph, ...]:
    return paragraph(Code(name)), paragraph(strength)
