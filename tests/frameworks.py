"""Programs that use real frameworks and leak nothing: what their heads say. See `tests/programs/frameworks`."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

import numpy as np

from pmat_lsp.session import Dump
from tests.cures.running import Run, run
from tests.dumps import ROOT

FOLDER = ROOT / "tests" / "programs" / "frameworks"


@dataclass(frozen=True)
class Program:
    """One run of a program."""

    path: Path
    environment: tuple[str, ...]
    """`NAME=VALUE`."""

    @property
    def name(self) -> str:
        """`anyevent_server-EV`."""
        return "-".join([self.path.stem, *(setting.partition("=")[2] for setting in self.environment)])

    @property
    def modules(self) -> list[str]:
        """What it needs, besides Devel::MAT::Dumper."""
        return self._said("modules")[0].split()

    @property
    def prints(self) -> str:
        """What proves that all was alive, and came to its end."""
        return "".join(f"{line}\n" for line in self._said("prints"))

    @property
    def alive(self) -> dict[str, int]:
        """How many objects of a class the dump has at least."""
        pairs = (said.partition("=") for said in self._said("alive"))
        return {package: int(count) for package, _, count in pairs}

    def run(self, folder: Path) -> Run:
        """In a copy of it, in `folder`."""
        settings = dict(setting.split("=", 1) for setting in self.environment)
        return run(Path(shutil.copy(self.path, folder)), **settings)

    def _said(self, key: str) -> list[str]:
        return _said(self.path, key)


def _said(path: Path, key: str) -> list[str]:
    return re.findall(rf"^# {key}: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)


def programs() -> list[Program]:
    """Every run of every program."""
    paths = sorted(FOLDER.glob("*.pl"))
    return [Program(path, (said,) if said else ()) for path in paths for said in _said(path, "environment") or [""]]


def objects(dump: Dump) -> Counter[str]:
    """How many objects of each class a dump has."""
    heap = dump.heap
    return Counter(name for sv in np.flatnonzero(heap.blessed[: heap.n] >= 0) if (name := heap.class_of(int(sv))))


@contextmanager
def display() -> Iterator[str]:
    """An X display that nobody sees: `:7`."""
    with Popen(["Xvfb", "-displayfd", "1", "-nolisten", "tcp"], stdout=PIPE, stderr=DEVNULL, text=True) as server:
        try:
            assert server.stdout
            yield f":{server.stdout.readline().strip()}"
        finally:
            server.terminate()
