"""At what priority a dump is read: as this process where somebody waits for it, below it beside a typing user."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.cli.main import main
from pmat_lsp.heap import building
from pmat_lsp.server.app import build_server
from pmat_lsp.server.asking import ask_question
from pmat_lsp.server.loading import load_dump
from tests.dump_writer import small_dump

pytestmark = pytest.mark.skipif(not hasattr(os, "getpriority"), reason="no niceness here")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="a child is forked on Linux alone")
LOW = 10
LOWEST = 19


@pytest.fixture
def readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How much nicer than this process each reader of a dump was at its end; nothing is read that has an index."""
    seen: list[int] = []

    def watched(start: Callable[..., Any]) -> Callable[..., Any]:
        def started(*arguments: object) -> object:
            child = start(*arguments)
            wait = child.wait

            def waited(*arguments: object) -> int:
                if child.wait is waited:
                    # Said all that it had to say; it keeps its niceness until it is waited for.
                    seen.append(os.getpriority(os.PRIO_PROCESS, child.pid) - os.getpriority(os.PRIO_PROCESS, 0))
                    child.wait = wait
                status: int = wait(*arguments)
                return status

            child.wait = waited
            return child

        return started

    for way in ("_forked", "_spawned"):
        monkeypatch.setattr(building, way, watched(getattr(building, way)))
    monkeypatch.setenv("PMAT_LSP_CACHE", str(tmp_path / "cache"))
    return seen


@pytest.fixture
def dumps(tmp_path: Path) -> tuple[Path, Path]:
    """Two small dumps."""
    return small_dump(tmp_path / "one.pmat", 2), small_dump(tmp_path / "two.pmat", 3)


@pytest.mark.parametrize("forks", [False, pytest.param(True, marks=on_linux)])
@pytest.mark.parametrize("command", ["leaks", "fix", "summary", "shell"])
def test_a_command_reads_its_dump_at_its_own_priority(
    command: str, forks: bool, dumps: tuple[Path, Path], readers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "may_fork", lambda: forks)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main([command, str(dumps[0])]) == 0
    assert readers == [0]


def test_a_command_about_two_dumps_reads_both_at_its_own_priority(dumps: tuple[Path, Path], readers: list[int]) -> None:
    assert main(["compare", *map(str, dumps)]) == 0
    assert readers == [0, 0]


def test_the_server_loads_a_dump_at_low_priority(dumps: tuple[Path, Path], readers: list[int]) -> None:
    server = build_server()
    try:
        assert asyncio.run(load_dump(server, dumps[0]))
    finally:
        server.state.close()
    assert readers == [_below()]


def test_the_server_reads_the_dumps_of_a_question_at_low_priority(dumps: tuple[Path, Path], readers: list[int]) -> None:
    server = build_server()
    try:
        assert asyncio.run(ask_question(server, BY_NAME["compare"], {}, dumps)).text
    finally:
        server.state.close()
    assert readers == [_below(), _below()]


def _below() -> int:
    """LOW, or less where this process is nice itself."""
    return min(LOW, LOWEST - os.getpriority(os.PRIO_PROCESS, 0))
