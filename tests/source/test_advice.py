"""Advice, line and class of a leak on real programs; and that the names of classes decide none of them.

Each program in `tests/programs/advice` says in its head what is right for each of its findings:

    # title: of the finding
    # mark: the line, and the text that is marked
    # certainty: of the mark
    # text: of the mark's note, as a regular expression
    # help: a regular expression that the advice matches, `# never:` one that it must not
    # chain: a regular expression that the chain matches
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pmat_lsp.render.advice import advice_text
from pmat_lsp.session import Settings, open_dump
from pmat_lsp.source.marks import MarkedFinding, chain_text
from tests.cures.running import needs_dumper
from tests.dumps import ROOT

pytestmark = needs_dumper
PROGRAMS = ROOT / "tests" / "programs" / "advice"
NAMES = sorted(path.name for path in PROGRAMS.glob("*.pl"))


def head(name: str) -> dict[str, str]:
    """What a program says of its findings."""
    text = (PROGRAMS / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^# (title|mark|certainty|text|help|never|chain): (.+)$", text, re.MULTILINE))


def run(name: str, folder: Path, renamed: dict[str, str]) -> tuple[MarkedFinding, ...]:
    """The findings of a program that was run with other names for its classes."""
    shutil.copytree(PROGRAMS, folder, dirs_exist_ok=True)
    script = folder / name
    script.write_text(with_names(script.read_text(encoding="utf-8"), renamed), encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "PMAT_OUT": str(folder / "out.pmat")}
    done = subprocess.run(["perl", name], cwd=folder, env=environment, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return open_dump(folder / "out.pmat", Settings(source_roots=(folder,))).marked


def with_names(text: str, names: dict[str, str]) -> str:
    """A text with other names for its classes."""
    found = re.compile(rf"(?<![\w:$@%])(?:{'|'.join(names)})(?![\w:])") if names else None
    return found.sub(lambda match: names[match[0]], text) if found else text


def other_names(name: str, prefix: str) -> dict[str, str]:
    """For the classes of a program, in the reverse order of the alphabet."""
    text = (PROGRAMS / name).read_text(encoding="utf-8")
    classes = sorted(set(re.findall(r"^package (\w+)", text, re.MULTILINE)) - {"main"}, reverse=True)
    return {one: f"{prefix}{number}" for number, one in enumerate(classes)}


def told(marked: MarkedFinding) -> tuple[str, ...]:
    """What a person reads of a finding."""
    mark = marked.mark
    notes = [f"{note.path.name}:{note.range.start.line}: {note.text}" for note in marked.notes]
    place = "" if mark is None else f"{mark.path.name}:{mark.range.start.line}"
    finding = marked.finding
    return (finding.title, finding.code, chain_text(finding), place, marked.certainty.value, *notes, advice_of(marked))


def advice_of(marked: MarkedFinding) -> str:
    """The advice in one line."""
    return advice_text(marked.advice)


@pytest.mark.parametrize("name", NAMES)
def test_a_finding_is_told_as_its_program_says(name: str, tmp_path: Path) -> None:
    findings, wanted = run(name, tmp_path, {}), head(name)
    assert findings
    for marked in findings:
        mark = marked.mark
        assert mark is not None
        line, _, text = wanted.get("mark", "").partition(" ")
        start, end = mark.range
        found = mark.path.read_text(encoding="utf-8").split("\n")[start.line - 1][start.column : end.column]
        assert (str(start.line), found) == (line, text) or not line
        assert marked.finding.title == wanted.get("title", marked.finding.title)
        assert marked.certainty.value == wanted.get("certainty", marked.certainty.value)
        assert re.search(wanted.get("text", ""), mark.text), mark.text
        assert re.search(wanted.get("help", ""), advice_of(marked)), advice_of(marked)
        assert not re.search(wanted.get("never", r"(?!)"), advice_of(marked)), advice_of(marked)
        assert re.search(wanted.get("chain", ""), chain_text(marked.finding)), chain_text(marked.finding)


@pytest.mark.parametrize("prefix", ["Aaa", "Zzz"])
@pytest.mark.parametrize("name", NAMES)
def test_the_names_of_the_classes_decide_nothing(name: str, prefix: str, tmp_path: Path) -> None:
    names = other_names(name, prefix)
    before = sorted(told(marked) for marked in run(name, tmp_path / "before", {}))
    after = [told(marked) for marked in run(name, tmp_path / "after", names)]
    back = {new: old for old, new in names.items()}
    assert sorted(tuple(with_names(text, back) for text in finding) for finding in after) == before
