"""`pmat-lsp help`, and words and options in any order."""

from __future__ import annotations

import pytest

from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.catalogue.words import parse_words
from pmat_lsp.cli.main import COMMANDS, main
from pmat_lsp.errors import PmatError
from tests.dumps import ROOT

DUMP = str(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command line that asks for help prints."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", [command.NAME for command in COMMANDS])
def test_help_is_what_the_option_prints(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "help", name) == printed(capsys, name, "--help")


def test_help_alone_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "help") == printed(capsys, "--help")


def test_a_command_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["help", "leek"])
    assert exit_.value.code == 2
    assert "'leek'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["0x1", "3", "-c", "2"], ["-c", "2", "0x1", "3"], ["0x1", "-c", "2", "3"], ["0x1", "3", "--count=2"]]
)
def test_words_and_options_come_in_any_order(words: list[str]) -> None:
    assert parse_words(BY_NAME["elems"], words) == {"sv": "0x1", "start": 3, "count": 2}


def test_an_option_between_the_dump_and_the_last_word_is_no_obstacle(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["symbols", DUMP, "-R", "Courier"]) == 0
    behind = capsys.readouterr().out
    assert main(["symbols", "-R", DUMP, "Courier"]) == 0
    assert capsys.readouterr().out == behind
    assert "&Courier::HTTP::get_connection at CODE(PP) at 0x" in behind


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: SV"),
        (["0x1", "-1"], "no number from 0 on"),
        (["0x1", "x"], "no number from 0 on"),
        (["0x1", "1" * 30], "no number from 0 on"),
        (["0x1", "0", "-c", "0"], "no number above 0"),
        (["0x1", "0", "1"], "unrecognized arguments: 1"),
        (["0x1", "--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_wrong_words_are_an_error_of_the_question(words: list[str], said: str) -> None:
    with pytest.raises(PmatError) as error:
        parse_words(BY_NAME["elems"], words)
    assert error.value.message.startswith("elems: ")
    assert said in error.value.message
    assert error.value.hint.startswith("usage: elems")


def test_the_only_word_of_io_may_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse_words(BY_NAME["io"], []) == {"what": "list", "count": None}
    assert main(["io", DUMP, "list"]) == 0
    listed = capsys.readouterr().out
    assert main(["io", DUMP]) == 0
    assert capsys.readouterr().out == listed
