"""Every real dump loads, and its SVs, roots and references are those that the reference tool tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pmat_lsp.analysis.ownership import find_ownership
from pmat_lsp.errors import DumpError
from pmat_lsp.format.kinds import KIND_NAMES, Kind, RefKind, ScalarFlag, Strength
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from tests.dumps import corpus_dumps, heap_of, named, needs_corpus, own_dumps, truncated_dumps


@pytest.fixture(scope="module", params=named(corpus_dumps()))
def dump(request: pytest.FixtureRequest) -> Path:
    """Every dump of the big corpus; tests of one dump run after each other, so that it is loaded once."""
    path: Path = request.param
    return path


def expected(dump: Path, command: str) -> str:
    """What the reference tool printed."""
    path = dump.with_name(dump.name.replace(".pmat.xz", ".expected")) / f"{command}.txt"
    if not path.exists():
        pytest.skip(f"the reference tool's output of `{command}` is not in the corpus for {dump.name}")
    return path.read_text()


def sections(text: str) -> Iterator[tuple[int, list[str]]]:
    """(address, lines) of each `@@ command,ADDRESS` section."""
    for section in re.split(r"^@@ ", text, flags=re.MULTILINE)[1:]:
        head, *lines = section.splitlines()
        yield int(head.rsplit(",", 1)[1], 16), lines


@needs_corpus
def test_count_of_svs_by_kind_is_the_references(dump: Path) -> None:
    text = expected(dump, "count")
    rows = re.findall(r"^  (\w+) +(\d+)", text, flags=re.MULTILINE)
    wanted = Counter({kind: int(count) for kind, count in rows})
    heap = heap_of(dump)
    found = Counter(KIND_NAMES[kind] for kind in heap.kind[: heap.n].tolist())
    if "UNDEF" not in wanted:
        # Up to 0.53 the reference counts undef scalars as SCALAR.
        found["SCALAR"] += found.pop("UNDEF", 0)
    else:
        found["UNDEF"] += (lost := numbers_that_the_reference_loses(heap))
        found["SCALAR"] -= lost
    assert found == wanted


def numbers_that_the_reference_loses(heap: Heap) -> int:
    """Scalars with an NV alone, which it reads with a format that drops trailing NULs and spaces, and so as undef."""
    layout = heap.layout
    start = 1 + int(layout.type_sizes[0, 0]) + layout.ptr_size + 1 + layout.uint_size
    lost = 0
    for sv in heap.ids_of(Kind.SCALAR)[heap.flags[heap.ids_of(Kind.SCALAR)] & 0x0D == ScalarFlag.NV].tolist():
        at = int(heap.offset[sv]) + start
        raw = heap.data[at : at + layout.nv_size]
        lost += layout.nv_size == 10 or raw[-1:] in b"\0 \t\n\f\r"
    return lost


@needs_corpus
def test_bytes_of_all_svs_are_the_references(dump: Path) -> None:
    total = re.search(r"\(total\) +\d+ +\d* +([\d.]+) (\w+)", expected(dump, "count"))
    assert total
    scale = {"KiB": 1024.0, "MiB": 1024.0**2}[total[2]]
    assert heap_of(dump).bytes / scale == pytest.approx(float(total[1]), abs=0.051)


@needs_corpus
def test_references_out_of_an_sv_are_the_references(dump: Path) -> None:
    heap = heap_of(dump)
    compared = 0
    for address, lines in sections(expected(dump, "sv_outrefs-all")):
        if any("EXCEPTION" in line for line in lines):
            continue
        wanted = Counter((line[0], target(line)) for line in lines if comparable(line))
        found = references_out(heap, address)
        if heap.kind[heap.id_at(address)] == Kind.OBJECT:
            # The reference leaves out the fields that a class inherits.
            found &= wanted
        assert found == wanted, f"SV at {address:#x}"
        compared += sum(wanted.values())
    assert compared > 50


def comparable(line: str) -> bool:
    """Direct references; the glob of a CODE is left out: the reference gives any that holds it, whatever CvGV says."""
    return line[:1] in ("s", "w") and not re.match(r"[sw]  the glob ", line)


def target(line: str) -> int:
    """The address at the end of a line of `outrefs`."""
    return int(line.rsplit(" at 0x", 1)[1].split("=")[0], 16)


def references_out(heap: Heap, address: int) -> Counter[tuple[str, int]]:
    """(strong or weak, target address) of the direct references of an SV."""
    found: Counter[tuple[str, int]] = Counter()
    for row in heap.out_rows(heap.id_at(address)):
        strength = heap.out_strength[row]
        letter = "s" if strength & Strength.STRONG else "w" if strength & Strength.WEAK else ""
        if letter and heap.out_kind[row] != RefKind.CODE_GLOB:
            found[letter, int(heap.address[heap.out_target[row]])] += 1
    return found


@needs_corpus
def test_roots_are_the_references(dump: Path) -> None:
    wanted = {int(address, 16) for address in re.findall(r" at (0x[0-9a-f]+)", expected(dump, "roots"))}
    heap = heap_of(dump)
    assert {int(heap.address[root.sv]) for root in heap.roots} >= wanted


@needs_corpus
def test_every_counted_reference_is_in_the_refcount(dump: Path) -> None:
    """No lost SV has fewer counts than references that are said to own one."""
    heap = heap_of(dump)
    ownership = find_ownership(heap)
    counted = np.bincount(heap.out_target[ownership.counted != 0], minlength=heap.n + 3)[: heap.n]
    too_many = ownership.lost & (counted > heap.refcount[: heap.n])
    assert [hex(address) for address in heap.address[: heap.n][too_many]] == []


@needs_corpus
@pytest.mark.parametrize("dump", named(truncated_dumps()))
def test_a_dump_whose_writer_crashed_is_refused_with_the_place(dump: Path) -> None:
    with pytest.raises(DumpError, match=r"truncated: the record at byte [\d,]+ \(\w+\) needs") as caught:
        load(dump)
    assert caught.value.offset is not None
    assert "killed" in caught.value.hint


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_own_dumps_load_without_a_warning(dump: Path) -> None:
    heap = heap_of(dump)
    assert heap.n > 1000
    assert heap.warnings == ()
    assert np.all(np.diff(heap.address[: heap.n].astype(object)) > 0)


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_references_in_are_the_references_out_turned_round(dump: Path) -> None:
    heap = heap_of(dump)
    for sv in range(0, heap.n, 97):
        assert set(heap.in_rows(sv).tolist()) == set(np.flatnonzero(heap.out_target == sv).tolist())
    assert np.array_equal(heap.out_source, np.repeat(np.arange(heap.n + 3), np.diff(heap.out_start)))


@pytest.mark.parametrize("dump", named(own_dumps()))
def test_pads_belong_to_the_code_that_names_their_slots(dump: Path) -> None:
    heap = heap_of(dump)
    pads = heap.ids_of(Kind.PAD)
    assert len(pads)
    assert np.all(heap.kind[heap.owner[pads]] == Kind.CODE)
