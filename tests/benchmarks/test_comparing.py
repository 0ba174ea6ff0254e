"""Two checkouts that read or answer alike are told from two that do not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.heap.load import load
from tests.benchmarks import answers, columns


def run(program: object, monkeypatch: pytest.MonkeyPatch, *words: object) -> object:
    monkeypatch.setattr(sys, "argv", ["program", *map(str, words)])
    return program.main()  # type: ignore[attr-defined]


def test_columns_of_other_widths_have_the_same_hash_and_those_of_other_values_another() -> None:
    narrow, wide = np.array([1, 2, 255], np.uint8), np.array([1, 2, 255], np.int64)
    hashes = [columns.hashed(columns.widened(rows)) for rows in (narrow, wide, wide[::-1], wide[:2])]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_names_are_compared_by_what_they_say(demo_dump: Path) -> None:
    heap = load(demo_dump)
    names = dict(columns.columns_of(heap))["globs.name"]
    assert names[0] == heap.string(int(heap.globs.name[0]))


def test_a_column_that_differs_is_named() -> None:
    before = {"x.pmat": {"size": "3:a", "kind": "3:b"}}
    assert columns.differences(before, before) == []
    assert columns.differences(before, {"x.pmat": {"size": "3:c", "kind": "3:b"}}) == ["x.pmat: size"]
    assert columns.differences(before, {}) == ["x.pmat: read on one side only"]


def test_columns_are_the_same_by_the_index_and_a_broken_dump_says_the_same(
    demo_dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.pmat"
    broken.write_bytes(b"PMAT")
    loaded, opened = tmp_path / "loaded.json", tmp_path / "opened.json"
    run(columns, monkeypatch, "write", loaded, demo_dump, tmp_path)
    run(columns, monkeypatch, "write", "--opened", opened, demo_dump, tmp_path)
    assert list(json.loads(loaded.read_text())[str(broken)]) == ["error"]
    assert run(columns, monkeypatch, "compare", loaded, opened) == 0
    assert capsys.readouterr().out.endswith("the same columns of 2 dumps\n")
    run(columns, monkeypatch, "rows", demo_dump, "globs.name")
    assert "STDOUT" in capsys.readouterr().out.splitlines()


def test_every_question_is_asked_and_another_answer_is_told(
    demo_dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "answers.json"
    run(answers, monkeypatch, file, demo_dump)
    found = json.loads(file.read_text())
    of_demo = found[str(demo_dump)]
    assert {name.split()[0] for name in of_demo} == {"leaks", "fix", "facts", *answers.OF_A_DUMP, *answers.OF_AN_SV}
    assert answers.OF_A_DUMP.keys() | answers.OF_AN_SV.keys() | answers.OF_DUMPS.keys() == BY_NAME.keys()
    changed = {str(demo_dump): {**of_demo, "summary {}": "other"}}
    assert columns.differences(found, changed) == [f"{demo_dump}: summary {{}}"]


def test_answers_that_are_shown_are_those_that_people_see(
    demo_dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(answers, monkeypatch, "--show", "l", tmp_path / "none", demo_dump)
    shown = capsys.readouterr().out
    assert "can never be freed" in shown
    assert not (tmp_path / "none").exists()
    # None of the questions met a fault.
    assert "Error:" not in shown
