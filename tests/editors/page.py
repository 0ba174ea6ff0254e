"""The configuration that a page of docs/editors tells, the demo in which it is tried, and the PATH of an editor."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.dumps import ROOT
from tests.server.editor import demo_workspace

LONGEST_RUN = 90
"""Seconds that an editor may take, on a busy machine."""


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a page in a language, as they are to be copied."""
    text = (ROOT / "docs" / "editors" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def project(folder: Path) -> Path:
    """The demo under version control, as editors find the root of a project."""
    workspace = demo_workspace(folder)
    (workspace / ".git").mkdir()
    (workspace / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    for needed in ("objects", "refs"):
        (workspace / ".git" / needed).mkdir()
    return workspace


def run_again_command() -> list[str]:
    """What runs the demo's program again, with few file handles as when it leaked; it dumps its heap at its end."""
    if shutil.which("perl") is None or subprocess.run(["perl", "-MDevel::MAT::Dumper", "-e1"], check=False).returncode:
        pytest.skip("no perl with Devel::MAT::Dumper")
    perl = ["perl", "-MDevel::MAT::Dumper=-dump_at_END,-file,next.pmat", "-Ilib", "app.pl"]
    return ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *perl]


def environment(home: Path, *, server: bool = True) -> Mapping[str, str]:
    """That of an editor with a home of its own, and with `pmat-lsp` on the PATH or without it."""
    programs = home / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    if server:
        command = programs / "pmat-lsp"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pmat_lsp "$@"\n', encoding="utf-8")
        command.chmod(0o755)
    inherited = [folder for folder in os.environ["PATH"].split(os.pathsep) if not Path(folder, "pmat-lsp").exists()]
    return {
        **os.environ,
        "HOME": str(home),
        "PATH": os.pathsep.join([str(programs), *inherited]),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm",
    }


def run_editor(command: list[str], folder: Path, env: Mapping[str, str]) -> str:
    """Run an editor to its end in a folder; what it wrote, errors too."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LONGEST_RUN,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"{command[0]} did not end: {(late.stdout or b'').decode(errors='replace')}")
    return done.stdout.decode(errors="replace")
