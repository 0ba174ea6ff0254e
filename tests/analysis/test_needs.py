"""What is said of the memory that questions take is enough, and a question that there is no memory for is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmat_lsp.analysis import needs
from pmat_lsp.analysis.needs import NEEDS
from pmat_lsp.catalogue.question import Takes
from pmat_lsp.catalogue.questions import BY_NAME
from pmat_lsp.heap import memory
from pmat_lsp.heap.memory import Limit, NotEnoughMemory
from pmat_lsp.session import Settings, open_dump
from tests.benchmarks.needs import peak, questions
from tests.dump_writer import DumpWriter

SVS = 240_000
_ALLOWED = 2 << 20
"""Bytes that do not grow with the heap."""
_WALKS_IN_PYTHON = "owned"
"""Would take a minute here: `python -m tests.benchmarks.needs` measures these."""


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a large array of scalars, and of a quarter as many SVs that leaked: pairs of arrays that hold each other."""
    writer = DumpWriter()
    scalars = [0x10000 + 0x18 * number for number in range(SVS * 4 // 5)]
    writer.array(0x1000, scalars)
    for address in scalars:
        writer.scalar(address)
    for number in range(SVS // 10):
        one = 0x10000000 + 0x30 * number
        writer.array(one, [one + 0x18])
        writer.array(one + 0x18, [one])
    writer.root("main_cv", 0x1000)
    path = tmp_path_factory.mktemp("needs") / "large.pmat"
    path.write_bytes(writer.to_bytes())
    return path


@pytest.mark.parametrize("name", [name for name in questions() if _WALKS_IN_PYTHON not in name])
def test_what_is_said_is_enough_and_not_far_too_much(dump: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PMAT_LSP_CACHE", str(dump.parent / "cache"))
    most, said = peak(dump, name)
    assert said / 4 < most < said + _ALLOWED


@pytest.mark.parametrize("name", NEEDS)
def test_what_it_is_said_of_is_a_question_with_that_flag(name: str) -> None:
    question, _, flag = name.partition(" ")
    flags = [parameter.name for parameter in BY_NAME[question].parameters if parameter.takes is Takes.FLAG]
    assert flag in ["", *flags]


def test_a_question_that_needs_more_than_there_is_is_refused_before_it_begins(
    monkeypatch: pytest.MonkeyPatch, demo_dump: Path
) -> None:
    opened = open_dump(demo_dump, Settings())
    left = needs.RETAINED.of(opened.heap) - 1
    monkeypatch.setattr(memory, "_WORTH_ASKING", 0)
    monkeypatch.setattr(memory, "_left", lambda _: iter([Limit(left, "are left", "Get more.")]))
    with pytest.raises(NotEnoughMemory, match=r"finding what each SV retains takes .* more than the .* that are left"):
        opened.retained()
    monkeypatch.setattr(memory, "_left", lambda _: iter([Limit(left + 1, "are left", "Get more.")]))
    assert opened.retained().bytes.sum() > 0


def test_a_flag_that_takes_more_is_asked_for_and_two_dumps_take_twice_as_much(
    monkeypatch: pytest.MonkeyPatch, demo_dump: Path
) -> None:
    opened = open_dump(demo_dump, Settings())
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(memory, "require", lambda doing, size: asked.append((doing, size)))
    BY_NAME["largest"].asked((opened,), {})
    BY_NAME["largest"].asked((opened,), {"struct": True})
    BY_NAME["diff"].asked((opened, opened), {})
    BY_NAME["roots"].asked((opened,), {})
    assert asked == [
        ("largest", NEEDS["largest"].of(opened.heap)),
        ("largest --struct", NEEDS["largest struct"].of(opened.heap)),
        ("diff", 2 * NEEDS["diff"].of(opened.heap)),
    ]
