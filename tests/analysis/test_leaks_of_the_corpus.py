"""The leaks of the big corpus are those that its programs were written to have, in every perl, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.analysis.result import Finding
from tests.dumps import corpus_dumps, heap_of, named, needs_corpus

pytestmark = needs_corpus


def program(dump: Path) -> str:
    """`a_conn_leak` of `…/a_conn_leak.pmat.xz`."""
    return dump.name.removesuffix(".pmat.xz")


def of(*names: str) -> list[object]:
    """The dumps of these programs, in every perl."""
    return named([dump for dump in corpus_dumps() if program(dump).startswith(names)])


def findings(dump: Path) -> dict[tuple[object, ...], Finding]:
    """The findings by their closures' places, or by class where there is no closure."""
    report = find_leaks(heap_of(dump)).report
    return {
        tuple((closure.location.file.rpartition("lib/")[2], closure.location.line) for closure in finding.closures)
        or finding.classes: finding
        for finding in report.findings
    }


@pytest.mark.parametrize("dump", of("a_conn_leak"))
def test_connections_are_one_finding_of_twenty_islands_with_two_closures_and_twenty_handles(dump: Path) -> None:
    found = findings(dump)
    (places,) = found
    finding = found[places]
    assert places == (("Net/Client.pm", 25), ("Net/Client.pm", 28))
    assert finding.count == 20
    assert finding.classes == ("Net::Conn",)
    assert len(set(finding.handles)) == len(finding.handles) == 20
    assert min(finding.handles) > 2
    assert finding.pattern.code == "self-callback"
    assert finding.access_path == "$conn->{on_closed}"


@pytest.mark.parametrize("dump", of("c_self_closure"))
def test_closures_that_capture_themselves_are_found_alone_and_as_a_pair(dump: Path) -> None:
    found = findings(dump)
    assert set(found) == {(("App/Walker.pm", 7),), (("App/Walker.pm", 17), ("App/Walker.pm", 18))}
    assert [finding.count for finding in found.values()] == [50, 50]
    assert {finding.pattern.code for finding in found.values()} == {"recursive-sub"}


@pytest.mark.parametrize("dump", of("d_tree_parents"))
def test_trees_with_strong_parents_are_one_island_each(dump: Path) -> None:
    found = findings(dump)
    assert {key: finding.count for key, finding in found.items()} == {("App::Tree",): 5, ("App::Tree::Leafy",): 1}
    assert {finding.pattern.code for finding in found.values()} == {"parent-child"}


@pytest.mark.parametrize("dump", of("j_objects"))
def test_objects_that_hold_themselves(dump: Path) -> None:
    found = findings(dump)
    assert set(found) == {("App::Shape::Circle",), ("App::Shape::Point",)}
    assert all(finding.count == 1 and finding.pattern.code == "self-ref" for finding in found.values())


@pytest.mark.parametrize("dump", of("j2_", "j3_"))
def test_objects_of_feature_class(dump: Path) -> None:
    found = findings(dump)
    assert set(found) == {(("App/Feature.pm", 6),), ("App::Feature::Savings",)}
    assert [finding.count for finding in found.values()] == [1, 1]


@pytest.mark.parametrize("dump", of("o_async_structs"))
def test_the_pending_future_holds_itself(dump: Path) -> None:
    report = find_leaks(heap_of(dump)).report
    assert report.findings == ()
    assert [(finding.count, finding.classes) for finding in report.self_held] == [(1, ("Future",))]


@pytest.mark.parametrize("dump", of("q_"))
def test_the_array_that_perl_itself_leaks_by_local_isa(dump: Path) -> None:
    """XSLoader's `local @ISA` leaves an array and its element, which hold each other through magic."""
    report = find_leaks(heap_of(dump)).report
    assert [(finding.count, finding.pattern.code) for finding in report.findings] == [(1, "magic-cycle")]


CLEAN = ("b_", "e_", "f_", "g_", "h_", "i_", "k_", "l_", "m_", "n_", "p_")


@pytest.mark.parametrize("dump", of(*CLEAN))
def test_nothing_else_is_called_a_leak(dump: Path) -> None:
    report = find_leaks(heap_of(dump)).report
    assert report.findings == ()
    assert report.proven == 0
    assert report.lost == report.unexplained


def test_every_program_of_the_corpus_is_spoken_of() -> None:
    spoken_of = ("a_conn_leak", "c_", "d_", "j_", "j2_", "j3_", "o_", "q_", *CLEAN)
    assert [dump for dump in corpus_dumps() if not program(dump).startswith(spoken_of)] == []
