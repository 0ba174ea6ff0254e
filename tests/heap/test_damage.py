"""Cut and changed dumps give an error with a place or an answer; never a traceback, a hang or a gigabyte."""

from __future__ import annotations

import lzma
import os
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmat_lsp.analysis.closures import code_facts, code_sites
from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.errors import DumpError
from pmat_lsp.heap.load import load
from pmat_lsp.heap.values import file_facts
from tests.dumps import ROOT, corpus_dumps, own_dumps

ROUNDS = int(os.environ.get("PMAT_DAMAGE_ROUNDS", "60"))
"""Cuts, and as many changes, of each of the dumps below; PMAT_DAMAGE_ROUNDS=1000 for a long run."""
MOST_MEMORY = 512 << 20


def victims() -> list[Path]:
    """A few dumps that differ most: of this machine's kind, and where the corpus is, of other kinds of machines."""
    own = [path for path in own_dumps() if path.name.startswith(("courier.", "many_values"))]
    others = ("sid-s390x-perl5.42.3/j2", "bookworm-i386-perl5.36.0/h_", "nothreads-ld-amd64-perl5.36.0/g_")
    return own + [path for path in corpus_dumps() if f"{path.parent.name}/{path.name}".startswith(others)]


def cut(raw: bytes, chance: random.Random) -> bytes:
    """Ended somewhere."""
    return raw[: chance.randrange(len(raw))]


def changed(raw: bytes, chance: random.Random) -> bytes:
    """With one or many bytes changed, often near the beginning, where the tables are."""
    damaged = bytearray(raw)
    for _ in range(chance.choice((1, 1, 4, 1000))):
        damaged[chance.randrange(len(raw) if chance.random() < 0.7 else 400)] = chance.randrange(256)
    return bytes(damaged)


def look_at_everything(path: Path) -> str:
    """What a session would do with a dump: "error" or "answer"."""
    try:
        heap = load(path)
    except DumpError as error:
        return "error" if error.offset is not None and str(path) in str(error) else f"an error without a place: {error}"
    leaks = find_leaks(heap)
    file_facts(heap)
    for sites in list(code_sites(heap).values())[:5]:
        code_facts(heap, leaks, sites[0])
    return "answer"


def damage(source: Path, folder: Path) -> Iterator[str]:
    """Damage a dump again and again, and look at each."""
    raw = lzma.decompress(source.read_bytes())
    chance = random.Random(source.name)
    path = folder / "damaged.pmat"
    for _ in range(ROUNDS):
        for how in (cut, changed):
            path.write_bytes(how(raw, chance))
            yield look_at_everything(path)


@pytest.mark.parametrize("source", [pytest.param(path, id=path.name) for path in victims()])
def test_a_damaged_dump_gives_an_error_or_an_answer(source: Path, tmp_path: Path) -> None:
    """In a process of its own, so that its memory can be measured."""
    command = [sys.executable, "-m", "tests.heap.test_damage", str(source), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60 + 2 * ROUNDS, check=False)
    assert done.returncode == 0, done.stderr
    errors, answers, peak = map(int, done.stdout.split())
    assert errors + answers == 2 * ROUNDS
    # Nearly every cut is an error; a changed byte in a string is an answer.
    assert errors > ROUNDS * 0.9
    assert answers > 0
    assert peak < MOST_MEMORY


if __name__ == "__main__":
    results = list(damage(Path(sys.argv[1]), Path(sys.argv[2])))
    assert set(results) <= {"error", "answer"}, set(results)
    peak_memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(results.count("error"), results.count("answer"), peak_memory)
