"""The benchmark measures what it says: time, memory, what took too long, what went wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.format.container import read_dump
from pmat_lsp.format.kinds import RefKind
from pmat_lsp.heap.load import load
from tests.benchmarks.__main__ import Bench, count, exists, index_alone, table, time_each
from tests.benchmarks.dumps import BenchDump, bench_dump
from tests.benchmarks.limit import Limit, can_compile, limit_table
from tests.benchmarks.questions import OPEN, QUESTIONS, REOPEN
from tests.benchmarks.timing import Failed, Run, median, timed
from tests.benchmarks.under_load import computing, measure

MIB = 1 << 20


def python(program: str, timeout: float = 30, expected: tuple[int, ...] = (0,)) -> Run:
    return timed([sys.executable, "-c", program], timeout, os.environ, expected)


def has_dumper() -> bool:
    """Whether perl can write dumps here."""
    perl = shutil.which("perl")
    return (
        bool(perl) and subprocess.run([str(perl), "-MDevel::MAT::Dumper", "-e1"], capture_output=True).returncode == 0
    )


def test_time_and_memory_are_those_of_the_process() -> None:
    run = python(f"import time; x = bytearray({64 * MIB}); time.sleep(0.2)")
    assert run.finished
    assert 0.2 <= run.seconds < 20
    assert 64 * MIB <= run.peak < 640 * MIB


def test_its_own_computing_and_that_of_its_children_counts() -> None:
    loop = "import time\nwhile time.process_time() < 0.2: pass"
    run = python(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {loop!r}])\n{loop}")
    assert 0.4 <= run.cpu < 20
    assert python("import time; time.sleep(0.5)").cpu < 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells its own memory from mapped files")
def test_its_own_memory_is_told_from_mapped_files(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(32 * MIB))
    mapping = f"import mmap, time; f = open({str(file)!r}, 'rb'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)"
    run = python(f"{mapping}; sum(m[::4096]); x = bytearray({64 * MIB}); time.sleep(0.2)")
    assert 64 * MIB <= run.anonymous < 128 * MIB
    assert 32 * MIB <= run.mapped < 64 * MIB


def test_memory_of_its_children_counts() -> None:
    child = f"bytearray({64 * MIB})"
    assert python(f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{child}'])").peak >= 64 * MIB


def test_what_takes_too_long_is_ended_with_its_children() -> None:
    # The child holds the end of the pipe, which would be waited for if it lived on.
    run = python("import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])", 0.3)
    assert not run.finished
    assert 0.3 <= run.seconds < 20


def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(Failed, match="exit status 3: no such thing"):
        python("import sys; sys.stderr.write('no such thing'); sys.exit(3)")
    assert python("import sys; sys.exit(3)", expected=(3,)).finished


def test_the_median_is_finished_only_if_all_are() -> None:
    runs = [Run(1, 10, True), Run(5, 30, True), Run(2, 20, True)]
    assert median(runs) == Run(2, 20, True)
    assert not median([*runs, Run(9, 9, False)]).finished


@pytest.mark.parametrize(("text", "svs"), [("0.2M", 200_000), ("10M", 10_000_000), ("300k", 300_000), ("7", 7)])
def test_sizes_are_read_as_people_write_them(text: str, svs: int) -> None:
    assert count(text) == svs


def test_the_table_has_a_row_for_each_question_and_says_what_is_missing() -> None:
    bench = Bench(BenchDump(Path("x.pmat"), "0x1"), timeout=1)
    known = [question for question in QUESTIONS if exists(question)]
    for question in known:
        bench.reference[question.reference] = [Run(60, 300 * MIB, False)]
        bench.ours[question] = [Run(0.5, 100 * MIB, True)]
    lines = list(table(bench, "title"))
    assert len(lines) == 2 + len(QUESTIONS)
    assert len(known) >= 3
    for question, line in zip(QUESTIONS, lines[2:], strict=True):
        measured = "| > 60.00 s | 0.50 s | > 120× | 300.0 MiB | 100.0 MiB | > 3.0× |"
        assert line.endswith(measured) if question in known else f"no `{question.ours[0]}` yet" in line
        assert line.count("|") == 8


def test_the_table_says_where_the_reference_was_not_run() -> None:
    bench = Bench(BenchDump(Path("x.pmat"), "0x1"), timeout=1, asks_reference=False)
    known = next(question for question in QUESTIONS if exists(question))
    bench.ours[known] = [Run(0.5, 100 * MIB, True)]
    line = next(line for line in table(bench, "title") if line.startswith(f"| {known.name} |"))
    assert line == f"| {known.name} | not run | 0.50 s | | | 100.0 MiB | |"


def test_the_index_alone_is_told_by_the_difference() -> None:
    bench = Bench(BenchDump(Path("x.pmat"), "0x1"), timeout=1)
    cold, warm = (next(one for one in QUESTIONS if one.name == name) for name in (OPEN, REOPEN))
    assert list(index_alone(bench)) == []
    bench.ours = {cold: [Run(0.75, MIB, True)], warm: [Run(0.25, MIB, True)]}
    assert list(index_alone(bench))[1] == f"The index alone ({OPEN}, less {REOPEN}): 0.50 s."
    bench.reference = {cold.reference: [Run(20, MIB, True)]}
    assert list(index_alone(bench))[1].endswith("0.50 s, 40×.")


def limit_of(dump: Path, folder: Path) -> Limit:
    if not can_compile():
        pytest.skip("no g++ here, or not a machine whose dumps the loop reads")
    return Limit(dump, folder, timeout=60)


def test_the_loop_finds_the_svs_and_references_that_the_heap_has(demo_dump: Path, tmp_path: Path) -> None:
    heap = load(demo_dump)
    dump = tmp_path / "demo.pmat"
    dump.write_bytes(bytes(heap.data[: len(heap.data)]))
    program = limit_of(dump, tmp_path)._program
    said = subprocess.run([program, dump], check=True, capture_output=True, text=True).stdout
    # What is behind an index into a pad, found by an op tree, or in a record of magic, the loop leaves out.
    left_out = (RefKind.CODE_CONSTANT, RefKind.CODE_GLOBREF, RefKind.CODE_PROTOSUB)
    linked = ~np.isin(heap.out_kind, left_out) & (heap.out_kind < RefKind.MAGIC_OBJECT)
    linked |= heap.out_kind == RefKind.BLESSED
    linked &= heap.out_target < heap.n
    references = int(linked.sum()) + int((heap.globs.stash >= 0).sum())
    assert said == f"{heap.n} SVs, {references} references\n"
    cut = tmp_path / "cut.pmat"
    cut.write_bytes(dump.read_bytes()[: dump.stat().st_size // 2])
    assert subprocess.run([program, cut], capture_output=True, text=True).stderr == "loop: truncated\n"


def test_the_index_is_measured_beside_the_loop(demo_dump: Path, tmp_path: Path) -> None:
    dump = tmp_path / "demo.pmat"
    dump.write_bytes(bytes(read_dump(demo_dump)))
    limit = limit_of(dump, tmp_path)
    limit.round(1)
    assert limit.index_bytes > 0
    assert limit.start[0].cpu > 0
    limit.loop, limit.index = [Run(1, MIB, True, 0.5)], [Run(2, 3 * limit.dump_bytes, True, 0.8, 0, 0)]
    limit.start = [Run(1, MIB, True, 0.2)]
    lines = list(limit_table(limit, "title", Run(9, MIB, True, 1.5), None, Run(60, MIB, False, 60)))
    assert "| CPU: building the index, as a process of its own | 0.80 s | 1.6× |" in lines
    assert "| CPU: the same in a forked child, as on the command line | 0.60 s | 1.2× |" in lines
    assert "| CPU: first leaks, all processes | 1.50 s | 3.0× |" in lines
    assert "| CPU: pmat: to summary | > 60.00 s | > 120.0× |" in lines
    assert any(line.startswith("| peak memory of building the index |") and "| 3.00× |" in line for line in lines)
    assert not any("reopen" in line or "own memory" in line for line in lines)


def test_the_time_an_sv_is_told_for_each_size() -> None:
    summaries = {200_000: Run(0.4, MIB, True), 2_000_000: Run(1, MIB, True)}
    assert time_each(summaries) == "Open to summary, time an SV: 200,000 SVs 2.00 µs, 2,000,000 SVs 0.50 µs."


def test_the_loops_compute_as_long_as_something_is_measured_beside_them() -> None:
    with computing(2) as loops:
        assert [loop.poll() for loop in loops] == [None, None]
    assert [loop.returncode for loop in loops] == [-signal.SIGKILL] * 2


def test_a_first_leaks_is_measured_alone_and_beside_the_loops(demo_dump: Path) -> None:
    quiet, busy = measure(demo_dump, rounds=1, loops=1)
    assert quiet.finished
    assert busy.finished


@pytest.mark.skipif(not has_dumper(), reason="no perl with Devel::MAT::Dumper here")
def test_the_generator_writes_about_as_many_svs_as_wanted_and_leaks(tmp_path: Path) -> None:
    dump = bench_dump(tmp_path, 30_000)
    heap = load(dump.path)
    assert 0.85 < heap.n / 30_000 < 1.15
    assert heap.class_of(heap.id_at(int(dump.address, 16))) in ("Bench::User", "Bench::Admin")
    assert [finding.classes for finding in find_leaks(heap).report.findings] == [("Bench::Connection",)]
    written = dump.path.stat().st_mtime_ns
    assert bench_dump(tmp_path, 30_000) == dump
    assert dump.path.stat().st_mtime_ns == written
