"""The benchmarks of the server measure answers of the real one, and of the real other one beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pmat_lsp.cli.demonstration import put_demo
from tests.benchmarks import first_marks
from tests.benchmarks.beside import OURS, THEIRS, measure
from tests.benchmarks.inside import ASKED, answers
from tests.benchmarks.replay import latencies, percentile
from tests.benchmarks.wire import NoAnswer, running
from tests.server.beside import needs_perl_languageserver

ECHO = """
import sys
from tests.benchmarks.wire import read_frame, write_frame
while b'"exit"' not in (content := read_frame(sys.stdin.buffer)):
    write_frame(sys.stdout.buffer, content.replace(b'"method"', b'"result"'))
"""


def test_every_question_is_asked_about_every_chosen_sv(tmp_path: Path) -> None:
    put_demo(tmp_path / "demo")
    taken = answers(tmp_path / "demo" / "courier.pmat", tmp_path, 20)
    assert {question: len(seconds) for question, seconds in taken.items()} == dict.fromkeys(ASKED, 20)


@needs_perl_languageserver
def test_both_servers_answer_alone_beside_a_busy_one_and_beside_each_other() -> None:
    alone, busy, beside = measure(rounds=1, times=1)
    assert alone.keys() == beside.keys()
    assert {name for name, _ in alone} == {OURS, THEIRS}
    assert busy.keys() >= alone.keys()


def test_the_first_marks_come_with_an_empty_cache_and_with_an_index() -> None:
    cold, warm = first_marks.measure(rounds=1)
    assert all(0 < start.seconds < 60 for start in (*cold, *warm))
    assert first_marks.line("cold", cold).startswith("| cold | ")


def test_an_answer_is_timed_and_a_server_that_leaves_is_told() -> None:
    root = Path(__file__).parent.parent.parent
    with running([sys.executable, "-c", ECHO], root, {}) as server:
        reply = server.ask("one", {})
        assert (reply.result, reply.error) == ("one", None)
        assert 0 < reply.seconds < 60
    with pytest.raises(NoAnswer, match="left"), running([sys.executable, "-c", ""], root, {}) as server:
        server.until(lambda: False)


def test_the_percentile_is_one_of_the_times() -> None:
    times = [float(time) for time in range(1, 101)]
    assert (percentile(times), percentile(times, 50), percentile([7.0])) == (95.0, 50.0, 7.0)
    assert percentile([1.0, 2.0]) == 2.0
    assert latencies([0.001, 0.003]) == "2 | 2.0 | 3.0 | 3.0"


def test_the_benchmarks_say_how_they_are_used() -> None:
    for name in ("replay", "record", "inside", "beside", "under_load", "first_marks", "tiny"):
        command = [sys.executable, "-m", f"tests.benchmarks.{name}", "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert f"python -m tests.benchmarks.{name}" in done.stdout
