"""Runs Perl programs that write a heap dump, and makes cures in their texts."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from pmat_lsp.analysis.result import Finding
from pmat_lsp.cures.model import Cure, FileEdits, Safety
from pmat_lsp.session import Dump, Settings, open_dump
from pmat_lsp.source.edits import Edit, apply_edits
from pmat_lsp.source.model import Point, Range

PROGRAMS = Path(__file__).parent.parent / "programs" / "cures"


def _has_dumper() -> bool:
    try:
        command = ["perl", "-MDevel::MAT::Dumper", "-e", "1"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


needs_dumper = pytest.mark.skipif(not _has_dumper(), reason="perl with Devel::MAT::Dumper is not installed")


@dataclass
class Run:
    """What a program did."""

    output: str
    dump: Dump

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What it leaked."""
        return self.dump.leaks.report.findings

    @property
    def patterns(self) -> list[str]:
        """The patterns of what it leaked."""
        return [finding.pattern.code for finding in self.findings]

    def cures(self) -> list[Cure]:
        """The cures of all findings, in their order."""
        return cures_of(self.dump)


def cures_of(dump: Dump) -> list[Cure]:
    """The cures of all findings of a dump, in their order."""
    return [cure for marked in dump.marked for cure in dump.cures(marked)]


def run(script: Path, **environment: str) -> Run:
    """Run a program in its folder, with that `environment`; it must end well, without a word on stderr."""
    out = script.with_suffix(".pmat")
    out.unlink(missing_ok=True)
    environment |= {"PATH": os.environ["PATH"], "PMAT_OUT": str(out)}
    command = ["perl", "-Ilib", script.name]
    done = subprocess.run(command, cwd=script.parent, env=environment, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return Run(done.stdout.decode("latin-1"), open_dump(out, Settings(source_roots=(script.parent,))))


def make(cure: Cure, encoding: str = "utf-8") -> None:
    """Make the changes of a cure in its files."""
    for changed in cure.files:
        text = changed.path.read_bytes().decode(encoding)
        changed.path.write_bytes(apply_edits(text, changed.edits).encode(encoding))


def written(folder: Path, text: str | bytes) -> Path:
    """A script of that text."""
    script = folder / "program.pl"
    script.write_bytes(text if isinstance(text, bytes) else text.encode())
    return script


def copied(folder: Path, name: str) -> Path:
    """A program of the folder of programs."""
    return Path(shutil.copy(PROGRAMS / name, folder))


def replacing(path: Path, old: str, new: str, safety: Safety = Safety.REVIEW) -> Cure:
    """A fix that replaces a text by another one."""
    text = path.read_text()
    assert text.count(old) == 1
    start = text.index(old)
    ends = [Point(text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)) for at in (start, start + len(old))]
    return Cure(f"Replace {old.strip()[:9]}", "See.", (FileEdits(path, (Edit(Range(*ends), new),)),), safety)
