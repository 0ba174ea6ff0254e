"""Whether two checkouts answer every question about dumps alike, in text, JSON and CSV.

    PYTHONPATH=BEFORE python tests/benchmarks/answers.py before.json DUMP…
    PYTHONPATH=AFTER python tests/benchmarks/answers.py after.json DUMP…
    python tests/benchmarks/columns.py compare before.json after.json

A folder stands for the dumps in it. Each dump is read by its index, which is made anew. `--show 'QUESTION …'` prints
the answers whose names begin so instead of writing their hashes. The file runs by itself, so that it asks a checkout
that does not have it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.cli.main import main as run_command
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.tables import answer_csv, answer_json
from pmat_lsp.session import Dump, Settings, open_dump

Given = Mapping[str, object]
_VIEWS = ("svs", "refs", "closures", "handles", "classes", "strings")
_ROWS = "(select '{0}', count(*), sum(hash(v)::hugeint) from {0} v)"
"""A hash of all rows of a view, in any order: the rows themselves would be most of the work."""
OF_A_DUMP: Mapping[str, tuple[Given, ...]] = {
    "summary": ({},),
    "count": ({}, {"blessed": True, "scalars": True}, {"struct": True}, {"owned": True, "blessed": True}),
    "roots": ({},),
    "find": (
        *({"filter": words, "limit": 200} for words in (["num"], ["pv", "-r", r"\w::"], ["cv"], ["magic"], ["io"])),
        {"filter": ["lexical", "-I", "$self"]},
        {"filter": [], "count": True},
    ),
    "largest": (
        {},
        {"struct": True},
        {"owned": True, "counts": ["1", "1"]},
        {"retained": True},
    ),
    "dominators": ({}, {"depth": 6, "count": 3}, {"by": "class"}, {"by": "package"}),
    "reachability": ({}, *({"list": which, "count": 50} for which in ("lexical", "unreachable"))),
    "strtab": ({},),
    "list-dangling-ptrs": ({},),
    "list-orphans": ({},),
    "query": ({"sql": " union all ".join(map(_ROWS.format, _VIEWS))},),
    "symbols": ({}, {"package": "IO", "recurse": True}),
    "packages": ({},),
    "callers": ({"pad": True},),
    "stack": ({},),
    "io": ({},),
}
OF_AN_SV: Mapping[str, tuple[Given, ...]] = {
    "identify": ({}, {"depth": 3, "weak": True, "no_elide": True}, {"to_root": True}),
    "inrefs": ({}, {"all": True}),
    "outrefs": ({}, {"all": True}),
    "show": ({"pad": True, "full_pv": True},),
    "size": ({"retained": True},),
    "dominators": ({"depth": 2},),
    "elems": ({},),
    "values": ({},),
}
OF_DUMPS: Mapping[str, int] = {"compare": 2, "diff": 2, "counts": 2, "leakreport": 3}
"""By question: how many dumps it is asked of at once."""
_SVS_ANYWHERE = 6
"""How many are asked about besides one of each kind."""
_SITES = 40
"""Of how many subs the facts for hovers are told."""
_LONGEST_DIFF = 100_000
"""SVs of the largest dump for `diff`, whose answer is about as long."""

Answers = Iterator[tuple[str, Callable[[], str]]]
"""The name of an answer, and how it is had."""


def chosen(heap: Heap) -> list[int]:
    """Ids of SVs to ask about: the middle one of each kind, and some spread over the heap."""
    kinds = np.asarray(heap.kind[: heap.n])
    of_each = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    spread: list[int] = np.linspace(0, heap.n - 1, _SVS_ANYWHERE).astype(int).tolist() if heap.n else []
    return [int(ids[len(ids) // 2]) for ids in of_each] + spread


def answers(dump: Dump, roots: Sequence[Path]) -> Answers:
    """Every answer about one dump that a person can see; `roots` are folders of sources."""
    sources = [word for root in roots for word in ("--source-root", str(root))]
    for command in ("leaks", "fix"):
        for options in ([], ["--json"], ["--unexplained" if command == "leaks" else "--review"]):
            words = [command, str(dump.path), *sources, *options]
            yield " ".join([command, *options]), lambda words=words: _printed(words)  # type: ignore[misc]
    for name, all_given in OF_A_DUMP.items():
        for given in all_given:
            yield from _asked(name, (dump,), given)
    for sv in chosen(dump.heap):
        for name, all_given in OF_AN_SV.items():
            for given in all_given:
                yield from _asked(name, (dump,), {"sv": hex(dump.heap.address_of(sv)), **given})
    yield "facts of subs", lambda: _facts(dump)


def answers_of_several(dumps: Sequence[Dump]) -> Answers:
    """Every answer about several dumps of one program, in the order of time."""
    for name, least in OF_DUMPS.items():
        if len(dumps) >= least and max(dump.heap.n for dump in dumps) < _LONGEST_DIFF:
            yield from _asked(name, tuple(dumps[-least:]), {})


def _asked(name: str, dumps: tuple[Dump, ...], given: Given) -> Answers:
    yield f"{name} {json.dumps(given)}", lambda: _answer(name, dumps, given)


def _answer(name: str, dumps: tuple[Dump, ...], given: Given) -> str:
    question = BY_NAME[name]
    answer = question.answer(question.asked(dumps, given))
    return "\n".join((question.text(answer).plain, answer_json(answer), answer_csv(answer)))


def _printed(words: Sequence[str]) -> str:
    """What a command prints, to stdout and stderr, and its exit status."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status = run_command(words)
    return f"{printed.getvalue()}\n{status}"


