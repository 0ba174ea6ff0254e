"""`diff`, `leakreport`, `counts`, `list-orphans` against Devel::MAT's scripts; `compare` against known programs."""

from __future__ import annotations

import random
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.text import Text

from pmat_lsp.analysis import compare, diff
from pmat_lsp.analysis.compare import CONTAINER, FINDING, compare_table
from pmat_lsp.analysis.diff import diff_tree
from pmat_lsp.analysis.growth import counts_table, stayed_table
from pmat_lsp.analysis.leaks import find_leaks
from pmat_lsp.analysis.orphans import orphans_table
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.neighbours import references_out
from pmat_lsp.render.scripts_text import counts_text, diff_text, orphans_text, stayed_text
from tests.dump_writer import DumpWriter
from tests.dumps import CORPUS, ROOT, corpus_dumps, named, needs_corpus, own_dumps

DUMPS = CORPUS / "bookworm-amd64-perl5.36.0"


def series(name: str) -> list[Heap]:
    """The three dumps of a program that grows."""
    return [load(DUMPS / f"{name}-{number}.pmat.xz") for number in (1, 2, 3)]


def expected(name: str) -> list[str]:
    """What the reference prints."""
    return plain((DUMPS / "scripts" / name).read_text(encoding="utf-8"))


def plain(text: str) -> list[str]:
    """Lines without what differs on purpose: paths, blanks at ends, and IV for UV.

    The reference, at this version, calls an integer UV where the dump's flags say that it is signed.
    """
    text = text.replace(f"{DUMPS}/", "").replace(".pmat.xz", ".pmat")
    return [re.sub(r"SCALAR\(UV", "SCALAR(IV", line).rstrip() for line in text.splitlines()]


@needs_corpus
@pytest.mark.parametrize(("name", "letter"), [("e_growing_cache", "e"), ("f_growing_handlers", "f")])
def test_diff_and_leakreport_print_what_the_scripts_print(name: str, letter: str) -> None:
    heaps = series(name)
    assert plain(diff_text(diff_tree(heaps[0], heaps[1])).plain) == expected(f"pmat-diff_{letter}1_{letter}2.txt")
    # The script's order is that of perl's hashes.
    stayed = plain(stayed_text(stayed_table(heaps)).plain)
    assert sorted(stayed) == sorted(expected(f"pmat-leakreport_{letter}.txt"))


@needs_corpus
def test_the_totals_of_counts_are_those_of_the_script() -> None:
    """Kind by kind too, but for UNDEF, which the script adds to SCALAR."""
    ours = plain(counts_text(counts_table(series("e_growing_cache"))).plain)
    merged = re.compile(r"  (SCALAR|UNDEF)")

    def told(lines: list[str]) -> list[str]:
        return [" ".join(line.split()) for line in lines if not merged.match(line)]

    theirs = told(expected("pmat-counts_e.txt"))
    assert told(ours) == theirs
    assert len(theirs) > 30


@needs_corpus
@pytest.mark.parametrize("name", ["a_conn_leak", "b_conn_fixed", "c_self_closure", "d_tree_parents"])
def test_orphans_are_those_of_the_script(name: str) -> None:
    ours = orphans_text(orphans_table(load(DUMPS / f"{name}.pmat.xz")))
    assert plain(ours.plain) == expected(f"pmat-list-orphans_{name}.txt")


@needs_corpus
def test_of_many_svs_the_first_are_told_and_how_many_more_there_are() -> None:
    heaps = series("e_growing_cache")
    every, few = diff_tree(heaps[0], heaps[1]), diff_tree(heaps[0], heaps[1], 3)
    for change in ("gone", "new"):
        of_all, told = ([row for row in tree.rows if row.values[0] == change] for tree in (every, few))
        assert told[1:] == of_all[1:4]
        assert told[0] == replace(of_all[0], more=max(len(of_all) - 1 - 3, 0))
    lines = diff_text(few).plain.splitlines()
    assert [line for line in lines if line.endswith("more")] == [
        f"and {row.more:,} more" for row in few.rows if row.more
    ]

    stayed, first = stayed_table(heaps), stayed_table(heaps, most=5)
    assert (first.rows, first.more) == (stayed.rows[:5], len(stayed.rows) - 5)
    assert (
        stayed_text(first).plain
        == "".join(stayed_text(stayed).plain.splitlines(True)[:5]) + f"and {first.more:,} more\n"
    )


def trees_one_by_one(heap: Heap, svs: list[int]) -> Iterator[tuple[int, int]]:
    """(SV, depth) in the order of `diff`, by way of the references of each SV."""
    unreached, under, tops = set(svs), defaultdict[int, list[int]](list), list[int]()
    for top in svs:
        if top not in unreached:
            continue
        unreached.remove(top)
        tops.append(top)
        queue = deque([top])
        while queue:
            sv = queue.popleft()
            children = sorted({reference.sv for reference in references_out(heap, sv)} & unreached)
            unreached.difference_update(children)
            under[sv] = children
            queue.extend(children)
    waiting = [(sv, 1) for sv in reversed(tops)]
    while waiting:
        sv, depth = waiting.pop()
        yield sv, depth
        waiting += [(child, depth + 1) for child in reversed(under[sv])]


