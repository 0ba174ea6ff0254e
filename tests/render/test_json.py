"""The JSON of the leaks is the interface that docs/json.md describes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmat_lsp.cli.main import main
from pmat_lsp.render.json import leaks_json
from pmat_lsp.session import Dump, Settings
from tests.dump_writer import DumpWriter
from tests.dumps import ROOT, heap_of, own_dumps

DEMO = ROOT / "pmat_lsp" / "demo"
PAGE = ROOT / "docs" / "json.md"
_OF_UNEXPLAINED = "## With `--unexplained`\n"
_ROW = re.compile(r"^\| `([^`]+)` \| ([a-z ]+) \|", re.MULTILINE)
_TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "boolean": bool, "object": dict}


def answer_of(path: Path) -> str:
    dump = Dump(heap_of(path), Settings(source_roots=(DEMO / "program",)))
    return leaks_json(dump.heap, dump.leaks.report, dump.marked, dump.marked_self_held)


def documented() -> dict[str, str]:
    """Key → type, as the part of the page about `leaks` has them."""
    text = PAGE.read_text(encoding="utf-8").split("\n# ")[0]
    return dict(_ROW.findall(text.partition(_OF_UNEXPLAINED)[0]))


def leaves(value: object, name: str = "") -> list[tuple[str, object]]:
    """Every key in the answer, named as on the page, with its value."""
    found: list[tuple[str, object]] = [(name, value)] if name and not name.endswith("[]") else []
    if isinstance(value, dict):
        for key, held in value.items():
            found += leaves(held, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for held in value:
            if isinstance(held, dict):
                found += leaves(held, f"{name}[]")
    return found


def fits(value: object, type_: str) -> bool:
    if type_.startswith("list"):
        element = type_.removeprefix("list of ").removesuffix("s")
        return isinstance(value, list) and all(fits(held, element) for held in value if element in _TYPES)
    if type_.endswith(" or null"):
        return value is None or fits(value, type_.removesuffix(" or null"))
    return isinstance(value, _TYPES[type_]) and (type_ == "boolean" or not isinstance(value, bool))


def keys_of(path: Path) -> dict[str, None]:
    """Every key in the answer; those of the two lists of findings, and of all steps, are called alike."""
    names = (name for name, _ in leaves(json.loads(answer_of(path))))
    return dict.fromkeys(called_alike(name) for name in names)


def called_alike(name: str) -> str:
    """As the page has it."""
    name = name.replace("self_held[]", "findings[]")
    return name.replace("ways_in[].weak.", "cycle[].")


def test_keys_are_exactly_those_of_the_page_in_its_order() -> None:
    leaked = keys_of(DEMO / "courier.pmat.xz")
    others = [keys_of(ROOT / f"tests/data/{name}.pmat.xz") for name in ("self_held_registry", "field_hash_loop")]
    assert leaked.keys() | others[0].keys() | others[1].keys() == documented().keys()
    assert list(leaked) == [name for name in documented() if name in leaked]


def test_keys_of_what_is_unexplained_are_those_of_its_section() -> None:
    dump = Dump(heap_of(ROOT / "tests" / "data" / "parser_handler.pmat.xz"), Settings())
    answer = json.loads(leaks_json(dump.heap, dump.leaks.report, dump.marked, dump.marked_self_held, dump.unexplained))
    told = [(name, value) for name, value in leaves(answer) if name.startswith("unexplained")]
    section = PAGE.read_text(encoding="utf-8").partition(_OF_UNEXPLAINED)[2].split("\n# ")[0]
    types = dict(_ROW.findall(section))
    assert list(dict.fromkeys(name for name, _ in told)) == list(types)
    assert [(name, value) for name, value in told if not fits(value, types[name])] == []


@pytest.mark.parametrize("path", own_dumps(), ids=lambda path: path.name.partition(".")[0])
def test_every_value_has_the_type_of_the_page(path: Path) -> None:
    types = documented()
    wrong = [
        (name, value)
        for name, value in leaves(json.loads(answer_of(path)))
        if not fits(value, types[called_alike(name)])
    ]
    assert wrong == []


def test_the_demo_gives_its_leak_with_the_files_on_this_disk() -> None:
    answer = json.loads(answer_of(DEMO / "courier.pmat.xz"))
    (finding,) = answer["findings"]
    assert answer["schema"] == 1
    assert answer["checked"]["lost"] == sum(
        answer["checked"][verdict] for verdict in ("unexplained", "self_held", "proven")
    )
    assert (finding["pattern"], finding["count"], len(finding["handles"])) == ("container-capture", 59, 59)
    assert len(finding["addresses"]) == len(set(finding["addresses"])) == 59
    assert [closure["resolved"] for closure in finding["closures"]] == [
        str(DEMO / "program" / "lib" / "Courier" / name) for name in ("Connection.pm", "HTTP.pm")
    ]
    cycle = finding["cycle"]
    assert [hop["to"] for hop in cycle] == [hop["from"] for hop in cycle[1:] + cycle[:1]]


def test_nothing_leaked_is_an_answer_too() -> None:
    answer = json.loads(answer_of(ROOT / "tests" / "data" / "courier_fixed.pmat.xz"))
    assert answer["findings"] == []
    assert answer["checked"]["proven"] == 0
    assert answer["checked"]["roots"] > 0


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_name_gives_sound_json_in_printable_ascii(name: str) -> None:
    path = ROOT / "tests" / "data" / "self_ref.pmat.xz"
    dump = Dump(heap_of(path), Settings())
    marked = dump.marked[0]
    hostile = replace(marked, finding=replace(marked.finding, classes=(name,)))
    text = leaks_json(dump.heap, dump.leaks.report, [hostile], [])
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    read = json.loads(text)["findings"][0]["classes"][0]
    read.encode("utf-8")  # raises an error where a surrogate is left
    if not any("\ud800" <= character <= "\udfff" for character in name):
        assert read == name


def test_a_name_of_a_megabyte_is_cut_in_every_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer, name = DumpWriter(), "C" * 1_000_000
    writer.root("defstash", 0x100)
    writer.stash(0x100, "main", {f"{name}::": 0x150})
    writer.glob(0x150, f"{name}::", stash=0x100, hash=0x200)
    writer.stash(0x200, name)
    writer.hash(0x1000, {name: 0x1100}, blessed=0x200, refcount=1)
    writer.ref(0x1100, 0x1000)
    dump = tmp_path / "a.pmat"
    dump.write_bytes(writer.to_bytes())
    for words in (["leaks"], ["fix"], ["dominators"], ["packages"], ["identify", "0x1000"], ["values", "0x1000"]):
        main([words[0], str(dump), *words[1:], "--json"])
        assert 500 < len(capsys.readouterr().out) < 50_000, words
