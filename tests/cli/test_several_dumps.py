"""The commands about several dumps, `list-orphans` and `cat-svpv`, as they are typed."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pmat_lsp.catalogue.question import Question
from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.cli.main import main
from pmat_lsp.format.container import read_dump
from pmat_lsp.session import Dump, Settings
from tests.dump_writer import DumpWriter
from tests.dumps import ROOT, heap_of

DATA = ROOT / "tests" / "data"
DEMO = str(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")
FIXED = str(DATA / "courier_fixed.pmat.xz")
HOSTILE = "Ring\x1b[2J\u202e\x07"
SHOWN = "Ring\\x{1b}[2J\\x{202e}\\x{7}"
ORPHAN = 0x9000


def rings(path: Path, count: int, name: str = "Ring", each: int = 500, orphan: str = "lost") -> str:
    """Writes a dump of so many objects that hold themselves, and of a scalar that nothing refers to."""
    dump = DumpWriter()
    dump.stash(0x1000, name, refcount=1 + count)
    for ring in range(count):
        at = 0x2000 + 0x100 * ring
        dump.hash(at, {"self": at + 0x10}, blessed=0x1000, size=each)
        dump.ref(at + 0x10, at)
    dump.scalar(ORPHAN, pv=orphan, size=24 + len(orphan))
    dump.root("defstash", 0x1000)
    path.write_bytes(dump.to_bytes())
    return str(path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The rows of the JSON that a command prints."""
    assert main([*arguments, "--json"]) == 0
    return list(json.loads(capsys.readouterr().out)["rows"])


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints."""
    assert main(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "change", "numbers"),
    [
        ((3, 500), (7, 500), "grown", (3, 7, 1572, 3668)),
        ((7, 500), (3, 500), "shrunk", (7, 3, 3668, 1572)),
        ((3, 500), (3, 1100), "grown", (3, 3, 1572, 3372)),
        ((0, 500), (2, 500), "new", (0, 2, 0, 1048)),
        ((2, 500), (0, 500), "gone", (2, 0, 1048, 0)),
    ],
)
def test_compare_says_how_each_finding_changed(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    before: tuple[int, int],
    after: tuple[int, int],
    change: str,
    numbers: tuple[int, ...],
) -> None:
    """An object is a hash of 500 or 1,100 bytes with a reference of 24 to it."""
    dumps = [
        rings(tmp_path / f"{number}.pmat", count, each=each) for number, (count, each) in enumerate((before, after))
    ]
    rows = told(capsys, "compare", *dumps)
    keys = ("count_before", "count_after", "bytes_before", "bytes_after")
    (finding,) = [row for row in rows if row["about"] == "finding"]
    assert finding["change"] == change
    assert tuple(finding[key] for key in keys) == numbers
    assert finding["name"].startswith("self-ref-")
    of_class = [tuple(row[key] for key in ("change", *keys[:2])) for row in rows if row["name"] == "Ring"]
    assert of_class == [(change, *numbers[:2])]


@pytest.mark.parametrize("each", [500, 600, 900])
def test_compare_says_so_where_nothing_but_the_room_that_perl_makes_differs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, each: int
) -> None:
    dumps = [rings(tmp_path / f"{number}.pmat", 3, each=size) for number, size in enumerate((500, each))]
    for order in (dumps, dumps[::-1]):
        assert told(capsys, "compare", *order) == []
        assert printed(capsys, "compare", *order) == (
            "No finding, container, class or kind has grown or shrunk.\n1 finding is the same in both dumps.\n"
        )


def test_compare_counts_the_findings_that_are_the_same_behind_what_changed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    leaking, other = rings(tmp_path / "few.pmat", 3), rings(tmp_path / "other.pmat", 3, orphan="x" * 40_000)
    lines = printed(capsys, "compare", leaking, other).splitlines()
    assert [line.split()[:3] for line in lines[2:-1]] == [["kind", "grown", "SCALAR"]]
    assert lines[-1] == "1 finding is the same in both dumps."


def test_compare_tells_a_cure(capsys: pytest.CaptureFixture[str]) -> None:
    rows = told(capsys, "compare", DEMO, FIXED)
    assert [(row["change"], row["count_before"], row["count_after"]) for row in rows if row["about"] == "finding"] == [
        ("gone", 59, 0)
    ]
    assert {row["name"]: row["change"] for row in rows}["Courier::Connection"] == "gone"


def test_diff_lists_what_only_one_dump_has(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    few, many = rings(tmp_path / "few.pmat", 2), rings(tmp_path / "many.pmat", 3)
    lines = printed(capsys, "diff", few, many).splitlines()
    assert lines == [
        "",
        f"0 unique to {few}:",
        "",
        f"2 unique to {many}:",
        "  + HASH(1)=Ring at 0x2200",
        "    └─ REF() at 0x2210",
        "",
        "6 common",
    ]
    back = told(capsys, "diff", many, few)
    assert [(row["depth"], row["change"], row["sv"]) for row in back if row["sv"]] == [
        (1, "gone", "0x2200"),
        (2, "gone", "0x2210"),
    ]


def test_leakreport_tells_in_which_dump_what_stayed_came(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    dumps = [rings(tmp_path / f"{count}.pmat", count) for count in (1, 2, 4, 5)]
    lines = printed(capsys, "leakreport", *dumps).splitlines()
    assert lines == [
        "LEAK[2] HASH(1) at 0x2100",
        "LEAK[2] REF() at 0x2110",
        "LEAK[3] HASH(1) at 0x2200",
        "LEAK[3] REF() at 0x2210",
        "LEAK[3] HASH(1) at 0x2300",
        "LEAK[3] REF() at 0x2310",
    ]
    assert printed(capsys, "leakreport", "--onefile", *dumps).splitlines() == lines[:2]
    # What goes again is no leak.
    assert printed(capsys, "leakreport", *dumps[:2], dumps[0]) == ""


def test_counts_tell_by_how_much_each_number_changed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    few, many = rings(tmp_path / "few.pmat", 2), rings(tmp_path / "many.pmat", 5)
    rows = [row for row in told(capsys, "counts", few, many, few) if row["name"] == "HASH"]
    assert [(row["dump"], row["path"], row["count"], row["count_change"]) for row in rows] == [
        (1, few, 2, None),
        (2, many, 5, 3),
        (3, few, 2, -3),
    ]
    hashes = [line.split() for line in printed(capsys, "counts", few, many).splitlines() if "HASH" in line]
    assert [words[:3] for words in hashes] == [["HASH", "2", "2"], ["HASH", "5(+3)", "5(+3)"]]


def test_a_dump_that_is_counted_twice_is_told_twice(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    dump = rings(tmp_path / "a.pmat", 2)
    once, twice = printed(capsys, "count", dump).splitlines(), printed(capsys, "counts", dump, dump).splitlines()
    assert twice[0] == twice[len(twice) // 2] == dump
    assert twice[: len(twice) // 2] == twice[len(twice) // 2 :]
    assert len(twice) == 2 * (1 + len(once))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", DEMO], "the following arguments are required: DUMP"),
        (["diff", DEMO, DEMO, DEMO], "unrecognized arguments"),
        (["counts"], "the following arguments are required: DUMP"),
    ],
)
def test_a_wrong_number_of_dumps_is_said(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert said in capsys.readouterr().err


def test_leakreport_needs_three_dumps(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    dump = rings(tmp_path / "a.pmat", 1)
    assert main(["leakreport", dump, dump]) == 2
    assert "leakreport is about 3 heap dumps or more, not 2" in capsys.readouterr().err


def test_orphans_are_what_nothing_refers_to(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The rings are lost too, but refer to themselves."""
    dump = rings(tmp_path / "a.pmat", 3)
    assert printed(capsys, "list-orphans", dump) == f"SCALAR(PV) at {ORPHAN:#x}\n"
    assert told(capsys, "list-orphans", dump) == [{"sv": hex(ORPHAN), "is": f"SCALAR(PV) at {ORPHAN:#x}"}]


