"""A short run of what `make fuzz` does at length, and what it is made of."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from pmat_lsp.errors import DumpError
from pmat_lsp.heap.model import Heap
from tests.dump_writer import DumpWriter, small_dump
from tests.fuzz import checking
from tests.fuzz.checking import Hang, Reader, check, limits
from tests.fuzz.failures import Failures
from tests.fuzz.heaps import dumps

_INPUTS = 200
"""Of which each takes 0.15 s, nearly all of it for the answers."""


# The same inputs each time, so that an unrelated change never fails; `make fuzz` tries new ones.
@settings(
    max_examples=_INPUTS,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(raw=dumps())
def test_any_dump_gives_an_error_with_a_place_or_an_answer_to_everything(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert check(raw, tmp_path_factory.getbasetemp()) in ("error", "answer")


def test_a_loop_without_an_end_and_a_lot_of_memory_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MOST_SECONDS", 0.1)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(Hang), limits():
        _loop()
    with pytest.raises(MemoryError), limits():
        bytearray(2 * checking.MOST_MEMORY)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_an_error_without_a_place_is_a_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    writer = DumpWriter(6)
    assert check(writer.to_bytes(), tmp_path) == "answer"
    assert check(writer.to_bytes()[:-5], tmp_path) == "error"
    monkeypatch.setattr(checking, "load", _without_a_place)
    with pytest.raises(AssertionError):
        check(b"", tmp_path)


def _loop() -> None:
    while True:
        time.process_time()


def _without_a_place(path: Path, read: Reader) -> Heap:
    raise DumpError(path, "odd")


def test_the_smallest_input_of_each_kind_of_failure_is_kept(tmp_path: Path) -> None:
    failures = Failures(tmp_path)
    raw = small_dump(tmp_path / "small").read_bytes()
    for size in (30, 20, 25):
        try:
            raise KeyError(size)
        except KeyError as error:
            name = failures.keep(raw[:size], error)
    assert {path.name for path in tmp_path.glob("*.pmat")} == {f"{name}.pmat"}
    assert (tmp_path / f"{name}.pmat").stat().st_size == 20
    assert "KeyError: 20" in (tmp_path / f"{name}.txt").read_text()
    assert Failures(tmp_path).names == {name}
