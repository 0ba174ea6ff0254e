"""Helix in a terminal, with the configuration that docs/editors/helix.md tells."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.editors.page import blocks, environment, project, run_again_command
from tests.editors.terminal import Terminal, terminal

HELIX = shutil.which("hx", path=str(Path(sys.prefix, "editors", "bin"))) or shutil.which("hx")
(LANGUAGES,) = blocks("helix.md", "toml")
LEAK = "lib/Courier/HTTP.pm:79:22"

pytestmark = pytest.mark.skipif(HELIX is None, reason="Helix is not here (make editors)")


@contextmanager
def helix(home: Path, folder: Path, *, server: bool = True) -> Iterator[Terminal]:
    """Helix at the leaking closure of the demo."""
    settings = home / ".config" / "helix"
    settings.mkdir(parents=True)
    (settings / "languages.toml").write_text(LANGUAGES, encoding="utf-8")
    with terminal(home, [str(HELIX), LEAK], folder, environment(home, server=server)) as shown:
        shown.until("on_closed => sub")
        yield shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "courier")


@pytest.fixture
def demo(tmp_path: Path, folder: Path) -> Iterator[Terminal]:
    with helix(tmp_path / "home", folder) as shown:
        shown.until("Leaked closure (59 live, 59 leaked)")
        yield shown


def test_the_story_from_the_mark_to_the_cure_and_a_clean_dump(demo: Terminal, folder: Path) -> None:
    assert "$conns captured here" in demo.screen
    demo.press("Space", "k")
    demo.until("18.2 KiB retained each")
    demo.press("Escape")
    demo.until("18.2 KiB retained each", there=False)
    demo.press("Space", "a")
    demo.until("Capture a weakened copy of $conns")
    demo.press("Enter")
    demo.until("weaken( my $weak_conns = $conns );")
    demo.press(":w", "Enter")
    demo.until("written")
    subprocess.run(run_again_command(), cwd=folder, check=True, timeout=60)
    demo.until("Leaked closure", there=False)


def test_the_leaks_of_the_workspace_are_listed(demo: Terminal) -> None:
    demo.press("Space", "D")
    demo.until("container-capture")


def test_another_dump_is_loaded_by_a_command(demo: Terminal, folder: Path) -> None:
    whole = (folder / "courier.pmat").read_bytes()
    (folder / "older").mkdir()
    damaged = folder / "older" / "damaged.pmat"
    damaged.write_bytes(whole[: len(whole) // 2])
    demo.press(f':lsp-workspace-command pmat.load "{damaged}"', "Enter")
    told = demo.until("damaged.pmat: truncated")
    assert "Leaked closure" in told


def test_a_damaged_dump_is_told_in_one_message(tmp_path: Path, folder: Path) -> None:
    whole = (folder / "courier.pmat").read_bytes()
    (folder / "courier.pmat").write_bytes(whole[: len(whole) // 2])
    with helix(tmp_path / "home", folder) as shown:
        told = shown.until("courier.pmat: truncated")
        assert "Traceback" not in told


def test_a_missing_server_leaves_the_file_as_it_is(tmp_path: Path, folder: Path) -> None:
    with helix(tmp_path / "home", folder, server=False) as shown:
        shown.settle()
        assert "panic" not in shown.screen
