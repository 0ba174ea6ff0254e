"""Prints what is said of every program whose truth is known, as tables in Markdown.

    python -m tests.cases_table
    python -m tests.cases_table --before FOLDER

`--before` names a checkout of an earlier version: then each number that differs is told as `before → after`. Islands
are counted, of `unexplained` the objects; and the findings that leaked, by their best fix. Programs that miss a module
are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.cases import CASES, run_case
from tests.dumps import ROOT
from tests.frameworks import programs
from tests.perl import has_module

MEASURE = """
import json, sys
from pathlib import Path
import numpy as np
from pmat_lsp.session import Settings, open_dump

dump = open_dump(Path(sys.argv[1]), Settings(source_roots=(Path(sys.argv[2]),)))
report, heap = dump.leaks.report, dump.heap
counts = {
    "proven": sum(one.count for one in report.findings),
    "self-held": sum(one.count for one in getattr(report, "self_held", ())),
    "unexplained": int((dump.leaks.ownership.unexplained & (heap.blessed[: heap.n] >= 0)).sum()),
    "safe": 0, "review": 0, "none": 0,
}
for marked in dump.marked:
    cures = dump.cures(marked)
    is_safe = [cure.is_safe if hasattr(cure, "is_safe") else cure.proven for cure in cures]
    counts["safe" if any(is_safe) else "review" if cures else "none"] += 1
print(json.dumps(counts))
"""
"""Asks the version of the code that is found first; an earlier one may lack a verdict."""

COLUMNS = ("proven", "self-held", "unexplained", "safe", "review", "none")
HEAD = "| {} | proven | self-held | unexplained | fix: safe | review | none |\n|---|--:|--:|--:|--:|--:|--:|"


class Dumped(NamedTuple):
    """A dump and where its sources are."""

    name: str
    dump: Path
    sources: Path


def cases(folder: Path) -> Iterator[Dumped]:
    """Each case, run in `folder`."""
    for name, case in CASES.items():
        if all(map(has_module, case.modules.split())):
            yield Dumped(name, run_case(name, folder / name).dump.path, folder / name)


def frameworks(folder: Path) -> Iterator[Dumped]:
    """Each program of a framework, run in `folder`; those that need a display are left out."""
    for program in programs():
        if "Tk" not in program.modules and all(map(has_module, program.modules)):
            own = folder / program.name
            own.mkdir()
            yield Dumped(program.name, program.run(own).dump.path, own)


def leaking_programs(folder: Path) -> Iterator[Dumped]:
    """The small programs whose dumps are in the repository."""
    for dump in sorted((ROOT / "tests" / "data").glob("*.pmat.xz")):
        source = ROOT / "tests" / "programs" / f"{dump.name.removesuffix('.pmat.xz')}.pl"
        if source.is_file() and "# expect: none" not in source.read_text(encoding="utf-8"):
            yield Dumped(source.stem, dump, source.parent)


def measured(dumped: Dumped, code: Path) -> Counter[str]:
    """What the code in a folder says."""
    command = [sys.executable, "-P", "-c", MEASURE] if sys.version_info >= (3, 11) else [sys.executable, "-c", MEASURE]
    environment = {**os.environ, "PYTHONPATH": str(code)}
    done = subprocess.run(
        [*command, str(dumped.dump), str(dumped.sources)],
        env=environment,
        cwd=dumped.sources,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"cases_table: {dumped.name}: {done.stderr}")
    return Counter(json.loads(done.stdout))


def row(name: str, before: Counter[str] | None, after: Counter[str]) -> str:
    """One line of a table."""
    cells = (
        str(after[column])
        if before is None or before[column] == after[column]
        else f"{before[column]} → {after[column]}"
        for column in COLUMNS
    )
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.cases_table", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="a checkout of an earlier version")
    earlier: Path | None = parser.parse_args().before
    # Both versions write the indexes of dumps, each its own.
    with TemporaryDirectory() as folder:
        os.environ["PMAT_LSP_CACHE"] = str(Path(folder, "cache"))
        for title, list_ in (("case", cases), ("framework", frameworks), ("program", leaking_programs)):
            print(HEAD.format(title))
            total, total_before = Counter[str](), Counter[str]()
            for dumped in list_(Path(folder)):
                after, before = measured(dumped, ROOT), measured(dumped, earlier.resolve()) if earlier else None
                total += after
                total_before += before or Counter()
                print(row(f"`{dumped.name}`", before, after), flush=True)
            print(row("all", total_before if earlier else None, total), end="\n\n")


if __name__ == "__main__":
    main()
