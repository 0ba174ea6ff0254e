"""What of a text can become a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmat_lsp.render.document import Linker, with_links
from pmat_lsp.render.markdown import Code, Link, List, Paragraph, Plain, Span, Strong, Table, paragraph
from pmat_lsp.render.mentions import mentions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("CODE at 0xab, 0xABC", [("0xab", 0xAB, "", 0), ("0xABC", 0xABC, "", 0)]),
        ("the closure at lib/Foo.pm:4", [("lib/Foo.pm:4", None, "lib/Foo.pm", 4)]),
        ("location lib/Foo.pm line 12", [("lib/Foo.pm line 12", None, "lib/Foo.pm", 12)]),
        ("'a/b.pl:7' (c.pl:8)", [("a/b.pl:7", None, "a/b.pl", 7), ("c.pl:8", None, "c.pl", 8)]),
        ("/srv/ä/x:3", [("/srv/ä/x:3", None, "/srv/ä/x", 3)]),
        ("at 12:30, line 7, Foo::Bar, 0xg, word:3", []),
        ("0x" + "1" * 17, []),
    ],
)
def test_addresses_and_lines_of_files_are_mentions(text: str, found: list[tuple[str, int | None, str, int]]) -> None:
    told = [(text[one.start : one.end], one.address, one.file, one.line) for one in mentions(text)]
    assert told == found


LINKER = Linker(
    sv=lambda text: f"pmat:/sv/{text}.md" if text == "0xab" else None,
    place=lambda file, line: f"file:///{file}#L{line}" if file == "a.pl" else None,
    finding=lambda name: name,
    folder=Path(),
)
SV = Link("0xab", "pmat:/sv/0xab.md")
LINE = Link("a.pl:3", "file:///a.pl#L3")


@pytest.mark.parametrize(
    ("span", "linked"),
    [
        (Plain("at 0xab, 0xcd"), [Plain("at "), SV, Plain(", 0xcd")]),
        (Code("$x of the closure at a.pl:3"), [Code("$x of the closure at"), Plain(" "), LINE]),
        (Code("a.pl:3 and b.pl:3"), [LINE, Plain(" "), Code("and b.pl:3")]),
        (Code("no 0xcd"), [Code("no 0xcd")]),
        (Strong("0xab"), [Strong("0xab")]),
        (Link("0xab", "x"), [Link("0xab", "x")]),
    ],
)
def test_words_and_code_of_every_block_get_links_where_they_lead_somewhere(span: Span, linked: list[Span]) -> None:
    given, wanted = paragraph(span), Paragraph(tuple(linked))
    blocks = (given, Table(("a",), ((given,),)), List(((0, given),)))
    assert with_links(blocks, LINKER) == (wanted, Table(("a",), ((wanted,),)), List(((0, wanted),)))


@pytest.mark.parametrize("part", ["a", ".", "a.", "a.b:", "a/b", "x line ", "0x1"])
def test_a_text_of_a_million_characters_takes_time_in_proportion(part: str) -> None:
    """With a pattern that is quadratic or worse this does not end."""
    text = part * (1_000_000 // len(part)) + " lib/Hub.pm:25"
    assert list(mentions(text))[-1].line == 25