def _facts(dump: Dump) -> str:
    """What hovers tell of some subs."""
    from pmat_lsp.analysis.closures import code_facts, code_sites

    sites = [site for of_file in code_sites(dump.heap).values() for site in of_file]
    told = []
    for site in sites[:: max(1, len(sites) // _SITES)]:
        facts = code_facts(dump.heap, dump.leaks, site)
        counts = (facts.live, facts.leaked, facts.self_held, facts.unexplained, facts.bytes, facts.retained_bytes_each)
        holders = [(holder.text, holder.count) for holder in facts.holders]
        told.append(f"{site.location} {counts} {facts.refcounts} {facts.lexicals} {holders}")
    return "\n".join(told)


def told(how: Callable[[], str]) -> str:
    """An answer, or why there is none."""
    try:
        return how()
    except PmatError as error:
        return f"{error.message}\n{error.hint}"
    except Exception as error:  # A fault of the checkout, which the comparison shall show, not die of.
        return f"{type(error).__name__}: {error}"


def source_roots(dump: Path) -> list[Path]:
    """Folders that may have the program that wrote a dump."""
    return [root for root in (dump.parent, dump.parent.parent / "programs") if root.is_dir()]


def _program(dump: Path) -> str:
    """What dumps of one program have in common in their paths."""
    return re.sub(r"(-?\d|[xy])?\.pmat.*", "", str(dump))


def all_answers(paths: Sequence[Path]) -> Iterator[tuple[Path, str, Callable[[], str]]]:
    """(dump, name, how to have the answer) of each answer about these dumps."""
    for _, of_program in groupby(sorted(paths), _program):
        opened: list[Dump] = []
        for path in of_program:
            roots = source_roots(path)
            try:
                opened = [*opened[-2:], open_dump(path, Settings(source_roots=tuple(roots)))]
            except PmatError as error:
                yield path, "open", lambda error=error: error.message  # type: ignore[misc]
                continue
            for name, how in (*answers(opened[-1], roots), *answers_of_several(opened)):
                yield path, name, how


def main() -> None:
    """Write the hashes of all answers into a file, or show some of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="written; with --show: ignored")
    parser.add_argument("dumps", type=Path, nargs="+", metavar="DUMP")
    parser.add_argument(
        "--one-in", type=int, default=1, metavar="N", help="only one answer in N, always the same ones (default: 1)"
    )
    parser.add_argument("--show", metavar="NAME", help="print the answers whose names begin so")
    arguments: Any = parser.parse_args()
    paths = [path for one in arguments.dumps for path in ([one] if one.is_file() else one.rglob("*.pmat*"))]
    found: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as cache:
        os.environ["PMAT_LSP_CACHE"] = cache
        for path, name, how in all_answers([path.resolve() for path in paths]):
            if zlib.crc32(f"{path} {name}".encode()) % arguments.one_in:
                continue
            if arguments.show is not None:
                if name.startswith(arguments.show):
                    sys.stdout.write(f"== {path} {name}\n{told(how)}\n")
                continue
            raw = told(how).encode("utf-8", "surrogatepass")
            found.setdefault(str(path), {})[name] = hashlib.blake2b(raw, digest_size=12).hexdigest()
    if arguments.show is None:
        arguments.file.write_text(json.dumps(found, indent=1), encoding="utf-8")
        print(f"{len(found)} dumps, {sum(map(len, found.values()))} answers of {run_command.__code__.co_filename}")


if __name__ == "__main__":
    main()
