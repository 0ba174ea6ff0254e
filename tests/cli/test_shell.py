"""The shell, typed into through a pseudo-terminal, and from a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.dumps import ROOT

DEMO = ROOT / "pmat_lsp" / "demo"
DUMP = str(DEMO / "courier.pmat.xz")
COMMAND = [sys.executable, "-m", "pmat_lsp", "shell", DUMP]
SLOW = r"find pv --regexp '(\w+\s?)*\x00$'"
"""It tries an exponential number of ways to match a text."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_READY = b"\x1b[?2004h"
"""What is written when a line can be typed: pastes are bracketed from now on."""
_PATIENCE = 20
_OF_THE_TESTER = ("NO_COLOR", "FORCE_COLOR", "FORCE_HYPERLINK", "LINES", "COLUMNS")


class Terminal:
    """A terminal with the shell in it."""

    def __init__(self, main: int, process: subprocess.Popen[bytes]) -> None:
        self.main = main
        self.process = process
        self._got = b""

    def until(self, text: bytes) -> str:
        """All that is written up to `text`, as it came."""
        end = time.monotonic() + _PATIENCE
        while text not in self._got:
            assert select.select([self.main], [], [], max(end - time.monotonic(), 0))[0], self._got
            self._got += os.read(self.main, 65536)
        before, self._got = self._got.split(text, 1)
        return before.decode(errors="replace")

    def prompted(self) -> str:
        """All that is written until the next line can be typed, as it came."""
        before = self.until(_READY)
        self.until(b"pmat>")
        return before

    def type(self, line: str) -> str:
        """What a line is answered, without colours."""
        os.write(self.main, f"{line}\r".encode())
        return plain(self.prompted())

    def press(self, keys: bytes) -> None:
        """Press keys, and wait for nothing."""
        os.write(self.main, keys)


def plain(written: str) -> str:
    """What was written, without the control sequences but for links."""
    return _CONTROL.sub("", written)


@contextmanager
def terminal(folder: Path, rows: int = 60, **environment: str) -> Iterator[Terminal]:
    """A terminal with the shell in it, which stands in `folder` and has its state there."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 150, 0, 0))
    variables = {
        **{name: value for name, value in os.environ.items() if name not in _OF_THE_TESTER},
        "TERM": "xterm",
        "XDG_STATE_HOME": str(folder),
        "PROMPT_TOOLKIT_NO_CPR": "1",
        **environment,
    }
    process = subprocess.Popen(
        COMMAND,
        stdin=side,
        stdout=side,
        stderr=side,
        env=variables,
        cwd=folder,
        start_new_session=True,
        # Without a terminal of its own it would not hear of Ctrl-C.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(side)
    try:
        shell = Terminal(main, process)
        shell.prompted()
        yield shell
    finally:
        process.kill()
        process.wait()
        os.close(main)


def history(folder: Path) -> Path:
    """The file with what was typed."""
    return folder / "pmat-lsp" / "history"


def test_the_demo_session_is_typed_at_a_terminal(tmp_path: Path) -> None:
    with terminal(tmp_path) as shell:
        handles = re.findall(r"0x[0-9a-f]+", shell.type("io list") + shell.type("more"))
        told = shell.type(f"identify {handles[-1]}")
        assert told.count("└─") >= 5
        assert "├─" not in told
        assert "└─already found circularly as *A" in told
        closures = dict.fromkeys(re.findall(r"CODE\(PP,closure\) at (0x[0-9a-f]+)", told))
        shown = "".join(shell.type(f"show {closure}") for closure in closures)
        assert set(re.findall(r"location=(\S+ line \d+)", shown)) == {
            "lib/Courier/HTTP.pm line 80",
            "lib/Courier/Connection.pm line 43",
        }
        assert "1 proven leak" in shell.type("leaks")
        assert "no command 'sumary'. Is summary meant?" in shell.type("sumary").splitlines()
        shell.press(b"quit\r")
        assert shell.process.wait(_PATIENCE) == 0
    assert "+leaks\n" in history(tmp_path).read_text(encoding="utf-8")
    assert history(tmp_path).stat().st_mode & 0o077 == 0


def test_ctrl_c_clears_the_line_or_ends_the_question_and_ctrl_d_ends_the_shell(tmp_path: Path) -> None:
    with terminal(tmp_path) as shell:
        shell.press(b"bogus")
        shell.until(b"bogus")
        shell.press(b"\x03")
        shell.prompted()
        assert "18471 objects" in shell.type("summary")
        shell.press(f"{SLOW}\r".encode())
        shell.until(b"\x1b[?2004l")
        time.sleep(1)
        began = time.monotonic()
        shell.press(b"\x03")
        assert "interrupted" in shell.prompted()
        assert time.monotonic() - began < 2
        assert "18471 objects" in shell.type("summary")
        shell.press(b"\x04")
        assert shell.process.wait(_PATIENCE) == 0


def test_a_long_answer_is_told_in_pages(tmp_path: Path) -> None:
    whole = piped("roots\n", tmp_path).stdout.splitlines()
    with terminal(tmp_path, rows=12) as shell:
        told = [shell.type("roots")]
        assert f"{len(whole) - 10} more lines: `more`" in told[0]
        shell.type("")
        shell.type("bogus")
        while "more line" in told[-1]:
            told.append(shell.type("more"))
        assert "no more lines" in shell.type("more")
    pages = [[line for line in page.splitlines() if line in whole] for page in told]
    assert {len(page) for page in pages[:-1]} == {10}
    assert [line for page in pages for line in page] == whole


def test_tab_completes(tmp_path: Path) -> None:
    with terminal(tmp_path) as shell:
        shell.press(b"ident\t")
        shell.until(b"ify")
        shell.press(b" defst\t")
        shell.until(b"ash")
        assert "STASH(263) at 0x5590da8ab4d0=defstash is:" in shell.type("")


def test_places_and_the_addresses_of_subs_are_links_where_the_terminal_has_them(tmp_path: Path) -> None:
    shutil.copytree(DEMO / "program", tmp_path, dirs_exist_ok=True)
    source = tmp_path / "lib" / "Courier" / "HTTP.pm"
    source.write_text("# More than there was.\n" * 5 + source.read_text(encoding="utf-8"), encoding="utf-8")
    with terminal(tmp_path, FORCE_HYPERLINK="1") as shell:
        found = shell.type("find cv --file lib/Courier/HTTP.pm")
        code = re.findall(r"CODE\(PP,closure\) at .*?(0x[0-9a-f]+)", found)[0]
        shown = shell.type(f"show {code}")
        report = shell.type("leaks")
    # Its first statement was recorded at line 80; the word `sub` before it is now in line 84.
    link = re.compile(r"\x1b\]8;[^;]*;(file://[^\x1b]*HTTP\.pm#(\d+))\x1b\\([^\x1b]*)\x1b\]8;;\x1b\\")
    assert (code, "84") in {(text, line) for _, line, text in link.findall(found)}
    assert ("lib/Courier/HTTP.pm line 80", "84") in {(text, line) for _, line, text in link.findall(shown)}
    assert ("lib/Courier/HTTP.pm:84", "84") in {(text, line) for _, line, text in link.findall(report)}


@pytest.mark.parametrize(
    ("question", "words"), [("find", ["cv", "--file", "lib/Courier/HTTP.pm", "--limit", "3"]), ("leaks", [])]
)
def test_a_single_command_has_links_where_they_are_wanted(question: str, words: list[str]) -> None:
    command = [sys.executable, "-m", "pmat_lsp", question, DUMP, *words]
    environment = {**os.environ, "FORCE_HYPERLINK": "1", "NO_COLOR": "1"}
    for more, has_links in (([], True), (["--json"], False)):
        done = subprocess.run(
            [*command, *more], capture_output=True, text=True, env=environment, cwd=DEMO / "program", check=False
        )
        assert done.returncode == (1 if question == "leaks" else 0), done.stderr
        assert ("\x1b]8;" in done.stdout) == has_links
        assert "\x1b[" not in done.stdout


def piped(lines: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What the shell does with commands out of a pipe."""
    environment = {**os.environ, "XDG_STATE_HOME": str(folder)}
    return subprocess.run(
        COMMAND, input=lines, capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def test_a_wrong_command_in_a_pipe_is_one_line_and_the_next_is_obeyed(tmp_path: Path) -> None:
    done = piped("bogus\nshow 'x\n# nothing\n\nsummary\nopen no/such.pmat\nquit\nroots\n", tmp_path)
    assert done.returncode == 2
    errors = done.stderr.splitlines()
    assert [error.split(":")[0] for error in errors] == ["line 1", "line 2", "line 6"]
    assert "no/such.pmat" in errors[2]
    assert len(done.stdout.splitlines()) == 2
    assert not history(tmp_path).parent.exists()


def test_another_dump_is_opened_and_dumps_are_compared(tmp_path: Path) -> None:
    fixed = ROOT / "tests" / "data" / "courier_fixed.pmat.xz"
    done = piped(f"compare {fixed}\nopen '{fixed}'\nleaks\n", tmp_path)
    assert done.returncode == 0, done.stderr
    compared, told = done.stdout.split("no proven leak", 1)
    assert "container-capture" in compared
    assert "Checked" in told


def test_only_the_typed_shell_pays_for_the_prompt(tmp_path: Path) -> None:
    program = (
        "import sys; from pmat_lsp.cli.main import main; main(sys.argv[1:]); print('prompt_toolkit' in sys.modules)"
    )
    for words in (["summary", DUMP], ["shell", DUMP]):
        done = subprocess.run(
            [sys.executable, "-c", program, *words], input="", capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout.splitlines()[-1] == "False"
