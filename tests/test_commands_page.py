"""docs/commands.md has every command with its options, and its examples are what the commands print.

`UPDATE_GOLDEN=1` writes the options and the examples that have changed; a new command needs its heading, a sentence,
an empty table and an example's command there first. A line `…` in an example stands for lines that are left out.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pmat_lsp.catalogue.question import Parameter, Question, Takes
from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.cli.main import COMMANDS, main
from pmat_lsp.format.container import read_dump
from tests.dumps import ROOT

PAGE = ROOT / "docs" / "commands.md"
JSON_PAGE = ROOT / "docs" / "json.md"
LEFT_OUT = "…"
_SECTION = re.compile(r"^## ([\w-]+)$", re.MULTILINE)
_EXAMPLE = re.compile(r"^```console\n\$ (pmat-lsp .*)\n((?:.*\n)*?)```$", re.MULTILINE)
_OPTIONS = re.compile(r"^\| option \| \|\n\|---\|---\|\n(?:\|.*\n)*", re.MULTILINE)
_LONGEST_EXAMPLE, _SHOWN_LINES = 14, 9
Run = Callable[[str], str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line beside `courier.pmat` and `fixed.pmat`, returns what it prints."""
    demo = ROOT / "pmat_lsp" / "demo"
    (tmp_path / "courier.pmat").write_bytes(read_dump(demo / "courier.pmat.xz"))
    (tmp_path / "fixed.pmat").write_bytes(read_dump(ROOT / "tests" / "data" / "courier_fixed.pmat.xz"))
    shutil.copytree(demo / "program", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run_here(command: str) -> str:
        try:
            status = main(shlex.split(command)[1:])
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        out, err = capsys.readouterr()
        # Devel::MAT ends some lines in blanks; a page should not.
        out = re.sub(r" +$", "", out, flags=re.MULTILINE)
        assert (status, err) == (1 if " leaks " in command else 0, ""), command
        return out

    return run_here


def page() -> str:
    """The page as it is."""
    return PAGE.read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Command → what the page says of it."""
    parts = _SECTION.split(page())
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def options(question: Question[Any]) -> str:
    """The table of what a question is told."""
    rows = [f"| {_written(parameter)} | {_explained(parameter)} |\n" for parameter in question.parameters]
    return "".join(["| option | |\n|---|---|\n", *rows])


def _written(parameter: Parameter) -> str:
    if parameter.positional or parameter.takes in (Takes.WORDS, Takes.TERMS):
        return f"`{parameter.name.upper()}`"
    value = {Takes.FLAG: "", Takes.NUMBER: " N", Takes.INDEX: " N"}.get(parameter.takes, f" {parameter.name.upper()}")
    letter = f", `-{parameter.letter}`" if parameter.letter else ""
    return f"`--{parameter.name.replace('_', '-')}{value}`{letter}"


def _explained(parameter: Parameter) -> str:
    text = parameter.help.replace("|", "\\|")
    if parameter.choices:
        text += f": {', '.join(parameter.choices)}"
    return text if parameter.default is None else f"{text} (default: {parameter.default})"


def agrees(shown: list[str], printed: list[str]) -> bool:
    """Whether an example is what was printed, but for the lines that it leaves out."""
    pattern = "".join("(?:.*\n)*" if line == LEFT_OUT else re.escape(line) + "\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def refreshed(text: str, run: Run) -> str:
    """The page with the options that there are, and with new examples where they have changed."""

    def example(found: re.Match[str]) -> str:
        shown, printed = found[2].splitlines(), run(found[1]).splitlines()
        if not agrees(shown, printed):
            shown = printed if len(printed) <= _LONGEST_EXAMPLE else [*printed[:_SHOWN_LINES], LEFT_OUT]
        return "\n".join([f"```console\n$ {found[1]}", *shown, "```"])

    parts = _SECTION.split(text)
    for at in range(1, len(parts), 2):
        if question := BY_NAME.get(parts[at]):
            # Not as a replacement, in which backslashes would act.
            parts[at + 1] = options(question).join(_OPTIONS.split(parts[at + 1]))
        parts[at] = f"## {parts[at]}"
    return _EXAMPLE.sub(example, "".join(parts))


def test_the_options_and_the_examples_are_what_the_program_has(run: Run) -> None:
    new = refreshed(page(), run)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(new, encoding="utf-8")
    assert page() == new


def test_every_command_is_there_in_the_order_of_the_help() -> None:
    assert list(sections()) == [command.NAME for command in COMMANDS]


@pytest.mark.parametrize("name", list(BY_NAME))
def test_every_question_has_an_example_and_its_options(name: str) -> None:
    section = sections()[name]
    assert any(shlex.split(example[1])[1] == name for example in _EXAMPLE.finditer(section))
    assert bool(_OPTIONS.search(section)) == bool(BY_NAME[name].parameters)


def test_an_example_may_leave_out_lines_but_not_change_them() -> None:
    printed = ["one", "two", "three"]
    assert agrees(["one", LEFT_OUT, "three"], printed)
    assert agrees(["one", LEFT_OUT], printed)
    assert not agrees(["one", "three"], printed)
    assert not agrees(["two", LEFT_OUT], printed)


def test_the_columns_of_every_answer_are_described(run: Run) -> None:
    """Those of the examples, which are there for each shape of an answer."""
    told = re.findall(r"^\| `([\w-]+)` \| `(\w+)` \| (\w+) \|", JSON_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    found: dict[tuple[str, str, str], None] = {}
    for example in _EXAMPLE.finditer(page()):
        words = shlex.split(example[1])
        if words[1] in BY_NAME:
            answer = json.loads(run(f"{example[1]} --json"))
            rows = [*answer["rows"], {column["name"]: None for column in answer["columns"]}]
            assert {key for row in rows for key in row} - {"depth", "more"} == {c["name"] for c in answer["columns"]}
            found |= dict.fromkeys((words[1], column["name"], column["unit"]) for column in answer["columns"])
    assert sorted(told) == sorted(found)
    assert list(dict.fromkeys(name for name, _, _ in told)) == list(BY_NAME)
