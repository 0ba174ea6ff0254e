"""Neovim: what only holds itself, and fixes that are verified on the program."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cures.running import needs_dumper
from tests.editors.neovim import Neovim, neovim, programs
from tests.server.editor import own_workspace
from tests.server.verifying import CALLS, COMMAND, FILE, KEEPS, MODULE, program

pytest.importorskip("pynvim", reason="pynvim is not installed: pip install -e '.[dev]'")

WEAK = "    weaken( my $weak_self = $self );"
LONGEST_RUN = 120.0
ANSWERS = """
_G.asked, _G.confirmed, _G.echoed, _G.typed = {}, {}, {}, %s
vim.api.nvim_echo = function(chunks) table.insert(_G.echoed, chunks[1][1]) end
vim.ui.input = function(options, done) table.insert(_G.asked, options) done(_G.typed) end
vim.fn.confirm = function(question) table.insert(_G.confirmed, question) return _G.answer or 1 end
vim.g.filetype_pl = 'perl'
"""


@pytest.fixture(params=programs())
def version(request: pytest.FixtureRequest) -> str:
    """Each Neovim that the plugin is for."""
    return str(request.param)


@pytest.fixture
def sessions(tmp_path: Path, version: str) -> Iterator[Neovim]:
    """Neovim with sessions that keep themselves alive until they are closed."""
    workspace = own_workspace(tmp_path / "sessions", "self_held_registry")
    before = "vim.g.filetype_pl = 'perl'"
    with neovim(workspace, ["self_held_registry.pl"], before=before, version=version) as shown:
        shown.until(lambda: shown.lua("return require('pmat').status()"), "nothing is known of the leaks")
        yield shown


def test_what_only_holds_itself_is_a_hint_and_information_in_the_quickfix_list(sessions: Neovim) -> None:
    def marks() -> list[tuple[int, int, str]]:
        found = [one for one in sessions.diagnostics() if one.get("code") == "self-held"]
        return [(one["lnum"], one["severity"], one["message"].partition(".")[0]) for one in found]

    hint = 4
    told = "4 Session objects are kept alive only by themselves"
    assert (16, hint, told) in sessions.until(marks, "no diagnostic")
    assert sessions.leaks() == []
    sessions.command("Pmat leaks")
    (entry,) = sessions.until(sessions.api.funcs.getqflist, "no quickfix list")
    assert (entry["type"], entry["lnum"]) == ("I", 17)
    assert entry["text"].startswith(f"[self-held] {told}")


def test_the_tree_says_how_live_code_reaches_what_only_holds_itself(sessions: Neovim) -> None:
    sessions.command("Pmat tree")
    sessions.until(lambda: sessions.buffer_name == "pmat leaks", "no tree")
    assert sessions.lines[0].startswith("4 Session objects are kept alive only by themselves")
    assert "  reached by %Session::BY_ID → {1} (weak) → Session" in sessions.lines
    assert not any(line.strip().startswith("help:") for line in sessions.lines)


def _until_told(shown: Neovim, what: str) -> str:
    end = time.monotonic() + LONGEST_RUN
    while not (found := [one for one in shown.told if what in one]):
        assert time.monotonic() < end, f"{what}; told: {shown.told}; messages: {shown.messages}"
        time.sleep(0.05)
    return found[-1]


def _open(shown: Neovim) -> None:
    shown.until(shown.leaks, "no diagnostic")
    shown.until(lambda: shown.lua("return require('pmat').status()"), "nothing is known of the leaks")


@needs_dumper
def test_a_fix_that_holds_is_verified_shown_and_made_and_the_command_is_asked_for_once(
    tmp_path: Path, version: str
) -> None:
    workspace = program(tmp_path / "program", CALLS)
    before = ANSWERS % f"'{COMMAND}'" + "_G.choices = { 2, 1 }\n"
    with neovim(workspace, [FILE, "app.pl"], before=before, version=version) as shown:
        _open(shown)
        shown.lua(
            "vim.ui.select = function(items, _, done) _G.offered = items "
            "local at = table.remove(_G.choices, 1) or #items done(items[at], at) end"
        )
        # What is not saved is saved: the command runs with the files on the disk.
        shown.api.current.buffer.append(["# more"], 0)
        shown.command("Pmat verify")
        told = _until_told(shown, "verified with")
        assert told.startswith("pmat: Capture a weakened copy of $self: verified with `perl -Ilib app.pl`: same output")
        (confirmed,) = shown.lua("return _G.confirmed")
        assert confirmed.startswith(f'pmat: run "{COMMAND}"?\nThe command runs at least three times, in copies of ')
        said = shown.lua("return _G.echoed")
        assert [one for one in said if one.startswith("pmat: verifying the fix, run ")] == [
            f"pmat: verifying the fix, run {number}" for number in (1, 2, 3)
        ]
        _until_told(shown, "applied: Capture")
        diff = [one for one in shown.api.buffers if one.options["filetype"] == "diff"]
        assert f"+{WEAK}" in list(diff[0][:])
        (module,) = [one for one in shown.api.buffers if one.name.endswith(FILE)]
        assert WEAK in list(module[:])
        assert "weaken" not in (workspace / FILE).read_text()
        assert (workspace / FILE).read_text() == "# more\n" + MODULE
        shown.command("wall")
        shown.command("Pmat verify")
        _until_told(shown, "there is no fix to try")
        assert len(shown.lua("return _G.asked")) == 1


@needs_dumper
def test_a_fix_that_changes_the_output_is_not_made_and_its_command_is_not_asked_for_again(
    tmp_path: Path, version: str
) -> None:
    workspace = program(tmp_path / "program", KEEPS)
    with neovim(workspace, [FILE], before=ANSWERS % f"'{COMMAND}'", version=version) as shown:
        _open(shown)
        for times in (1, 2):
            shown.lua("_G.told = {}")
            shown.command("Pmat verify")
            told = _until_told(shown, "changes the output")
            assert told == (
                "pmat: not applied: Capture a weakened copy of $self: changes the output: lines 2–6 of stdout"
            ), times
        assert (len(shown.lua("return _G.asked")), len(shown.lua("return _G.confirmed"))) == (1, 1)
        assert (workspace / FILE).read_text() == MODULE
        assert shown.lines == MODULE.splitlines()


@needs_dumper
def test_the_command_of_the_settings_is_not_asked_for_until_it_does_not_show_the_leak(
    tmp_path: Path, version: str
) -> None:
    workspace = program(tmp_path / "program", CALLS)
    settings = "vim.g.pmat = vim.tbl_extend('force', vim.g.pmat, { settings = { verifyCommand = 'perl -e 1' } })\n"
    with neovim(workspace, [FILE], before=settings + ANSWERS % f"'{COMMAND}'", version=version) as shown:
        _open(shown)
        shown.command("Pmat verify")
        told = _until_told(shown, "not verified")
        assert told.endswith("\nthe next :Pmat verify asks for another command")
        assert shown.lua("return #_G.asked") == 0
        shown.command("Pmat verify")
        _until_told(shown, "verified with")
        assert shown.lua("return _G.asked[1].default") == "perl -e 1"


@needs_dumper
def test_what_the_user_does_not_want_to_run_is_not_run_and_what_runs_can_be_cancelled(
    tmp_path: Path, version: str
) -> None:
    workspace = program(tmp_path / "program", CALLS)
    sleeps = f"sh -c 'echo $$ > {tmp_path}/pid; exec sleep 600'"
    with neovim(workspace, [FILE], before=ANSWERS % f"[[{sleeps}]]", version=version) as shown:
        _open(shown)
        shown.lua("_G.answer = 2")
        shown.command("Pmat verify")
        shown.until(lambda: shown.lua("return _G.confirmed"), "nothing is asked")
        shown.command("Pmat cancel")
        _until_told(shown, "no fix is being verified")
        shown.lua("_G.answer = 1")
        shown.command("Pmat verify")
        shown.until((tmp_path / "pid").exists, "the command does not start")
        shown.command("Pmat verify")
        _until_told(shown, "a fix is being verified; :Pmat cancel ends that")
        shown.command("Pmat cancel")
        _until_told(shown, "cancelled: the fix is not verified")
        process = Path("/proc", (tmp_path / "pid").read_text().strip())
        shown.until(lambda: not process.exists() or ") Z " in (process / "stat").read_text(), "it still runs")


@needs_dumper
def test_the_code_action_beside_the_fixes_verifies_them(tmp_path: Path, version: str) -> None:
    workspace = program(tmp_path / "program", KEEPS)
    with neovim(workspace, [FILE], before=ANSWERS % f"'{COMMAND}'", version=version) as shown:
        _open(shown)
        shown.command("call cursor(7, 24)")
        shown.lua("_G.choice = 2 vim.lsp.buf.code_action({})")
        _until_told(shown, "changes the output")
        fix, verify, *_ = shown.lua("return _G.offered")
        assert fix.startswith("Capture a weakened copy of $self")
        assert verify == "Fix and verify…"
