"""The commands that Devel::MAT has too: what they print, as text and JSON, and their errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pmat_lsp.cli.main import main
from tests.dumps import ROOT

DUMP = str(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")


def text(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The lines that a command prints."""
    assert main([arguments[0], DUMP, *arguments[1:]]) == 0
    return capsys.readouterr().out.splitlines()


def rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The rows of the JSON that a command prints."""
    assert main([arguments[0], DUMP, *arguments[1:], "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == 1
    return list(answer["rows"])


def leaked_handle(capsys: pytest.CaptureFixture[str]) -> str:
    """The address of a file handle on the demo's cycle."""
    assert main(["leaks", DUMP, "--json"]) == 1
    cycle = json.loads(capsys.readouterr().out)["findings"][0]["addresses"][0]
    found = [row for row in rows(capsys, "outrefs", str(cycle), "--all") if row["is"].startswith("GLOB(")]
    assert found
    return str(found[0]["sv"])


def test_summary_says_the_perl_and_counts_the_svs(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = text(capsys, "summary")
    row = rows(capsys, "summary")[0]
    assert first == f"Perl memory dumpfile from perl {row['perl']} {row['threads']}"
    assert second == f"Heap contains {row['objects']} objects"
    assert row["bytes"] > row["objects"] > row["blessed"] > 0


def test_kinds_add_up_to_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    counted = rows(capsys, "count", "--blessed", "--scalars")
    total = counted[-1]
    assert total["about"] == "total"
    for column in ("count", "blessed", "bytes", "blessed_bytes"):
        assert sum(row[column] for row in counted if row["about"] == "kind") == total[column]
    assert sum(row["blessed"] for row in counted if row["about"] == "class") == total["blessed"]


def test_roots_can_be_named_as_svs(capsys: pytest.CaptureFixture[str]) -> None:
    defstash = next(row for row in rows(capsys, "roots") if row["name"] == "defstash")
    assert text(capsys, "show", "defstash")[0].startswith(f"STASH({defstash['is'].split('(')[1].split(')')[0]}) at")
    assert f"at {defstash['sv']}=defstash with refcount" in text(capsys, "show", "defstash")[0]


def test_symbols_name_svs(capsys: pytest.CaptureFixture[str]) -> None:
    lines = text(capsys, "show", "%main::INC")
    assert "  named as %main::INC" in lines
    assert text(capsys, "identify", "%INC")[-1] == "└─the symbol '%main::INC'"


@pytest.mark.parametrize("elide", [(), ("--no-elide",)])
def test_references_out_and_in_are_each_others(capsys: pytest.CaptureFixture[str], elide: tuple[str, ...]) -> None:
    own = rows(capsys, "show", "%main::INC")
    assert own[0]["fact"] == "refcount"
    glob = next(row for row in rows(capsys, "inrefs", "%main::INC") if row["name"] == "the hash")
    assert any(row["name"] == "the hash" for row in rows(capsys, "outrefs", glob["sv"]))
    assert text(capsys, "identify", glob["sv"], *elide)[0].startswith(glob["is"])


@pytest.mark.parametrize("sv", ["0x1", "$No::such", "nothing", "%", "0xzz", "12"])
def test_an_sv_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str], sv: str) -> None:
    assert main(["show", DUMP, sv]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("pmat-lsp: ")


def test_identify_goes_on_past_a_glob_that_has_left_the_symbol_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Devel::MAT ends at "the glob '*Symbol::GEN0'", and so hides the cycle."""
    lines = text(capsys, "identify", leaked_handle(capsys))
    assert "(via RV) value {socket} of HASH(4)=Courier::Connection" in lines[1]
    assert any("the lexical $on_closed at depth 1 of CODE(PP,closure)" in line for line in lines)
    assert lines[-1].lstrip() == "└─already found circularly as *A"
    assert sum("(*A)" in line for line in lines) == 1


def test_identify_to_root_is_one_chain(capsys: pytest.CaptureFixture[str]) -> None:
    told = rows(capsys, "identify", leaked_handle(capsys), "--to-root")
    assert [row["depth"] for row in told] == list(range(len(told)))
    assert told[-1]["tells"] == "circular"
    assert {row["tells"] for row in told[:-1]} == {"reference"}


def test_depth_bounds_what_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = rows(capsys, "identify", leaked_handle(capsys), "--depth", "2", "--weak")
    assert max(row["depth"] for row in told) == 2
    assert any(row["tells"] == "too deep" for row in told)