def test_names_from_a_dump_do_not_act_on_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    few, many = (rings(tmp_path / f"{count}.pmat", count, HOSTILE) for count in (1, 3))
    for name in ("compare", "diff"):
        out = printed(capsys, name, few, many)
        assert SHOWN in out, name
        assert not set(out) & set(HOSTILE[4:] + "\r") - set("[2J"), name


def test_classes_with_odd_names_are_compared_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    odd, plain = str(DATA / "odd_classes.pmat.xz"), str(DATA / "self_ref.pmat.xz")
    changes = {row["name"]: row["change"] for row in told(capsys, "compare", odd, plain) if row["about"] == "class"}
    assert changes["Größe"] == changes["Model::__ANON__::1"] == "gone"


def bytes_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> bytes:
    """The bytes that a command writes."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    assert main(arguments) == 0
    return raw.getvalue()


def test_cat_svpv_prints_just_the_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = "caf\xe9\x00\x1b[2J\n"
    dump = rings(tmp_path / "a.pmat", 1, orphan=text)
    assert bytes_of(monkeypatch, "cat-svpv", dump, hex(ORPHAN)) == text.encode()


@pytest.mark.skipif(not shutil.which("pmat-cat-svpv"), reason="pmat-cat-svpv is not installed")
def test_cat_svpv_prints_what_the_script_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dump = tmp_path / "odd.pmat"
    dump.write_bytes(read_dump(DATA / "odd_strings.pmat.xz"))
    strings = [row["sv"] for row in told(capsys, "find", str(dump), "pv", "-r", r"[^\x20-\x7e]|^/", "-n", "8")]
    assert len(strings) == 8
    for sv in strings:
        theirs = subprocess.run(["pmat-cat-svpv", dump, sv], check=True, capture_output=True, stdin=subprocess.DEVNULL)
        assert bytes_of(monkeypatch, "cat-svpv", str(dump), sv) == theirs.stdout, sv


def test_cat_svpv_says_that_the_dump_has_a_part_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    dump = DumpWriter()
    dump.scalar(0x1000, pv="begin", pvlen=5000)
    dump.root("defstash", 0x1000)
    path = tmp_path / "cut.pmat"
    path.write_bytes(dump.to_bytes())
    assert main(["cat-svpv", str(path), "0x1000"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "begin"
    assert "5 of 5,000 bytes" in printed.err


@pytest.mark.parametrize(("sv", "said"), [("0x1000", "is no scalar"), ("0x1", "no SV at 0x1")])
def test_cat_svpv_of_something_else_is_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sv: str, said: str
) -> None:
    assert main(["cat-svpv", rings(tmp_path / "a.pmat", 1), sv]) == 2
    assert said in capsys.readouterr().err


class Enough(Exception):
    """The end of a question, by who asked it."""


def _stop(_stage: str, _done: int, _total: int) -> None:
    raise Enough


@pytest.mark.parametrize("name", ["compare", "diff", "leakreport", "counts", "list-orphans"])
def test_what_takes_long_can_be_cancelled(name: str) -> None:
    question: Question[Any] = BY_NAME[name]
    dumps = tuple(Dump(heap_of(Path(path)), Settings()) for path in (DEMO, FIXED, FIXED)[: question.dumps[0]])
    with pytest.raises(Enough):
        question.answer(question.asked(dumps, {}, _stop))
    assert question.answer(question.asked(dumps, {})).rows
