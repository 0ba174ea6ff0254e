"""A finding is marked where its closure is, or where its key is stored; what is not known is not marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmat_lsp.session import Dump, Settings
from pmat_lsp.source.marks import MarkedFinding, chain_text
from pmat_lsp.source.store_places import Certainty
from tests.dumps import ROOT, heap_of

PROGRAMS = ROOT / "tests" / "programs"


def marked(dump: Path, *roots: Path) -> tuple[MarkedFinding, ...]:
    """The findings of a dump on the sources below some folders."""
    return Dump(heap_of(dump), Settings(source_roots=roots)).marked


def own(program: str) -> Path:
    """The dump of one of our programs."""
    return ROOT / "tests" / "data" / f"{program}.pmat.xz"


def told(finding: MarkedFinding) -> list[tuple[str, str, str]]:
    """(file:line, the marked text, what is said) of each note."""
    texts = []
    for note in finding.notes:
        start, end = note.range
        line = note.path.read_text(encoding="utf-8").split("\n")[start.line - 1]
        texts.append((f"{note.path.name}:{start.line}", line[start.column : end.column], note.text))
    return texts


def test_the_notes_of_the_demo_lead_round_its_cycle(demo_dump: Path) -> None:
    (finding,) = marked(demo_dump, demo_dump.parent / "program")
    assert told(finding) == [
        ("HTTP.pm:79", "sub", "this closure captures $conns"),
        ("HTTP.pm:82", "$conns", "$conns captured here"),
        ("HTTP.pm:70", "$conns", "$conns declared here"),
        ("Connection.pm:42", "on_closed", "stored as {on_closed} here"),
        ("Connection.pm:42", "sub", "this closure captures $on_closed"),
        ("Connection.pm:46", "$on_closed", "$on_closed captured here"),
        ("Connection.pm:36", "$on_closed", "$on_closed declared here"),
    ]
    assert finding.place is not None
    assert (finding.place.status, finding.mark and finding.mark.range) == ("exact", finding.place.keyword)


def test_a_cycle_without_a_closure_is_marked_where_the_key_that_leads_back_is_stored() -> None:
    (finding,) = marked(own("parent_child"), PROGRAMS)
    assert told(finding) == [
        ("parent_child.pl:9", "parent", "stored as {parent} here"),
        ("parent_child.pl:9", "document", "stored as {document} here"),
    ]
    assert finding.mark == finding.notes[0]


def test_plain_data_are_marked_where_their_key_is_stored_and_without_a_key_nothing_is_made_up() -> None:
    by_key, *without = marked(own("self_ref"), PROGRAMS)
    assert told(by_key) == [("self_ref.pl:9", "me", "probably stored as {me} here")]
    assert [(finding.mark, finding.certainty) for finding in without] == [(None, Certainty.UNKNOWN)] * 2


def test_without_the_sources_nothing_is_marked_and_the_reason_is_there(demo_dump: Path, tmp_path: Path) -> None:
    (finding,) = marked(demo_dump, tmp_path)
    assert (finding.mark, finding.notes) == (None, ())
    assert [place.status for place in finding.closures] == ["missing", "missing"]
    assert all(place.note for place in finding.closures)


@pytest.mark.parametrize(
    ("program", "chain"),
    [
        ("self_callback", "Widget → {on_click} → $self → the same Widget"),
        ("recursive_sub", "the closure at recursive_sub.pl:11 → $step → the same closure at recursive_sub.pl:11"),
    ],
)
def test_the_chain_in_one_line(program: str, chain: str) -> None:
    (finding,) = marked(own(program))
    assert chain_text(finding.finding) == chain
