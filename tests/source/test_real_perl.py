"""What perl says about its subs, against where we find them."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from pmat_lsp.analysis.result import Location
from pmat_lsp.source.files import SourceFiles, read_source
from pmat_lsp.source.places import Place, Places

DATA = Path(__file__).parent / "data"
SHAPES = DATA / "shapes.pl"
LEAST_SUBS = 140
UNDECIDABLE = {"sig empty"}
"""`sub () {` has a signature only where the feature is on; a prototype is no statement."""

needs_perl = pytest.mark.skipif(shutil.which("perl") is None, reason="needs perl: apt install perl")


class Code(NamedTuple):
    """A line of `list_codes.pl`."""

    label: str
    line: int
    name: str | None
    captures: tuple[str, ...]
    padnames: tuple[str, ...]

    def placed(self, places: Places, path: Path) -> Place:
        """Where this code is found."""
        return places.place_code(Location(str(path), self.line), self.name, self.captures, self.padnames)


def ambiguous(codes: list[Code]) -> set[Code]:
    """Those of which nothing that perl knows tells which of the subs on their line they are.

    An anonymous sub without variables is one of them: a dump without pad names, as old ones are, looks the same.
    """
    on_line = Counter(code.line for code in codes)
    return {code for code in codes if on_line[code.line] > 1 and not code.name and not code.padnames}


@pytest.fixture(scope="module")
def codes() -> list[Code]:
    perl = subprocess.run(
        ["perl", DATA / "list_codes.pl", SHAPES], capture_output=True, text=True, check=False, timeout=30
    )
    assert perl.returncode == 0, perl.stderr
    found: list[Code] = []
    for line in perl.stdout.splitlines():
        label, number, name, captures, padnames = line.split("\t")
        found.append(Code(label, int(number), name or None, tuple(captures.split()), tuple(padnames.split())))
    return found


@needs_perl
def test_every_sub_that_perl_has_is_found_exactly_or_said_to_be_one_of_several(codes: list[Code]) -> None:
    places = Places(SourceFiles([DATA]))
    assert len(codes) >= LEAST_SUBS
    open_ones = ambiguous(codes)
    assert 1 <= len(open_ones) <= 12
    for code in codes:
        place = code.placed(places, SHAPES)
        if code in open_ones:
            assert (place.status, place.sub) == ("stale", None)
            assert "match equally" in place.note
        else:
            assert place.status == "exact", code


@needs_perl
def test_every_labelled_sub_is_found_behind_its_label(codes: list[Code]) -> None:
    places, lines = Places(SourceFiles([DATA])), read_source(SHAPES).split("\n")
    checked = 0
    for code in codes:
        if not code.label or code in ambiguous(codes) or code.label.startswith("loop variable"):
            continue
        keyword = code.placed(places, SHAPES).keyword
        assert keyword is not None, code
        line = lines[keyword.start.line - 1]
        assert line[keyword.start.column : keyword.end.column] == "sub", code
        assert line[: keyword.start.column].rpartition("'")[0].endswith(f"shape '{code.label}"), code
        checked += 1
    assert checked >= 110


@needs_perl
def test_the_recorded_line_is_predicted(codes: list[Code]) -> None:
    places = Places(SourceFiles([DATA]))
    wrong = set()
    for code in codes:
        sub = code.placed(places, SHAPES).sub
        if code not in ambiguous(codes) and (sub is None or sub.first_statement_line != code.line):
            wrong.add(code.label or code.name)
    assert wrong == UNDECIDABLE


@needs_perl
def test_named_subs_and_closures_with_captures_move_when_lines_are_put_above(codes: list[Code]) -> None:
    before, after = Places(SourceFiles([DATA])), Places(SourceFiles([DATA]))
    after.sources.set_text(SHAPES, "# new\n" * 2000 + read_source(SHAPES))
    moved = 0
    for code in codes:
        old, new = code.placed(before, SHAPES), code.placed(after, SHAPES)
        assert new.status in ("moved", "stale")
        if new.status == "moved":
            moved += 1
            assert old.keyword is not None
            assert new.keyword is not None
            assert new.keyword.start == old.keyword.start._replace(line=old.keyword.start.line + 2000), code
            assert f"line {code.line}" in new.note
    assert moved >= 20
