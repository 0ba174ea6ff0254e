"""`identify`: the shortest way first, each SV told once, cycles and self-references ended, the depth kept."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from pmat_lsp.analysis import identify
from pmat_lsp.analysis.identify import IdentifyOptions, identify_tree
from pmat_lsp.analysis.leads import Leads
from pmat_lsp.analysis.ownership import find_ownership
from pmat_lsp.analysis.program_classes import ProgramClasses
from pmat_lsp.analysis.unexplained import Unseen, unseen_holder
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.neighbours import DIRECT
from pmat_lsp.render.identify_text import identify_text
from tests.dump_writer import DumpWriter
from tests.dumps import ROOT, heap_of

STASH, GLOB, TARGET, HOLDER, FAR, NEAR = 0x1000, 0x1100, 0x2000, 0x2100, 0x2200, 0x2300


def told(tmp_path: Path, writer: DumpWriter, sv: int, options: IdentifyOptions | None = None) -> list[str]:
    """The lines about one SV, without their addresses."""
    heap = loaded(tmp_path, writer)
    text = identify_text(identify_tree(heap, heap.id_at(sv), options or IdentifyOptions())).plain
    for address in (int(number) for number in heap.address[:]):
        text = text.replace(f" at {address:#x}", "")
    return text.splitlines()[1:]


def loaded(tmp_path: Path, writer: DumpWriter) -> Heap:
    """The dump, written and read."""
    path = tmp_path / "a.pmat"
    path.write_bytes(writer.to_bytes())
    return load(path)


def program(in_table: bool = True) -> DumpWriter:
    """A default stash with the glob `*main::pool`, or with a glob that has lost its place there."""
    writer = DumpWriter()
    writer.root("defstash", STASH)
    writer.stash(STASH, "main", {"pool": GLOB} if in_table else {})
    return writer


def test_the_nearest_way_to_a_root_comes_first(tmp_path: Path) -> None:
    writer = program()
    writer.glob(GLOB, "pool", stash=STASH, array=NEAR, hash=FAR)
    writer.array(TARGET)
    writer.array(NEAR, [0, TARGET])
    writer.array(HOLDER, [TARGET])
    writer.hash(FAR, {"list": HOLDER})
    assert told(tmp_path, writer, TARGET) == [
        "├─element [1] of ARRAY(2), which is:",
        "│ └─the symbol '@main::pool'",
        "└─element [0] of ARRAY(1), which is:",
        "  └─value {list} of HASH(1), which is:",
        "    └─the symbol '%main::pool'",
    ]
    assert told(tmp_path, writer, TARGET, IdentifyOptions(to_root=True)) == [
        "└─element [1] of ARRAY(2), which is:",
        "  └─the symbol '@main::pool'",
    ]


def test_a_self_reference_is_told_once(tmp_path: Path) -> None:
    writer = program()
    writer.array(TARGET, [TARGET])
    assert told(tmp_path, writer, TARGET) == ["└─element [0] of ARRAY(1), which is:", "  itself"]


def test_a_self_reference_by_way_of_a_reference_is_told_once(tmp_path: Path) -> None:
    writer = program()
    writer.array(TARGET, [HOLDER])
    writer.ref(HOLDER, TARGET)
    assert told(tmp_path, writer, TARGET) == ["└─(via RV) element [0] of ARRAY(1), which is:", "  itself"]


def test_counts_that_are_missing_are_told_with_who_probably_holds_them(tmp_path: Path) -> None:
    writer = program()
    writer.array(TARGET, [HOLDER])
    writer.ref(HOLDER, NEAR)
    writer.array(NEAR, [TARGET], refcount=3)
    heap = loaded(tmp_path, writer)
    unseen = {heap.id_at(NEAR): Unseen(2, ("HTML::Parser", "EV::Timer"))}
    tree = identify_tree(heap, heap.id_at(TARGET), IdentifyOptions(), unseen.get)
    assert [line.partition(" at 0x")[0] for line in identify_text(tree).plain.splitlines()[1:]] == [
        "└─element [0] of ARRAY(1)",
        "  ├─2 counts on it are not in the dump; probably held by HTML::Parser (XS), or EV::Timer",
        "  └─(via RV) element [0] of ARRAY(1)",
        "    └─already found circularly",
    ]
    assert tree.rows[1].values == ("unseen", None, "HTML::Parser, EV::Timer", None, None, None, 2)


def test_an_sv_without_referrers_of_which_a_count_is_missing_is_not_only_not_found(tmp_path: Path) -> None:
    writer = program()
    writer.array(TARGET)
    heap = loaded(tmp_path, writer)
    ownership = find_ownership(heap)
    leads = Leads(heap, ownership, ProgramClasses(heap, lambda file: False))
    tree = identify_tree(
        heap, heap.id_at(TARGET), IdentifyOptions(), lambda sv: unseen_holder(heap, ownership, leads, sv)
    )
    assert identify_text(tree).plain.splitlines()[1:] == [
        "└─one count on it is not in the dump; C code holds it or has miscounted"
    ]


def test_the_whole_heap_is_not_looked_at_for_what_a_root_reaches(tmp_path: Path) -> None:
    def never(_: int) -> Unseen | None:
        raise AssertionError

    writer = program()
    writer.glob(GLOB, "pool", stash=STASH, array=TARGET)
    writer.array(TARGET, refcount=2)
    heap = loaded(tmp_path, writer)
    assert identify_tree(heap, heap.id_at(TARGET), IdentifyOptions(), never).rows


def test_a_cycle_ends_where_it_closes(tmp_path: Path) -> None:
    writer = program()
    writer.array(TARGET, [HOLDER])
    writer.array(HOLDER, [TARGET])
    assert told(tmp_path, writer, TARGET) == [
        "└─element [0] of ARRAY(1), which is:",
        "  └─element [0] of ARRAY(1), which is:",
        "    └─already found circularly",
    ]


def test_what_two_ways_share_is_told_once_and_marked(tmp_path: Path) -> None:
    writer = program()
    writer.array(TARGET)
    writer.array(NEAR, [TARGET])
    writer.array(FAR, [TARGET])
    writer.array(HOLDER, [NEAR, FAR])
    writer.array(0x2400, [HOLDER])
    lines = told(tmp_path, writer, TARGET)
    assert lines[1:3] == ["│ └─element [1] of ARRAY(2), which is (*A):", "│   └─element [0] of ARRAY(1), which is:"]
    assert lines[-2:] == ["  └─element [0] of ARRAY(2), which is:", "    └─already found as *A"]


def test_a_glob_in_the_symbol_table_is_a_root(tmp_path: Path) -> None:
    writer = program()
    writer.glob(GLOB, "pool", stash=STASH, io=TARGET)
    writer.io(TARGET)
    assert told(tmp_path, writer, TARGET) == ["└─the io of GLOB(I), which is:", "  └─the glob '*main::pool'"]


def test_a_glob_that_has_left_the_symbol_table_is_none(tmp_path: Path) -> None:
    writer = program(in_table=False)
    writer.glob(GLOB, "pool", stash=STASH, io=TARGET)
    writer.io(TARGET)
    writer.array(HOLDER, [GLOB])
    assert told(tmp_path, writer, TARGET) == [
        "└─the io of GLOB(I), which is:",
        "  └─element [0] of ARRAY(1), which is:",
        "    └─not found",
    ]


def test_the_handle_that_was_read_last_has_no_strong_root(tmp_path: Path) -> None:
    writer = program(in_table=False)
    writer.root("last_in_gv", GLOB)
    writer.glob(GLOB, "FH", stash=STASH)
    writer.array(HOLDER, [GLOB])
    assert told(tmp_path, writer, GLOB)[0].startswith("└─element [0] of ARRAY(1)")
    weak = told(tmp_path, writer, GLOB, IdentifyOptions(strengths=DIRECT))
    assert weak[0] == "├─[weak] the last input GV"


def test_the_depth_is_kept(tmp_path: Path) -> None:
    writer = program()
    addresses = range(0x2000, 0x2000 + 50 * 0x20, 0x20)
    writer.array(addresses[0])
    for before, after in itertools.pairwise(addresses):
        writer.array(after, [before])
    lines = told(tmp_path, writer, addresses[0], IdentifyOptions(depth=3))
    assert len(lines) == 4
    assert lines[-1].strip() == "└─not found at this depth"
    assert told(tmp_path, writer, addresses[0], IdentifyOptions(depth=1000))[-1].strip() == "└─not found"


def test_steps_are_left_out_only_where_they_say_little(tmp_path: Path) -> None:
    writer = program()
    writer.array(TARGET)
    writer.ref(HOLDER, TARGET)
    writer.array(NEAR, [HOLDER])
    assert told(tmp_path, writer, TARGET)[0] == "└─(via RV) element [0] of ARRAY(1), which is:"
    assert told(tmp_path, writer, TARGET, IdentifyOptions(elide=False))[:2] == [
        "└─the referrant of REF(), which is:",
        "  └─element [0] of ARRAY(1), which is:",
    ]


def test_a_handle_whose_glob_has_left_the_symbol_table_is_told_up_to_its_cycle() -> None:
    """Of a real program: Devel::MAT stops at `the glob '*Symbol::GEN0"`, before the object and its closure."""
    heap = heap_of(ROOT / "tests" / "data" / "gensym_handle.pmat.xz")
    leaked = heap.ios.sv[heap.ios.ifileno > 2].tolist()
    assert len(leaked) == 3
    for handle in leaked:
        text = identify_text(identify_tree(heap, handle, IdentifyOptions())).plain
        steps = [re.sub(r" at 0x\w+(=last_in_gv)?", "", line).strip(" └─") for line in text.splitlines()[1:]]
        assert steps == [
            "the io of GLOB(*I)=IO::File, which is:",
            "(via RV) value {handle} of HASH(2)=Journal, which is (*A):",
            "(via RV) the lexical $self at depth 1 of CODE(PP,closure), which is:",
            "(via RV) value {next_line} of HASH(2)=Journal, which is:",
            "already found circularly as *A",
        ]


def test_of_very_many_referrers_the_first_are_told_and_how_many_more_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identify, "MOST_REFERRERS", 3)
    dump = DumpWriter()
    dump.scalar(0x1000, pv="hub", refcount=5)
    for number in range(5):
        dump.ref(0x2000 + 0x100 * number, 0x1000)
        dump.array(0x3000 + 0x100 * number, [0x2000 + 0x100 * number])
    dump.root("main_cv", 0x3000)
    heap = load(Path("hub.pmat"), read=lambda _: dump.to_bytes())
    tree = identify_tree(heap, heap.id_at(0x1000), IdentifyOptions())
    top = [row for row in tree.rows if row.depth == 0]
    assert [row.values[0] for row in top] == ["reference"] * 3 + ["more"]
    assert top[-1].more == 2
    assert identify_text(tree).plain.splitlines()[-1] == "└─and 2 more"
