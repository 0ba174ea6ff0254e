"""From recorded places to ranges: found, moved with the text, stale, missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pmat_lsp.analysis.result import Location
from pmat_lsp.source.files import SourceFiles
from pmat_lsp.source.model import Point, Range
from pmat_lsp.source.places import Place, Places

CLIENT = """package Net::Client;
sub get {
   my $self = shift;
   my $conns = $self->{all} ||= [];
   $self->configure(
      on_closed => sub {
         @$conns = ();
      },
   );
   my $size = @$conns;
   return sub { $self };
}
sub drop { my $self = shift; delete $self->{all} }
1;
"""
RELATIVE = "lib/Net/Client.pm"


@pytest.fixture
def client(tmp_path: Path) -> Path:
    path = tmp_path / RELATIVE
    path.parent.mkdir(parents=True)
    path.write_text(CLIENT)
    return path


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(SourceFiles([tmp_path]))


def closure(places: Places) -> Place:
    return places.place_code(Location(RELATIVE, 7), None, ["$conns"], ["$conns"])


def named(places: Places) -> Place:
    return places.place_code(Location(RELATIVE, 3), "Net::Client::get", [], ["$self", "$conns", "$size"])


def test_a_closure_is_found_by_its_first_statement(client: Path, places: Places) -> None:
    place = closure(places)
    assert (place.path, place.status, place.note) == (client, "exact", "")
    assert place.keyword == Range(Point(6, 19), Point(6, 22))


def test_without_pad_names_the_line_decides(client: Path, places: Places) -> None:
    assert places.place_code(Location(RELATIVE, 7), None, [], []).status == "exact"
    assert places.place_code(Location(RELATIVE, 10), None, [], []).status == "stale"


@pytest.mark.parametrize("find", [closure, named])
def test_lines_above_move_the_place_with_the_text(client: Path, places: Places, find: object) -> None:
    assert callable(find)
    before = find(places)
    places.sources.set_text(client, "# new\n" * 40 + CLIENT)
    after = find(places)
    assert after.status == "moved"
    assert after.keyword.start == Point(before.keyword.start.line + 40, before.keyword.start.column)
    assert f"line {7 if find is closure else 3}" in after.note
    places.sources.drop_text(client)
    assert find(places) == before


@pytest.mark.parametrize("find", [closure, named])
def test_renamed_variables_make_it_stale_and_leave_the_line(client: Path, places: Places, find: object) -> None:
    assert callable(find)
    places.sources.set_text(client, CLIENT.replace("$conns", "$pool"))
    place = find(places)
    assert (place.status, place.sub) == ("stale", None)
    assert place.keyword.start.line == (7 if find is closure else 3)
    assert "the source has changed since the dump" in place.note


def test_a_line_that_is_gone_has_no_range(client: Path, places: Places) -> None:
    places.sources.set_text(client, "1;\n")
    assert closure(places) == Place(client, None, None, "stale", "the source has changed since the dump")


def test_two_equal_closures_elsewhere_are_not_guessed_between(client: Path, places: Places) -> None:
    twice = "my $conns; my @f = (\nsub { 1; @$conns = () },\nsub { @$conns = (1) } );\n"
    places.sources.set_text(client, "# new\n" * 20 + twice)
    assert closure(places).status == "stale"


def test_subs_on_one_line_are_told_apart_by_captures_then_said_to_be_open(client: Path, places: Places) -> None:
    places.sources.set_text(client, "my ($a1, $b1); my @f = (sub { $a1 }, sub { $b1 }, sub { $b1 + 1 });\n")
    one = places.place_code(Location(RELATIVE, 1), None, ["$a1"], ["$a1"])
    assert one.status == "exact"
    assert one.keyword is not None
    assert one.keyword.start.column == 24
    other = places.place_code(Location(RELATIVE, 1), None, ["$b1"], ["$b1"])
    assert (other.status, other.sub) == ("stale", None)
    assert "2 subs on line 1 match equally" in other.note


def test_the_file_is_read_again_when_it_was_written(client: Path, places: Places) -> None:
    assert closure(places).status == "exact"
    client.write_text("\n\n" * 20 + CLIENT)
    assert closure(places).status == "moved"


def test_line_directives_are_followed(client: Path, places: Places) -> None:
    places.sources.set_text(client, f'# line 500 "{RELATIVE}"\n{CLIENT}')
    place = places.place_code(Location(RELATIVE, 506), None, ["$conns"], ["$conns"])
    assert place.status == "exact"
    assert place.keyword is not None
    assert place.keyword.start.line == 7


@pytest.mark.parametrize(
    ("file", "line", "status"), [("(eval 12)", 1, "none"), ("-e", 1, "none"), (RELATIVE, 0, "none")]
)
def test_code_without_a_source(client: Path, places: Places, file: str, line: int, status: str) -> None:
    place = places.place_code(Location(file, line), None, [], [])
    assert (place.status, place.path, place.keyword) == (status, None, None)
    assert place.note


def test_a_missing_file_names_the_candidates(client: Path, places: Places, tmp_path: Path) -> None:
    other = tmp_path / "old" / "Net" / "Client.pm"
    other.parent.mkdir(parents=True)
    other.write_text(CLIENT)
    place = places.place_code(Location("/elsewhere/Net/Client.pm", 7), None, [], [])
    assert (place.status, place.path) == ("missing", None)
    assert str(client) in place.note
    assert str(other) in place.note


def test_a_captured_variable_has_its_use_and_its_declaration(client: Path, places: Places) -> None:
    use, declared = places.place_captured(closure(places), "$conns")
    assert use == Range(Point(7, 10), Point(7, 16))
    assert declared == Range(Point(4, 6), Point(4, 12))
    assert places.place_captured(closure(places), "$other") == (None, None)


def test_a_key_is_found_where_it_is_stored_alone_or_nearest(client: Path, places: Places) -> None:
    sub = Range(Point(6, 0), Point(8, 0))
    only = places.place_key(client, "on_closed", sub)
    assert only == Range(Point(6, 6), Point(6, 15))
    places.sources.set_text(client, "$x{k} = 1;\n\n\nsub f {\n$x{k} = 2;\n}\n\n\n$x{k} = 3;\n")
    assert places.place_key(client, "k", Range(Point(4, 0), Point(6, 1))) == Range(Point(5, 3), Point(5, 4))
    assert places.place_key(client, "k", Range(Point(8, 0), Point(8, 0))) == Range(Point(9, 3), Point(9, 4))
    assert places.place_key(client, "k", Range(Point(7, 0), Point(7, 0))) is None
    assert places.place_key(client, "none", sub) is None


CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "programs"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of dumps is not beside this repository")
@pytest.mark.parametrize(
    ("line", "captures", "own", "keyword_line"),
    [(25, ["$conns", "$conn", "$self"], [], 24), (28, ["$conn"], ["$msg"], 28), (28, ["$conn", "$msg"], [], 28)],
)
def test_the_closures_of_the_corpus(line: int, captures: list[str], own: list[str], keyword_line: int) -> None:
    places = Places(SourceFiles([CORPUS]))
    recorded = os.path.join("programs", "lib", "Net", "Client.pm")
    place = places.place_code(Location(recorded, line), None, captures, captures + own)
    assert place.path == CORPUS / "lib" / "Net" / "Client.pm"
    assert place.keyword is not None
    assert (place.status, place.keyword.start.line) == ("exact", keyword_line)
