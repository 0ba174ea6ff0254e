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


def test_a_file_and_line_name_a_sub(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    by_symbol = text(capsys, "show", "&Courier::HTTP::get_connection")
    assert text(capsys, "show", "HTTP.pm:68") == by_symbol
    assert (
        text(capsys, "show", "lib/Courier/HTTP.pm:68") == text(capsys, "show", "./lib/Courier/HTTP.pm:68") == by_symbol
    )
    # Of clones the first, not the prototype.
    assert "closure)" in text(capsys, "show", "HTTP.pm:80")[0]
    # Where the source is here, any line of the sub names it, and of subs in each other the inner one.
    monkeypatch.chdir(ROOT / "pmat_lsp" / "demo" / "program")
    assert text(capsys, "show", "HTTP.pm:67") == by_symbol
    assert "closure)" in text(capsys, "show", "HTTP.pm:79")[0]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("HTTP.pm:1", "HTTP.pm:1: no sub has its first statement there"),
        ("TTP.pm:68", "no sub is from a file TTP.pm"),
        ("No/Such.pm:3", "no sub is from a file No/Such.pm"),
    ],
)
def test_a_line_without_a_sub_is_an_error_that_tells_the_nearest(
    capsys: pytest.CaptureFixture[str], place: str, says: str
) -> None:
    assert main(["show", DUMP, place]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert ("lib/Courier/HTTP.pm:27 Courier::HTTP::new (0x" in err) == place.startswith("HTTP")


def test_find_takes_options_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    subs = text(capsys, "find", "cv", "--xsub", "--package", "utf8")
    assert len(subs) == 8
    assert all(line.startswith("CODE(XS) at 0x") and ": &utf8::" in line for line in subs)
    for words in (["--count", "cv", "--xsub", "-p", "utf8"], ["cv", "-p", "utf8", "-C", "cv", "--xsub"]):
        assert text(capsys, "find", *words) == ["Total: 8 SVs"]
    assert len(rows(capsys, "find", "io", "--fileno", "3")) == len(rows(capsys, "find", "io", "3")) == 1
    assert main(["find", DUMP, "cv", "--xsubs"]) == 2
    assert "find cv has no option --xsubs" in capsys.readouterr().err


def test_strtab_counts_the_hashes_that_have_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    keys = {row["key"]: row for row in rows(capsys, "strtab", "-n", "100000")}
    assert keys["socket"]["hashes"] >= 59
    assert keys["socket"]["bytes"] == 6
    counts = [row["hashes"] for row in keys.values()]
    assert counts == sorted(counts, reverse=True)
    total = next(row for row in rows(capsys, "roots") if row["name"] == "strtab")["is"]
    assert f"HASH({len(keys)})" in total


def test_lists_of_reachability_are_as_long_as_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    counted = {row["class"]: row["svs"] for row in rows(capsys, "reachability")}
    assert counted["unreachable"] > 59
    for name, count in counted.items():
        assert len(rows(capsys, "reachability", "--list", name, "-n", "1000000")) == count


def test_owned_and_structural_counts_are_more_than_plain_ones(capsys: pytest.CaptureFixture[str]) -> None:
    plain, struct, owned = (
        {row["name"]: row for row in rows(capsys, "count", *options)} for options in ((), ("--struct",), ("--owned",))
    )
    assert [row["count"] for row in plain.values()] == [row["count"] for row in owned.values()]
    for name in ("CODE", "HASH", "(total)"):
        assert plain[name]["bytes"] < struct[name]["bytes"] < owned[name]["bytes"]


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
