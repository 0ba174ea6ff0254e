"""What the long day says of its samples, and a short one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.dumps import bench_dump
from tests.benchmarks.soak import Sample, grown, sample, slope, soak, table
from tests.benchmarks.test_benchmarks import has_dumper

LEVEL = [Sample(100, 200, 20, 10)] * 4


def test_what_grows_from_the_second_quarter_to_the_last_is_named() -> None:
    assert grown([Sample(10, 20, 5, 3)] * 4 + LEVEL * 3) == []
    assert grown(LEVEL * 3 + [Sample(104, 209, 19, 9)] * 4) == []
    assert grown(LEVEL * 3 + [Sample(100, 200, 21, 10)] * 4) == ["files"]
    assert grown(LEVEL * 3 + [Sample(106, 211, 20, 11)] * 4) == ["own", "resident", "threads"]


def test_the_table_has_quarters_the_most_and_the_growth_of_a_dump() -> None:
    samples = [Sample(1024 * at, 0, at, 7) for at in range(8)]
    own, _, files, threads = list(table(samples, Sample(1 << 20, 0, 9, 8)))[2:]
    assert own == "| own | 512 bytes | 2.5 KiB | 4.5 KiB | 6.5 KiB | 1.0 MiB | +1.0 KiB |"
    assert files == "| files | 0.5 | 2.5 | 4.5 | 6.5 | 9 | +1.000 |"
    assert threads == "| threads | 7 | 7 | 7 | 7 | 8 | +0.000 |"
    assert slope([3]) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_children_are_counted_and_a_process_that_has_ended_is_not() -> None:
    alone = sample(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        both = sample(os.getpid())
        assert both.threads == alone.threads + 1
        assert both.resident > alone.resident
    assert sample(child.pid) == Sample(0, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.skipif(not has_dumper(), reason="no perl with Devel::MAT::Dumper here")
def test_dumps_that_a_program_writes_during_a_session_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMAT_LSP_CACHE", str(tmp_path / "cache"))
    soaked, played = soak(bench_dump(tmp_path / "made", 2_000), tmp_path, dumps=8, messages=60)
    assert soaked.wrong + played.wrong == []
    assert len(soaked.samples) == 8
    assert all(one.files and one.threads for one in soaked.samples)
    assert soaked.most.files
