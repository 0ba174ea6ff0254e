"""`pmat-lsp largest`, `size` and `dominators`: what they print, as text and JSON, and their errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pmat_lsp.cli.main import main
from tests.dumps import ROOT

DUMP = str(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON that a command prints."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def largest_address(capsys: pytest.CaptureFixture[str]) -> str:
    """Of the SV that retains most."""
    return str(answer(capsys, "largest", DUMP, "--retained", "-n", "1")["rows"][0]["sv"])


def test_largest_lists_as_many_as_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    for count in (["-n", "3"], ["3"]):
        assert main(["largest", DUMP, *count]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 4
        assert "=strtab: 137.5 KiB" in lines[0]
        assert lines[-1].startswith("others: ")


def test_largest_tells_what_the_owned_size_of_an_sv_is_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    rows = answer(capsys, "largest", DUMP, "--owned", "2", "1", "1")["rows"]
    assert [row["depth"] for row in rows] == [0, 0, 1, 2, 2, 1, 0]
    owned = {row["size"]: row for row in answer(capsys, "size", DUMP, rows[1]["sv"])["rows"]}["owned"]
    assert owned["bytes"] == rows[1]["size"]
    assert main(["largest", DUMP, "2", "1", "--struct"]) == 0
    assert ": of which\n |   GLOB(" in capsys.readouterr().out


def test_largest_by_retained_size_is_in_that_order(capsys: pytest.CaptureFixture[str]) -> None:
    rows = answer(capsys, "largest", DUMP, "--retained")["rows"]
    assert len(rows) == 20
    assert [row["retained"] for row in rows] == sorted((row["retained"] for row in rows), reverse=True)
    assert all(row["retained"] >= row["size"] > 0 for row in rows)


def test_size_of_one_sv_is_that_of_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    listed = answer(capsys, "largest", DUMP, "--retained", "-n", "1")["rows"][0]
    rows = {row["size"]: row for row in answer(capsys, "size", DUMP, listed["sv"], "--retained")["rows"]}
    assert rows["retained"] == {"size": "retained", "bytes": listed["retained"], "svs": listed["svs"]}
    assert rows["itself"]["bytes"] == listed["size"]
    assert list(rows) == ["itself", "structure", "owned", "retained"]


def test_size_does_not_say_what_was_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    address = largest_address(capsys)
    assert main(["size", DUMP, address]) == 0
    assert "retained" not in capsys.readouterr().out


def test_dominators_start_at_the_whole_heap_or_at_one_sv(capsys: pytest.CaptureFixture[str]) -> None:
    top = answer(capsys, "dominators", DUMP, "--depth", "1", "-n", "2")["rows"]
    assert [row["depth"] for row in top] == [0, 1, 1]
    assert top[0]["sv"] is None
    below = answer(capsys, "dominators", DUMP, top[1]["sv"], "--depth", "2")["rows"]
    assert below[0] == {**top[1], "depth": 0, "more": below[0]["more"]}
    assert max(row["depth"] for row in below) == 2


def test_dominators_by_class_tell_what_the_leaked_objects_keep(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["class"]: row for row in answer(capsys, "dominators", DUMP, "--by", "class", "-n", "100")["rows"]}
    assert rows["Courier::Connection"]["objects"] >= 59
    assert rows["Courier::Connection"]["retained"] > rows["Courier::Connection"]["size"]


def test_dominators_by_package_name_packages(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["package"]: row for row in answer(capsys, "dominators", DUMP, "--by", "package", "-n", "999")["rows"]}
    assert {"main", "Courier::HTTP", "Courier::Connection"} <= set(rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["size", DUMP, "0x12"], "no SV at 0x12"),
        (["dominators", DUMP, "0x12"], "no SV at 0x12"),
        (["dominators", DUMP, "0x12", "--by", "class"], "--by is about the whole heap"),
        (["largest", "nowhere.pmat"], "nowhere.pmat: "),
        (["size", DUMP, "here"], "'here' names no SV"),
    ],
)
def test_errors_are_one_line_and_status_2(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err.splitlines()[0]


@pytest.mark.parametrize("arguments", [["largest", DUMP, "-n", "0"], ["largest", DUMP, "-n", "x"]])
def test_what_is_no_number_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "is no" in capsys.readouterr().err
