"""A scrubbed dump has no values, and everything else as it was."""

from __future__ import annotations

import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmat_lsp.errors import DumpError
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap import scrubbing
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.scrubbing import kept, scrubbed
from pmat_lsp.heap.values import scalar_value, text_of
from tests.dump_writer import DumpWriter
from tests.dumps import ROOT, corpus_dumps, heap_of, named, needs_corpus, own_dumps
from tests.heap.test_every_format import MINORS, WORDS, loaded
from tests.perl import require_modules
from tests.same import assert_equal

_MOVED = ("path", "data", "offset", "length", "out_detail", "extensions")
"""What depends on where a record stands in the file, or is what is left out."""


def _scrubbed(heap: Heap, tmp_path: Path) -> Heap:
    path = tmp_path / "scrubbed.pmat"
    path.write_bytes(b"".join(scrubbed(heap)))
    return load(path)


def _assert_scrubbed(before: Heap, after: Heap) -> None:
    for field in fields(Heap):
        if field.name not in _MOVED:
            assert_equal(getattr(before, field.name), getattr(after, field.name), field.name)
    others = np.flatnonzero(before.kind[: before.n] != Kind.SCALAR)
    assert np.array_equal(before.length[others], after.length[others])
    stays = set(kept(before).tolist())
    for sv in np.flatnonzero(before.kind[: before.n] == Kind.SCALAR).tolist():
        old, new = scalar_value(before, sv), scalar_value(after, sv)
        if sv in stays:
            # Not a number is no number, not even itself.
            assert repr(new) == repr(old)
        else:
            assert (new.string_length, new.utf8, new.unsigned) == (old.string_length, old.utf8, old.unsigned)
            assert new.string == (None if old.string is None else b"")
            assert new.integer == (None if old.integer is None else 0)
            assert new.number == (None if old.number is None else 0.0)


@pytest.mark.parametrize("path", named(own_dumps()[::4]))
def test_all_but_the_values_stays(path: Path, tmp_path: Path) -> None:
    _assert_scrubbed(heap_of(path), _scrubbed(heap_of(path), tmp_path))


@needs_corpus
@pytest.mark.parametrize("path", named(corpus_dumps()[::8]))
def test_all_but_the_values_stays_in_dumps_of_many_perls(path: Path, tmp_path: Path) -> None:
    _assert_scrubbed(heap_of(path), _scrubbed(heap_of(path), tmp_path))


def _small(minor: int, words: dict[str, Any], string: str, number: int) -> DumpWriter:
    writer = DumpWriter(minor, **words)
    writer.root("defstash", 0x10)
    writer.stash(0x10, "main", {"INC": 0x20})
    writer.glob(0x20, "INC", file="a.pl", line=1, stash=0x10, array=0x30)
    writer.array(0x30, [0x40])
    writer.scalar(0x40, pv="/usr/lib/perl5")
    writer.scalar(0x50, iv=number, nv=float(number), pv=string, pvlen=5)
    writer.scalar(0x60, iv=number)
    writer.hash(0x70, {"key": 0x50})
    return writer


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("words", WORDS)
def test_every_format_is_scrubbed_to_what_its_writer_writes_without_values(
    minor: int, words: dict[str, Any], tmp_path: Path
) -> None:
    heap = loaded(_small(minor, words, "horse", 42), tmp_path)
    assert b"".join(scrubbed(heap)) == _small(minor, words, "", 0).to_bytes()


def test_strings_that_reach_over_windows_are_left_out_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heap = heap_of(ROOT / "tests" / "data" / "large_strings.pmat.xz")
    whole = b"".join(scrubbed(heap))
    monkeypatch.setattr(scrubbing, "_WINDOW", 1009)
    assert b"".join(scrubbed(heap)) == whole


def test_what_decides_where_sources_are_and_who_inherits_stays() -> None:
    heap = heap_of(ROOT / "tests" / "data" / "secrets.pmat.xz")
    texts = {text_of(heap, sv) for sv in kept(heap).tolist()}
    assert {"secrets.pl", "/usr/share/perl/5.36", "Exporter"} <= texts
    assert not texts & {"correcthorse", "alice"}


def test_a_dump_with_an_sv_that_was_dumped_twice_is_refused(tmp_path: Path) -> None:
    writer = DumpWriter(6)
    writer.root("defstash", 0x10)
    writer.scalar(0x10, pv="first")
    writer.scalar(0x10, pv="second")
    with pytest.raises(DumpError, match="cannot be scrubbed: it has 1 SV that was dumped twice"):
        list(scrubbed(loaded(writer, tmp_path)))


def test_a_dump_with_an_sv_of_an_unknown_kind_is_refused() -> None:
    heap = heap_of(ROOT / "tests" / "data" / "found" / "unknown_kind_in_a_cycle.pmat")
    with pytest.raises(DumpError, match="of a kind that this version does not know"):
        list(scrubbed(heap))


def test_the_reference_tool_reads_a_scrubbed_dump_and_finds_no_value(tmp_path: Path) -> None:
    require_modules("Devel::MAT")
    heap = _scrubbed(heap_of(ROOT / "tests" / "data" / "secrets.pmat.xz"), tmp_path)
    said = subprocess.run(
        ["pmat", str(heap.path), "find", "pv", "-r", "."], capture_output=True, text=True, check=True
    ).stdout
    assert "secrets.pl" in said
    assert not [text for text in ("horse", "hunter2", "swordfish", "alice", "opaque") if text in said]
