"""`pmat-lsp scrub`: a dump without values, to be given to others."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from rich.text import Text

from pmat_lsp.analysis.count import CountOptions, count_table
from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.result import Finding
from pmat_lsp.cli.opening import add_dump, opened, progress_bar
from pmat_lsp.cli.output import show
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.cache import Cache
from pmat_lsp.heap.opening import open_heap
from pmat_lsp.heap.scrubbing import scrubbed
from pmat_lsp.session import Dump
from pmat_lsp.units import format_bytes

NAME = "scrub"
DESCRIPTION = """\
Writes a dump without the values of its scalars: strings become empty, numbers 0. Names of packages, subs, variables and
files stay, and so do hash keys, addresses and sizes. The new dump has the same leaks with the same ids, which is
checked before it is put in place. Other tools read it, too."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the dump, the new one, and whether to write over what is there."""
    add_dump(parser)
    parser.add_argument("-o", "--output", metavar="PATH", type=Path, required=True, help="the dump to write")
    parser.add_argument("--force", action="store_true", help="replace the file PATH where there is one")


def run(arguments: argparse.Namespace) -> int:
    """Write the dump, and say how large it is.

    Raises:
        PmatError: the dump cannot be read or scrubbed, the new one is there already, or has other findings.
        OSError: it cannot be written.
    """
    output: Path = arguments.output
    if os.path.lexists(output) and not (arguments.force and output.is_file()):
        hint = "--force replaces it." if output.is_file() else "Name another file."
        raise PmatError(f"{output}: is there already", hint)
    (dump,) = opened(arguments)
    if output.exists() and output.samefile(dump.path):
        raise PmatError(f"{output}: is the dump itself", "Name another file.")
    # Beside the output, so that moving is one step; the folder can be read by its owner alone.
    with tempfile.TemporaryDirectory(prefix=f".{output.name}-", dir=output.absolute().parent) as made:
        whole = Path(made) / output.name
        with progress_bar() as progress:
            with open(whole, "xb", opener=_private) as file:
                file.writelines(scrubbed(dump.heap, progress))
            heap = open_heap(
                whole, progress=progress, memory_limit=arguments.memory_limit, cache=Cache(Path(made) / "index")
            )
            if _facts(Dump(heap, dump.settings)) != _facts(dump):
                raise PmatError(f"{dump.path}: has other findings without its values", "Please report this.")
        whole.replace(output)
    before, after = (format_bytes(size) for size in (len(dump.heap.data), output.stat().st_size))
    show(Text(f"{output}: {after} (was {before}); the same leaks, classes and keys\n"))
    return 0


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _facts(dump: Dump) -> tuple[object, ...]:
    """What must be the same in both dumps."""
    report = dump.leaks.report
    return (
        finding_ids(report.all_findings),
        [_without_values(finding) for finding in report.all_findings],
        (report.svs, report.lost, report.unexplained, report.self_held_svs, report.proven),
        count_table(dump.heap, CountOptions(by_class=True)).rows,
    )


def _without_values(finding: Finding) -> tuple[object, ...]:
    subs = [(closure.name, closure.location, closure.padnames) for closure in finding.closures]
    return (finding.verdict, finding.classes, subs, finding.handles, finding.addresses, finding.bytes_total)
