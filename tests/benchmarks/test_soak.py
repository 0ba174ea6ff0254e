"""What the long day says of its samples, and a short one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.dumps import bench_dump
from tests.benchmarks.player import play
from tests.benchmarks.soak import Sample, Soak, grown, is_flat
from tests.benchmarks.test_benchmarks import has_dumper


def test_what_grows_in_the_second_half_is_not_flat() -> None:
    level = [Sample(100, 200, 20, 10)] * 8
    assert is_flat([Sample(10, 20, 5, 3)] * 8 + level)
    assert not is_flat(level + [Sample(100, 200, 21, 10)] * 4)
    assert not is_flat(level + [Sample(100, 200, 20, 11)] * 4)
    assert not is_flat(level + [Sample(110, 200, 20, 10)] * 4)
    assert grown(level)["files"] == (20, 20, 20)


@pytest.mark.skipif(not has_dumper(), reason="no perl with Devel::MAT::Dumper here")
def test_dumps_come_and_go_while_a_session_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMAT_LSP_CACHE", str(tmp_path / "cache"))
    others = tmp_path / "dumps"
    others.mkdir()
    first = bench_dump(tmp_path, 2_000)
    soak = Soak(first.path, others, 9)
    play(first.path, tmp_path, 60, between=soak.go_on)
    assert soak.wrong == []
    assert len(soak.samples) == 9
