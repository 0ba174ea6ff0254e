"""A text that takes too long to parse is no obstacle: it has its lines, and everything else works."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from pmat_lsp.analysis.result import Location
from pmat_lsp.source import parsing, sources
from pmat_lsp.source.files import SourceFiles
from pmat_lsp.source.parsing import parse
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.places import Places
from pmat_lsp.source.sources import Sources

SLOW = "package S;" + "".join(f"my $v{at}; my $c{at} = sub {{ $v{at}; }};" for at in range(8_000))
"""One line, on which the parser takes minutes."""
ORDINARY = "sub one { my $x = shift; return $x + 1 }\n" * 2_000


def test_the_tree_of_a_text_is_the_same_in_slices_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    in_slices = parse(ORDINARY.encode())
    monkeypatch.setattr(parsing, "_AT_ONCE", 1 << 30)
    at_once = parse(ORDINARY.encode())
    assert in_slices is not None
    assert at_once is not None
    assert str(in_slices.root_node) == str(at_once.root_node)


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

    def noted(text: str, path: Path, seconds: float) -> PerlSource:
        parsed.append(seconds)
        return PerlSource(text, path, seconds)

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
