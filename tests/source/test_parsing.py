"""A text that takes too long to parse is no obstacle: it has its lines, and everything else works."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest
from tree_sitter import Tree

from pmat_lsp.analysis.result import Location
from pmat_lsp.source import parsing, sources
from pmat_lsp.source.files import SourceFiles
from pmat_lsp.source.parsing import Parsed, parse, parse_at_once
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.places import Places
from pmat_lsp.source.sources import Sources
from tests.dumps import ROOT

SLOW = "package S;" + "".join(f"my $v{at}; my $c{at} = sub {{ $v{at}; }};" for at in range(8_000))
"""One line, on which the parser takes minutes."""
PROGRAMS = sorted((ROOT / "tests" / "programs").glob("*.pl"))
TYPED = (
    b"",
    b"x",
    b" ",
    b"\n",
    b"my $x = 1;\n",
    b"{",
    b"}",
    b"'",
    b"<<EOT\n",
    b"=pod\n",
    b"q(",
    b"#",
    b"sub { 1 }",
    b"s/a/b/",
)
ORDINARY = "sub one { my $x = shift; return $x + 1 }\n" * 2_000


def test_the_tree_of_a_text_is_the_same_in_slices_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    in_slices = parse(ORDINARY.encode())
    monkeypatch.setattr(parsing, "_AT_ONCE", 1 << 30)
    at_once = parse(ORDINARY.encode())
    assert in_slices is not None
    assert at_once is not None
    assert str(in_slices.root_node) == str(at_once.root_node)


@pytest.mark.parametrize("seed", range(40))
def test_after_an_edit_the_tree_is_that_of_the_new_text(seed: int) -> None:
    chance = random.Random(seed)
    text = b"".join(path.read_bytes() for path in chance.sample(PROGRAMS, 8)) + b"\n"
    tree = parse(text)
    for _ in range(12):
        assert tree is not None
        start = chance.randrange(len(text) - 1)
        end = min(start + chance.choice((0, 0, 1, 30)), len(text) - 1)
        edited = text[:start] + chance.choice(TYPED) + text[end:]
        tree, text = parse(edited, before=Parsed(text, tree)), edited
        assert tree is not None
        # Not of the lists: pytest would look for minutes for what differs.
        is_same = _nodes(tree) == _nodes(parse_at_once(text))
        assert is_same


def test_a_text_with_errors_is_parsed_whole_after_an_edit_and_any_other_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: list[bool] = []
    parse_really = parsing._parse

    def noted(data: bytes, seconds: float, before: Tree | None) -> Tree | None:
        whole.append(before is None)
        return parse_really(data, seconds, before)

    before = PerlSource(ORDINARY)
    monkeypatch.setattr(parsing, "_parse", noted)
    after = PerlSource(ORDINARY.replace("one", "two", 1), before=before)
    assert [sub.name for sub in after.subs[:2]] == ["main::two", "main::one"]
    assert whole == [False]
    PerlSource(ORDINARY.replace("{", "", 1), before=after)
    assert whole == [False, False, True]


def _nodes(tree: Tree) -> list[tuple[str, int, int, object]]:
    found: list[tuple[str, int, int, object]] = []
    todo = [tree.root_node]
    while todo:
        node = todo.pop()
        found.append((node.type, node.start_byte, node.end_byte, node.start_point))
        todo += node.children
    return found


def test_a_text_that_takes_too_long_has_its_lines_and_no_subs() -> None:
    source = PerlSource(SLOW + "\nsub last { 1 }\n", seconds=0.1)
    assert not source.is_parsed
    assert (source.subs, source.line_count, source.line(2)) == ((), 3, "sub last { 1 }")


def test_a_closure_in_it_is_placed_on_its_line_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LONGEST_PARSE", 0.1)
    (tmp_path / "S.pm").write_text(SLOW)
    kept = Sources()
    kept.set_text(tmp_path / "S.pm", SLOW)
    place = Places(SourceFiles([tmp_path]), kept).place_code(Location("S.pm", 1), None, ["$v1"], ["$v1"])
    assert (place.status, place.sub) == ("stale", None)
    assert place.keyword is not None
    assert "too long to parse" in place.note


def test_typing_into_it_does_not_parse_it_for_each_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LONGEST_PARSE", 0.1)
    parsed: list[float] = []

    def noted(text: str, path: Path, seconds: float, before: PerlSource | None) -> PerlSource:
        parsed.append(seconds)
        return PerlSource(text, path, seconds, before)

    monkeypatch.setattr(sources, "PerlSource", noted)
    kept, path = Sources(), tmp_path / "S.pm"
    for number in range(5):
        kept.set_text(path, SLOW + "1;" * number)
    assert parsed == [0.1, 0, 0, 0, 0]


def test_other_threads_run_while_it_is_parsed() -> None:
    turns: list[float] = []
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(0.001):
            turns.append(time.monotonic())

    thread = threading.Thread(target=run)
    thread.start()
    assert parse(SLOW.encode(), 1) is None
    ended.set()
    thread.join()
    assert len(turns) > 20
