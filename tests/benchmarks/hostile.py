"""What hostile inputs are answered: `python -m tests.benchmarks.hostile [FOLDER]`.

Runs commands on each dump in a folder (default: tests/data/found), also on compressed ones, and reads each Perl source
as the server does. Prints a table in Markdown: the exit status and the first line of each answer, how long it took, and
the most memory that any process of it had. The exit status is 1 where a command ended by a signal or with a traceback.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.render.escape import visible
from pmat_lsp.units import format_bytes
from tests.benchmarks.__main__ import CACHE_VARIABLE, progress
from tests.dumps import ROOT

COMMANDS = (("summary",), ("leaks",), ("fix",), ("largest", "--owned"), ("count", "--owned"))
"""Words of `pmat-lsp`; the dump goes behind the first."""
_LONGEST = 70
"""Characters of an answer that are shown."""
_READ_SOURCE = (
    "import sys; from pathlib import Path; from pmat_lsp.source.perl import PerlSource;"
    "source = PerlSource(Path(sys.argv[1]).read_text()); print(len(source.subs), 'subs')"
)
_SOURCES = (".pm", ".pl")


@dataclass(frozen=True)
class Answer:
    """What came of one command."""

    input: str
    words: tuple[str, ...]
    status: int
    """Below 0: the signal that ended it."""
    line: str
    """The first that it printed: of its errors, if there are any."""
    seconds: float
    peak: int
    """Bytes of the process, or of its largest child."""

    @property
    def is_clear(self) -> bool:
        """Whether it ended by itself, and without a traceback."""
        return self.status >= 0 and "Traceback" not in self.line


def answers(path: Path, environment: Mapping[str, str]) -> Iterator[Answer]:
    """What each command says of an input."""
    if path.suffix in _SOURCES:
        yield _answer(path, ("read",), [sys.executable, "-c", _READ_SOURCE, str(path)], environment)
        return
    for words in COMMANDS:
        command = [sys.executable, "-m", "pmat_lsp", words[0], str(path), *words[1:]]
        yield _answer(path, words, command, environment)


def _answer(path: Path, words: tuple[str, ...], command: Sequence[str], environment: Mapping[str, str]) -> Answer:
    began = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said = []
        for file in (errors, out):
            file.seek(0)
            said += file.read(1 << 20).decode(errors="replace").splitlines()
    line = next((line for line in said if line.strip()), "")
    return Answer(path.name, words, process.returncode, line, seconds, usage.ru_maxrss * 1024)


def row(answer: Answer) -> str:
    """A row of the table."""
    said = visible(answer.line.replace("|", "/"), _LONGEST)
    cells = (answer.input, " ".join(answer.words), answer.status, said, f"{answer.seconds:.2f} s")
    return f"| {' | '.join(map(str, cells))} | {format_bytes(answer.peak)} |"


def main() -> int:
    """Ask, print the table row by row, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.hostile",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "tests" / "data" / "found")
    inputs = sorted(path for path in parser.parse_args().folder.iterdir() if path.is_file())
    unclear = 0
    print("| input | command | status | first line | time | memory |\n|---|---|--:|---|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory(prefix="pmat-hostile-") as cache:
        environment = {**os.environ, CACHE_VARIABLE: cache}
        for path in inputs:
            for answer in answers(path, environment):
                print(row(answer), flush=True)
                unclear += not answer.is_clear
    if unclear:
        progress(f"{unclear} answers are a signal or a traceback")
    return 1 if unclear else 0


if __name__ == "__main__":
    sys.exit(main())
