"""The command line as a whole."""

from __future__ import annotations

import pytest

from pmat_lsp import __version__
from pmat_lsp.cli.main import COMMANDS, main
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


@pytest.mark.parametrize(
    "arguments", [[], ["leek"], ["leaks"], ["serve", "--tcp", "7655"], ["serve", "--tcp", "h:99999"]]
)
def test_a_wrong_command_line_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: pmat-lsp" in capsys.readouterr().err


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
