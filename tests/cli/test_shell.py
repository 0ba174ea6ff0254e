"""The shell, typed into through a pseudo-terminal, and from a pipe."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from tests.dumps import ROOT

DUMP = str(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")
COMMAND = [sys.executable, "-m", "pmat_lsp", "shell", DUMP]


def test_the_demo_session_is_typed_at_a_terminal(tmp_path: Path) -> None:
    main, side = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "LINES": "60", "COLUMNS": "150", "XDG_STATE_HOME": str(tmp_path)}
    shell = subprocess.Popen(COMMAND, stdin=side, stdout=side, stderr=side, env=environment, start_new_session=True)
    os.close(side)
    try:
        typed(main, "")
        handles = re.findall(r"0x[0-9a-f]+", typed(main, "io list\r") + typed(main, "more\r"))
        told = typed(main, f"identify {handles[-1]}\r")
        assert told.count("└─") >= 5
        assert "├─" not in told
        assert "└─already found circularly as *A" in told
        closures = dict.fromkeys(re.findall(r"CODE\(PP,closure\) at (0x[0-9a-f]+)", told))
        shown = "".join(typed(main, f"show {closure}\r") for closure in closures)
        assert set(re.findall(r"location=(\S+ line \d+)", shown)) == {
            "lib/Courier/HTTP.pm line 80",
            "lib/Courier/Connection.pm line 43",
        }
        os.write(main, b"quit\r")
        assert shell.wait(20) == 0
    finally:
        shell.kill()
        shell.wait()
        os.close(main)


def typed(terminal: int, keys: str) -> str:
    """What the terminal shows, without its control sequences, once keys are typed and it is quiet."""
    os.write(terminal, keys.encode())
    got, end = b"", time.monotonic() + 20
    while time.monotonic() < end and select.select([terminal], [], [], 1.5)[0]:
        got += os.read(terminal, 65536)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", got.decode())


def test_a_wrong_command_in_a_pipe_is_one_line_and_the_next_is_obeyed() -> None:
    lines = "bogus\nshow 'x\n# nothing\nsummary\nquit\nroots\n"
    done = subprocess.run(COMMAND, input=lines, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2
    assert "Traceback" not in done.stderr
    assert len(done.stdout.splitlines()) == 2
