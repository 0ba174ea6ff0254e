"""Answers of `query` are the figures that the commands tell; SQL reaches nothing but the views."""

from __future__ import annotations

import csv
import io
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pmat_lsp.analysis.count import CountOptions, count_table
from pmat_lsp.analysis.handles import handles_table
from pmat_lsp.analysis.instances import class_table
from pmat_lsp.cli.main import main
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind, RefKind, Strength
from pmat_lsp.heap.naming import key_text
from pmat_lsp.heap.neighbours import DIRECT, references_in, references_out
from pmat_lsp.heap.progress import no_progress
from pmat_lsp.heap.values import scalar_value
from pmat_lsp.query import database
from pmat_lsp.query.database import query_table
from pmat_lsp.query.views import VIEWS
from pmat_lsp.session import Dump, Settings, Shown
from tests.dump_writer import DumpWriter
from tests.dumps import ROOT, heap_of, named, own_dumps

DEMO = str(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")


def rows(dump: Dump, sql: str) -> list[tuple[object, ...]]:
    """All rows of an answer."""
    return list(query_table(dump, sql, None, no_progress).rows)


@pytest.mark.parametrize("path", named(own_dumps()))
def test_figures_and_references_are_those_of_the_commands(path: Path) -> None:
    dump = Dump(heap_of(path), Settings()).showing(Shown.EVERYTHING)
    _check_figures(dump)
    _check_references(dump, random.Random(path.name))
    _check_strings(dump)


def _check_figures(dump: Dump) -> None:
    heap = dump.heap
    counted = [row[1:3] + row[4:5] for row in count_table(heap, CountOptions()).rows if row[0] == "kind"]
    assert rows(dump, "select kind, count(*), sum(size) from svs group by kind order by kind") == sorted(counted)

    sizes = dump.retained()
    heaviest = sorted(range(heap.n), key=lambda sv: (-int(sizes.bytes[sv]), sv))[:50]
    assert rows(dump, "select addr, retained, retained_svs from svs order by retained desc, addr limit 50") == [
        (heap.address_of(sv), int(sizes.bytes[sv]), int(sizes.svs[sv])) for sv in heaviest
    ]
    report = dump.leaks.report
    sums = "select count(*) filter (lost), count(*) filter (unexplained), count(*) filter (proven) from svs"
    assert rows(dump, sums) == [(report.lost, report.unexplained, report.proven)]

    handles = [(row[0], *row[2:]) for row in handles_table(heap, dump.ownership).rows]
    assert rows(dump, "select addr, ifileno, ofileno, name, state from handles") == handles
    classes = class_table(heap, sizes, heap.n).rows
    assert rows(dump, "select * from classes order by all") == sorted(classes, key=lambda row: tuple(map(_key, row)))


def _key(value: object) -> Any:
    return value.encode() if isinstance(value, str) else value


def _check_references(dump: Dump, chance: random.Random) -> None:
    heap = dump.heap
    svs = chance.sample(range(heap.n), 60)
    chosen = ", ".join(str(heap.address_of(sv)) for sv in svs)
    told = rows(
        dump,
        "select source_addr, target_addr, strength, kind, name, index from refs"
        f" where source_addr in ({chosen}) or target_addr in ({chosen})",
    )
    for sv in svs:
        at = heap.address_of(sv)
        for mine, other, references in ((0, 1, references_out), (1, 0, references_in)):
            theirs = sorted(
                (heap.address_of(one.sv), str(one.strength.name).lower())
                for one in references(heap, sv, DIRECT | Strength.INFERRED)
            )
            assert sorted((row[other], row[2]) for row in told if row[mine] == at and row[2] != "indirect") == theirs
        names = [one.name for one in references_out(heap, sv) if one.name.startswith(("value {", "element ["))]
        texts = [
            f"element [{row[5]}]" if row[3] == "element" else f"value {key_text(heap, sv, str(row[4] or '').encode())}"
            for row in told
            if row[0] == at and row[3] in ("value", "element")
        ]
        if all("\\" not in name for name in names):
            assert sorted(texts) == sorted(name for name in names if not name.endswith("via RV"))


def _check_strings(dump: Dump) -> None:
    heap = dump.heap
    told = rows(dump, "select addr, text, bytes, dumped, utf8 from strings order by addr")
    values = {heap.address_of(sv): scalar_value(heap, sv) for sv in heap.ids_of(Kind.SCALAR).tolist()}
    assert told == [
        (address, value.text, value.string_length, len(value.string), str(value.utf8).lower())
        for address, value in values.items()
        if value.string is not None
    ]


@pytest.mark.parametrize("minor", [0, 2, 4, 6])
@pytest.mark.parametrize("words", [{}, {"big_endian": True, "ptr64": False, "uint64": False}, {"long_double": True}])
def test_strings_of_every_layout(minor: int, words: dict[str, Any], tmp_path: Path) -> None:
    writer = DumpWriter(minor, **words)
    writer.scalar(0x1000, uv=7, nv=0.5, pv="long", pvlen=70)
    writer.scalar(0x2000, pv="caf\xe9", utf8=True)
    writer.scalar(0x3000, pv="")
    writer.root("main_cv", 0x1000)
    path = tmp_path / "strings.pmat"
    path.write_bytes(writer.to_bytes())
    dump = Dump(heap_of(path), Settings())
    assert rows(dump, "select addr, text, bytes, dumped from strings") == [
        (0x1000, "long", 70, 4),
        (0x2000, "caf\xe9", 5, 5),
        (0x3000, "", 0, 0),
    ]


def test_every_reference_is_there(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    dump = Dump(heap, Settings())
    counted = int(((heap.out_strength & Strength.COUNTED) != 0).sum())
    lexicals = int((heap.out_kind == RefKind.PAD_LEXICAL).sum())
    assert rows(
        dump,
        "select count(*), count(*) filter (counted),"
        " count(*) filter (kind = 'pad_lexical' and name[1] in ('$', '@', '%', '&')) from refs",
    ) == [(len(heap.out_kind), counted, lexicals)]


def test_closures_are_those_of_the_leaks(demo_dump: Path) -> None:
    dump = Dump(heap_of(demo_dump), Settings())
    told = rows(dump, "select file, line, captured, clones, leaked from closures where leaked > 0 order by line")
    expected = {
        (one.location.file, one.location.line, one.live, one.leaked)
        for f in dump.leaks.report.findings
        for one in f.closures
    }
    assert {(row[0], row[1], row[3], row[4]) for row in told} == expected
    assert len(expected) >= 2
    assert any("$conns" in str(row[2]) for row in told)


@pytest.mark.parametrize(
    ("sql", "stages"),
    [
        ("select kind, count(*) from svs group by kind", set()),
        ("select count(*) from refs", set()),
        ("select sum(bytes) from strings", {"lengths"}),
        ("select kind from svs where name = '&Courier::HTTP::get_connection'", {"names"}),
        ("select max(retained) from svs", {"retained sizes"}),
        ("select r.kind from refs r join svs s on s.addr = r.target_addr where s.kind = 'CODE'", set()),
        ("from svs", {"names", "retained sizes"}),
        ("describe svs", set()),
        ("from svs, refs limit 1", {"names", "retained sizes", "keys"}),
    ],
)
def test_only_columns_that_a_query_uses_are_read(sql: str, stages: set[str], demo_dump: Path) -> None:
    seen = set[str]()
    query_table(Dump(heap_of(demo_dump), Settings()), sql, None, lambda stage, _done, _total: seen.add(stage))
    assert seen - {"query"} == stages


@pytest.mark.parametrize("read", [set(), {"svs.kind"}, {"svs.size", "svs.name"}])
def test_an_answer_is_right_whatever_duckdb_says_that_it_reads(
    read: set[str], demo_dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = Dump(heap_of(demo_dump), Settings())
    sql = "select kind, count(*), sum(size), max(name) from svs group by kind order by kind"
    told = rows(dump, sql)
    monkeypatch.setattr(database, "_columns_read", lambda *_: read)
    assert rows(dump, sql) == told


def test_names_lead_to_svs(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    dump = Dump(heap, Settings())
    for name in ("%main::INC", "&Courier::HTTP::get_connection", "@main::INC"):
        assert rows(dump, f"select addr from svs where name = '{name}'") == [(heap.address_of(dump.find_sv(name)),)]
    assert rows(dump, "select file, line from svs where name = '&Courier::HTTP::get_connection'") == [
        ("lib/Courier/HTTP.pm", 68)
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/etc/*')",
        "select * from arrays",
        "copy svs to '/tmp/never.csv'",
        "attach '/tmp/never.db'",
        "install httpfs",
        "load httpfs",
        "set threads = 1",
        "create table x as select 1",
        "drop view svs",
        "export database '/tmp/never'",
        "select 1; select 2",
        "select 1) union all (select 2",
        "",
        "-- nothing",
        "selec",
        "select nothing from svs",
        "select cast(class as integer) from svs",
        "select '\udc80' from nowhere",
    ],
)
def test_sql_that_is_wrong_or_reaches_out_is_an_error(sql: str, demo_dump: Path) -> None:
    arrays = {"secret": 1}  # a variable of this program is no table
    dump = Dump(heap_of(demo_dump), Settings())
    with pytest.raises(PmatError) as error:
        query_table(dump, sql, None, no_progress)
    assert "\n" not in error.value.message
    assert arrays
    assert not Path("/tmp/never.csv").exists()
    assert not Path("/tmp/never.db").exists()


class Enough(Exception):
    """The end of a question, by who asked it."""


def test_a_query_ends_when_nobody_wants_it(demo_dump: Path) -> None:
    dump = Dump(heap_of(demo_dump), Settings())
    dump.retained()
    began = time.monotonic()

    def stop(stage: str, _done: int, _total: int) -> None:
        if stage == "query" and time.monotonic() - began > 0.5:
            raise Enough

    with pytest.raises(Enough):
        query_table(dump, "select count(*) from range(10000000) a, range(10000000) b, svs", None, stop)
    assert time.monotonic() - began < 20


def test_ctrl_c_ends_a_query() -> None:
    command = [sys.executable, "-m", "pmat_lsp", "query", DEMO]
    process = subprocess.Popen(
        [*command, "select count(*) from range(10000000) a, range(10000000) b"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        cwd=ROOT,
    )
    try:
        time.sleep(4)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    finally:
        process.kill()
        process.communicate()


def test_without_duckdb_the_error_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    for arguments in (["query", DEMO, "select 1"], ["export", DEMO, "--parquet", str(tmp_path / "out")]):
        assert main(arguments) == 2
        assert "pip install 'pmat-lsp[query]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_rows_are_cut_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    def told(*words: str) -> dict[str, Any]:
        assert main(["query", DEMO, "from svs select address, class, refcount", "--json", *words]) == 0
        return dict(json.loads(capsys.readouterr().out))

    few, every = told("--count", "7"), told("--all")
    assert len(few["rows"]) == 7
    assert few["rows"] == every["rows"][:7]
    assert few["more"] == len(every["rows"]) - 7 > 10_000
    assert len(told()["rows"]) == 100
    assert [column["unit"] for column in few["columns"]] == ["sv", "text", "count"]


def test_names_from_a_dump_are_escaped_in_every_shape(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    dump = DumpWriter()
    dump.stash(0x1000, "Ring\x1b[2J\u202e", refcount=2)
    dump.hash(0x2000, {b"\xff\x07": 0x2100}, blessed=0x1000)
    dump.scalar(0x2100, pv='say "\x1b", \r\n\x00')
    dump.code(0x3000, file=b"lib/\x80.pm", line=7, name="f", oproot=0x7000)
    dump.root("defstash", 0x1000)
    path = tmp_path / "hostile.pmat"
    path.write_bytes(dump.to_bytes())
    sql = """
        select class, file, (select any_value(text) from strings) as text,
            (select any_value(name) filter (kind = 'value') from refs) as key
        from svs where class is not null or kind = 'CODE' order by class
    """
    for words in ((), ("--json",), ("--csv",)):
        assert main(["query", str(path), sql, *words]) == 0
        out = capsys.readouterr().out
        assert not set(out) & set("\x1b\x07\x00\r\u202e"), words
        assert "80.pm" in out
    line = next(line for line in csv.DictReader(io.StringIO(out)) if line["class"])
    assert line == {
        "class": "Ring\\x{1b}[2J\\x{202e}",
        "file": "",
        "text": 'say "\\x{1b}", \\r\\n\\x{0}',
        "key": "ÿ\\x{7}",
    }


def test_a_heap_without_anything_has_empty_views(tmp_path: Path) -> None:
    path = tmp_path / "empty.pmat"
    path.write_bytes(DumpWriter().to_bytes())
    dump = Dump(heap_of(path), Settings())
    for view in VIEWS:
        assert rows(dump, f"from {view.name}") == []
        assert [row[:2] for row in rows(dump, f"describe {view.name}")] == [
            row[:2] for row in rows(Dump(heap_of(Path(DEMO)), Settings()), f"describe {view.name}")
        ]


def test_csv_is_the_table_of_any_question(capsys: pytest.CaptureFixture[str]) -> None:
    for question in ("roots", "dominators"):
        assert main([question, DEMO, "--csv"]) == 0
        lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert main([question, DEMO, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)["rows"]
        keys = [key for key in told[0] if key != "more"]
        assert lines == [{key: "" if row[key] is None else str(row[key]) for key in keys} for row in told]
