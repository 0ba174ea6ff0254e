"""What only holds itself, yet live code can reach: told below the leaks, without their exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pmat_lsp.cli.main import main
from tests.dumps import ROOT

PROGRAMS = str(ROOT / "tests" / "programs")


def dump(name: str) -> str:
    return str(ROOT / "tests" / "data" / f"{name}.pmat.xz")


def test_self_held_objects_are_a_note_with_the_way_to_them_and_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", dump("self_held_registry"), "--source-root", PROGRAMS]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "note[self-held]: 4 Session objects are kept alive only by themselves, and live code can still reach them\n"
    )
    assert "self_held_registry.pl:17:25\n" in out
    assert " = reach   %Session::BY_ID → {1} (weak) → Session\n" in out
    assert "no proven leak. Checked " in out
    assert "; 4 islands (2.2 KiB) hold themselves" in out
    assert "largest --retained" not in out


def test_self_held_findings_have_a_list_of_their_own_in_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", dump("self_held_registry"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["findings"] == []
    assert answer["checked"]["proven"] == 0
    assert answer["checked"]["self_held"] > 0
    (finding,) = answer["self_held"]
    assert (finding["verdict"], finding["proven"], finding["count"]) == ("self-held", False, 4)
    (way,) = finding["ways_in"]
    assert (way["start"], way["labels"], way["weak"]["via"]) == ("%Session::BY_ID", [], "->{1}")


def test_a_leak_of_which_a_part_is_still_in_use_stays_a_leak_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", dump("leak_with_part_in_use"), "--source-root", PROGRAMS]) == 1
    out = capsys.readouterr().out
    assert out.startswith("leak[self-callback]: 3 Order objects can never be freed\n")
    assert " = note    live code can still reach a part of what they alone keep alive" in out
    assert "1 proven leak (3 islands" in out


def test_an_ignore_comment_covers_a_self_held_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "tests" / "programs" / "self_held_registry.pl").read_text(encoding="utf-8")
    comment = "# pmat: ignore[self-held] closed by hand"
    changed = text.replace("{on_close} = sub {", "{on_close} = sub {    " + comment)
    assert changed != text
    (tmp_path / "self_held_registry.pl").write_text(changed, encoding="utf-8")
    assert main(["leaks", dump("self_held_registry"), "--source-root", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "note[self-held]" not in out
    assert "ignored by a comment: " in out
    assert "(closed by hand)" in out


def test_compare_tells_of_self_held_findings_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", dump("self_held_registry"), dump("leak_with_part_in_use"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    changes = {(row["change"], row["what"]) for row in rows if row["about"] == "finding"}
    assert changes == {
        ("new", "3 Order objects can never be freed"),
        ("gone", "4 Session objects are kept alive only by themselves"),
    }