@pytest.mark.parametrize("path", named([*own_dumps()[::9], *corpus_dumps()[::17]]))
@pytest.mark.parametrize("share", [2, 3, 20])
def test_the_trees_of_some_svs_are_those_of_their_references(path: Path, share: int) -> None:
    heap, chance = load(path), random.Random(path.name)
    svs = [sv for sv in range(heap.n) if not chance.randrange(share)]
    order, depths = diff.forest_of(heap, np.array(svs, np.int32))
    assert list(zip(order.tolist(), depths.tolist(), strict=True)) == list(trees_one_by_one(heap, svs))


def test_a_dump_does_not_differ_from_itself(demo_dump: Path) -> None:
    heap = load(demo_dump)
    leaks = find_leaks(heap)
    assert [row.values[:2] for row in diff_tree(heap, heap).rows] == [("gone", 0), ("new", 0), ("common", heap.n)]
    table = compare_table(heap, leaks, heap, leaks)
    assert table.rows == ()
    assert table.more == len(leaks.report.findings) > 0
    assert stayed_table([heap] * 3).rows == ()


@needs_corpus
def test_a_fix_shows_as_a_finding_that_is_gone_and_its_absence_as_a_new_one() -> None:
    leaking, fixed = (load(DUMPS / f"{name}.pmat.xz") for name in ("a_conn_leak", "b_conn_fixed"))
    leaks = {id(heap): find_leaks(heap) for heap in (leaking, fixed)}
    pairs: list[tuple[Heap, Heap, str, Callable[[tuple[object, ...]], object]]] = [
        (leaking, fixed, "gone", lambda row: row[4:6]),
        (fixed, leaking, "new", lambda row: row[5:3:-1]),
    ]
    for before, after, change, counts in pairs:
        rows = compare_table(before, leaks[id(before)], after, leaks[id(after)]).rows
        findings = [row for row in rows if row[0] == FINDING]
        assert [(row[1], counts(row)) for row in findings] == [(change, (20, 0))]


@needs_corpus
@pytest.mark.parametrize(
    ("name", "container", "counts"),
    [
        ("e_growing_cache", "%App::Cache::CACHE", (301, 901)),
        ("f_growing_handlers", "@App::Events::HANDLERS", (120, 360)),
    ],
)
def test_what_grows_in_a_program_without_a_leak_is_told_by_its_name(
    name: str, container: str, counts: tuple[int, int]
) -> None:
    """One entry a request and one more, and two handlers a job, as the programs say."""
    first, _, last = series(name)
    grown = {row[2]: row[1:6] for row in containers(first, last)}
    assert grown[container][0] == "grown"
    assert grown[container][3:] == counts


def test_containers_of_a_fix_are_told_and_turn_round_with_the_dumps(demo_dump: Path) -> None:
    leaking, fixed = load(demo_dump), load(ROOT / "tests" / "data" / "courier_fixed.pmat.xz")
    gone = containers(leaking, fixed)
    assert [row[1:6] for row in gone] == [
        ("gone", "*{HASH} of IO::Socket::INET", "HASH", 236, 0),
        ("gone", "$conns of the closure at lib/Courier/HTTP.pm:80", "ARRAY", 59, 0),
        ("shrunk", "{select} of Courier::HTTP", "ARRAY", 66, 8),
    ]
    turned = {"gone": "new", "shrunk": "grown"}
    back = [(turned[str(row[1])], *row[2:4], row[5], row[4]) for row in gone]
    assert [row[1:6] for row in containers(fixed, leaking)] == back


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 9), st.integers(0, 9))), st.integers(1, 7))
def test_containers_are_those_that_are_long_in_either_dump(lengths: dict[str, tuple[int, int]], most: int) -> None:
    before, after = ({name: pair[which] for name, pair in lengths.items()} for which in (0, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "MOST_CONTAINERS", most)
        rows = containers(arrays(before), arrays(after))
    # Those are out of which, with all that are as long, one dump has too many.
    cut = [sorted(of_one.values())[-most] for of_one in (before, after) if len(of_one) > most]
    expected = {
        f"@main::{name}": tuple(length if length > max(cut, default=0) else 0 for length in pair)
        for name, pair in lengths.items()
    }
    assert {row[2]: row[4:6] for row in rows} == {name: pair for name, pair in expected.items() if pair[0] != pair[1]}


def containers(before: Heap, after: Heap) -> list[tuple[object, ...]]:
    """The rows of them."""
    rows = compare_table(before, find_leaks(before), after, find_leaks(after)).rows
    return [row for row in rows if row[0] == CONTAINER]


def arrays(lengths: dict[str, int]) -> Heap:
    """Package variables of `main`, each an array of nothing."""
    dump = DumpWriter()
    stash = 0x1000
    dump.root("defstash", stash)
    globs = {name: 0x2000 + 0x100 * number for number, name in enumerate(lengths)}
    dump.stash(stash, "main", {name.encode(): glob for name, glob in globs.items()})
    for name, glob in globs.items():
        dump.glob(glob, name=name, stash=stash, array=glob + 0x10)
        dump.array(glob + 0x10, [0] * lengths[name])
    return load(Path("arrays.pmat"), read=lambda _: dump.to_bytes())


def test_dump_strings_cannot_reach_the_terminal_raw(demo_dump: Path) -> None:
    heap = load(demo_dump)
    texts: list[Text] = [orphans_text(orphans_table(heap)), counts_text(counts_table([heap, heap]))]
    assert not any(set(text.plain) & set("\x00\x07\x1b\x7f\r") for text in texts)
