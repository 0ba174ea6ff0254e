"""What the command line shows of values: likely secrets are hidden, except in the reference tool's own format."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pmat_lsp.cli.main import main
from pmat_lsp.heap.symbols import find_symbol
from pmat_lsp.heap.values import hash_entries
from tests.dumps import ROOT, heap_of

DUMP = ROOT / "tests" / "data" / "secrets.pmat.xz"
VALUES = ["values", str(DUMP), "%main::CONFIG"]


def print_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make stdout a terminal. Not a fixture: stdout is another one while the test runs."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints."""
    assert main(words) == 0
    return capsys.readouterr().out


def address(key: bytes) -> str:
    """That of the value of a key of `%CONFIG`."""
    heap = heap_of(DUMP)
    entries = hash_entries(heap, find_symbol(heap, "%main::CONFIG"))
    return hex(heap.address_of(next(entry.value for entry in entries if entry.key == key)))


@pytest.mark.parametrize("shape", [(), ("--json",), ("--csv",)])
def test_likely_secrets_are_hidden_in_a_pipe(capsys: pytest.CaptureFixture[str], shape: tuple[str, ...]) -> None:
    shown = printed(capsys, *VALUES, *shape)
    assert "<likely secret, 12 bytes>" in shown
    assert "correcthorse" not in shown
    assert "db.example.org" in shown


def test_an_answer_in_the_format_of_the_reference_tool_shows_everything_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    print_to_a_terminal(monkeypatch)
    assert '= "correcthorse"' in printed(capsys, *VALUES)
    assert "correcthorse" not in printed(capsys, *VALUES, "--json")


def test_redact_holds_on_a_terminal_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    print_to_a_terminal(monkeypatch)
    shown = printed(capsys, *VALUES, "--redact")
    assert "<string, 12 bytes>" in shown
    assert "db.example.org" not in shown


def test_secrets_are_shown_in_json_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, *VALUES, "--json", "--show-secrets"))["rows"]
    assert any(str(row["is"]).endswith('= "correcthorse"') for row in rows)


def test_a_redacted_report_has_the_same_findings_without_the_keys_that_are_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reports = []
    for words in ([], ["--redact"], ["--show-secrets"]):
        assert main(["leaks", str(DUMP), "--json", *words]) == 1
        reports.append(capsys.readouterr().out)
    assert len({tuple(json.loads(report)["findings"][0]["addresses"]) for report in reports}) == 1
    assert ["alice@example.org" in report for report in reports] == [True, False, True]


def test_redact_and_show_secrets_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*VALUES, "--redact", "--show-secrets"])
    assert "not allowed with argument" in capsys.readouterr().err


def test_the_bytes_of_a_likely_secret_go_into_no_pipe(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    words = ["cat-svpv", str(DUMP), address(b"db_password")]
    assert main(words) == 2
    captured = capfdbinary.readouterr()
    assert captured.out == b""
    assert b"<likely secret, 12 bytes>" in captured.err
    assert main([*words, "--show-secrets"]) == 0
    assert capfdbinary.readouterr().out == b"correcthorse"


def test_a_shell_obeys_the_options_that_it_was_started_with(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = tmp_path / "commands"
    commands.write_text("values %main::CONFIG\n", encoding="utf-8")
    for words, expected in (([], "<likely secret, 12 bytes>"), (["--redact"], "<string, 14 bytes>")):
        with commands.open(encoding="utf-8") as lines:
            monkeypatch.setattr(sys, "stdin", lines)
            assert expected in printed(capsys, "shell", str(DUMP), *words)
