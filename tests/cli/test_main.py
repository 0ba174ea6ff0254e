"""The command line as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmat_lsp import __version__
from pmat_lsp.cli.main import BY_NAME, COMMANDS, main
from pmat_lsp.cli.order import in_order
from pmat_lsp.cli.output import wants_colour


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"pmat-lsp {__version__}\n"


def test_help_names_every_command_in_its_order(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    places = [out.index(f"\n    {command.NAME}") for command in COMMANDS]
    assert places == sorted(places)


@pytest.mark.parametrize("command", [command.NAME for command in COMMANDS])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    assert f"usage: pmat-lsp {command}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["leaks"], ["serve", "--tcp", "7655"], ["serve", "--tcp", "h:99999"]])
def test_a_wrong_command_line_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: pmat-lsp" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("identify DUMP defstash", "identify DUMP defstash"),
        ("DUMP identify defstash", "identify DUMP defstash"),
        ("DUMP io list --csv", "io DUMP list --csv"),
        ("io list DUMP", "io DUMP list"),
        ("io DUMP", "io DUMP"),
        ("DUMP", "shell DUMP"),
        ("DUMP --memory-limit 1G", "shell DUMP --memory-limit 1G"),
        ("--version", "--version"),
        ("", ""),
    ],
)
def test_the_dump_may_come_first_as_it_does_for_pmat(words: str, line: str, demo_dump: Path) -> None:
    typed = words.replace("DUMP", str(demo_dump)).split()
    assert " ".join(in_order(typed, BY_NAME)).replace(str(demo_dump), "DUMP") == line


def test_a_file_that_is_called_like_a_word_of_a_question_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list").touch()
    assert in_order(["io", "list", "list"], BY_NAME) == ["io", "list", "list"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["leek"], "Did you mean leaks?"),
        (["DUMP", "idnetify"], "Did you mean identify?"),
        (["xyzzy"], "pmat-lsp --help"),
    ],
)
def test_a_command_that_there_is_not_is_told_with_the_one_that_may_be_meant(
    words: list[str], hint: str, demo_dump: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.replace("DUMP", str(demo_dump)) for word in words]) == 2
    error = capsys.readouterr().err
    assert f"there is no command '{words[-1]}'" in error
    assert hint in error


@pytest.mark.parametrize(
    ("environment", "is_terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colour_is_for_terminals_unless_the_user_says_otherwise(
    environment: dict[str, str], is_terminal: bool, coloured: bool
) -> None:
    assert wants_colour(is_terminal, environment) is coloured
