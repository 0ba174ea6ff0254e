"""What must hold of any file that is called a dump: one clear error, or an answer to every question."""

from __future__ import annotations

import resource
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

from pmat_lsp.analysis.all_sizes import owned_sizes
from pmat_lsp.analysis.closures import code_facts, code_sites
from pmat_lsp.analysis.diff import diff_tree
from pmat_lsp.analysis.outline import outline
from pmat_lsp.catalogue.question import Question
from pmat_lsp.catalogue.questions import QUESTIONS
from pmat_lsp.errors import DumpError, PmatError
from pmat_lsp.format.container import read_dump
from pmat_lsp.format.dumpfile import DumpFile
from pmat_lsp.heap.cache import Cache, identify
from pmat_lsp.heap.index import read_index
from pmat_lsp.heap.indexer import build
from pmat_lsp.heap.load import load
from pmat_lsp.heap.memory import NotEnoughMemory
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.privacy import held_as_secrets
from pmat_lsp.query.views import VIEWS
from pmat_lsp.render.json import leaks_json
from pmat_lsp.render.report import leaks_text
from pmat_lsp.render.report_parts import ReportSource
from pmat_lsp.render.tables import answer_csv, answer_json
from pmat_lsp.render.unexplained import unexplained_text
from pmat_lsp.session import Dump, Settings
from tests.catalogue.test_every_question import Given, all_given
from tests.heap.test_every_format import common_heap
from tests.same import assert_same

Reader: TypeAlias = Callable[[Path], bytes]
MOST_SECONDS = 5
"""Of CPU, for all that is done with one dump."""
MOST_MEMORY = 1 << 30
_EVERY_VIEW = "select " + ", ".join(f"(select max(hash({view.name})) from {view.name})" for view in VIEWS)
"""Reads every column; a view each would take ten times as long."""


_NAMES = ("defstash", "+own", "$main::ISA", "%Net::Client::", "&new", "lib/A.pm:7", "0x2000", "::", "*0")
"""What SVs may be called."""


class Hang(Exception):
    """Something took too long."""


@contextmanager
def limits() -> Iterator[None]:
    """Hold what is done to the time and the memory above, and make errors of numpy's warnings."""
    before = signal.signal(signal.SIGPROF, _hang)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_data_size() + MOST_MEMORY, hard))
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        signal.signal(signal.SIGPROF, before)


def _hang(_signal: int, _frame: FrameType | None) -> None:
    raise Hang(f"more than {MOST_SECONDS} s")


def _data_size() -> int:
    """Bytes that this process has of its own now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmData:")[2].split()[0]) * 1024


def check(raw: bytes, folder: Path, read: Reader = read_dump) -> str:
    """Read a dump and ask it everything: "error" or "answer"; raises what is a finding.

    Args:
        raw: the file.
        folder: where it may be written, and its index.
        read: how its bytes are had.
    """
    return _check(raw, folder, read, ask_everything)


def check_kernels(raw: bytes, folder: Path, read: Reader = read_dump) -> str:
    """As `check`, but use every kernel instead of asking everything: that takes a tenth of the time."""
    return _check(raw, folder, read, _use_kernels)


def _check(raw: bytes, folder: Path, read: Reader, ask: Callable[[Dump], None]) -> str:
    path = folder / "fuzzed.pmat"
    path.write_bytes(raw)
    with limits():
        heap = check_reading(path, read)
        if heap is None:
            return "error"
        ask(Dump(heap, Settings(source_roots=(folder,))))
        return "answer"


def _use_kernels(dump: Dump) -> None:
    assert dump.leaks.report.svs == dump.heap.n
    dump.retained()
    owned_sizes(dump.heap)
    held_as_secrets(dump.heap)
    diff_tree(dump.heap, _another_heap())


def check_reading(path: Path, read: Reader = read_dump) -> Heap | None:
    """The heap of a dump, which is the same from its index; None where there is a clear error."""
    try:
        heap = load(path, read=read)
    except DumpError as error:
        _assert_clear(error)
        _assert_placed(error, path)
        return None
    cache, identity = Cache(path.parent), identify(path)
    build(path, cache, ".tmp")
    index = cache.index_of(identity)
    assert_same(heap, read_index(index, identity, path, DumpFile(path)))
    index.unlink()
    return heap


def ask_everything(dump: Dump) -> None:
    """Every question of the catalogue, what leaked, and what an editor shows of each sub."""
    another = Dump(_another_heap(), dump.settings)
    for question in QUESTIONS:
        least = question.dumps[0]
        given = all_given(dump.heap, question) if question.name != "query" else [{"sql": _EVERY_VIEW}]
        if least == 1:
            for one in given:
                _ask(question, (dump,), one)
        else:
            _ask(question, (dump, another, dump)[:least], {})
            _ask(question, (another, dump, dump)[:least], {})
    for name in _NAMES:
        with suppress(PmatError):
            dump.find_sv(name)
    report, folder = dump.leaks.report, dump.settings.source_roots[0]
    leaks_json(dump.heap, report, dump.marked, dump.marked_self_held, dump.unexplained)
    leaks_text(report, dump.marked, dump.marked_self_held, ReportSource(dump.places, folder), dump.suspects)
    unexplained_text(dump.unexplained)
    for marked in dump.marked:
        dump.fixes(marked)
    outline(dump.heap, dump.ownership)
    for sites in code_sites(dump.heap).values():
        for site in sites:
            facts = code_facts(dump.heap, dump.leaks, site)
            assert facts.lexicals is not None


def _ask(question: Question[Any], dumps: tuple[Dump, ...], given: Given) -> None:
    try:
        answer = question.answer(question.asked(dumps, given))
    except PmatError as error:
        _assert_clear(error)
        return
    answer_json(answer), answer_csv(answer), question.text(answer)


@lru_cache
def _another_heap() -> Heap:
    """A heap to compare with."""
    raw = common_heap(6, {}).to_bytes()
    return load("another.pmat", read=lambda _: raw)


def _assert_placed(error: DumpError, path: Path) -> None:
    assert error.offset is not None, error
    assert 0 <= error.offset <= path.stat().st_size, error
    assert str(path) in error.message, error
    assert "\n" not in error.message, error


def _assert_clear(error: PmatError) -> None:
    assert not isinstance(error, NotEnoughMemory), error
    assert error.message
