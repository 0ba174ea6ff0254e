"""What is held from outside the heap: the outermost SVs, what they alone hold, whose they are, and what perl holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.analysis.leads import MOST_HOLDERS, Leads
from pmat_lsp.analysis.ownership import find_ownership, missing_counts
from pmat_lsp.analysis.perls_own import perls_own
from pmat_lsp.analysis.program_classes import Origin, ProgramClasses
from pmat_lsp.analysis.unexplained import FEW, Unexplained, find_suspects, find_unexplained
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.session import Dump, Settings
from tests.analysis.test_ownership import closure, no_reset
from tests.dump_writer import DumpWriter
from tests.dumps import ROOT, heap_of, own_dumps

SVS = 9
STASHES = {"A": 0x8000, "B": 0x8100}
ROOT_ARRAY = 0x100


def address(i: int) -> int:
    """Of array i."""
    return 0x1000 + 0x10 * i


@dataclass(frozen=True)
class HeldHeap:
    """Objects, arrays, that hold each other; some have counts that nothing in the dump owns."""

    holds: tuple[tuple[int, ...], ...]
    extra: tuple[int, ...]
    classes: tuple[str, ...]
    rooted: frozenset[int]

    def pairs(self) -> list[tuple[int, int]]:
        return [(i, j) for i, held in enumerate(self.holds) for j in held]

    def write(self, path: Path) -> Heap:
        writer = DumpWriter()
        writer.root("defstash", ROOT_ARRAY)
        writer.array(ROOT_ARRAY, [*STASHES.values(), *map(address, sorted(self.rooted))])
        for name, stash in STASHES.items():
            # The objects of a class own counts of its stash.
            writer.stash(stash, name, refcount=1 + self.classes.count(name))
        for i, held in enumerate(self.holds):
            count = sum(1 for _, j in self.pairs() if j == i) + self.extra[i] + (i in self.rooted)
            elements = list(map(address, held))
            writer.array(address(i), elements, refcount=count, size=10 + i, blessed=STASHES[self.classes[i]])
        path.write_bytes(writer.to_bytes())
        return load(path)


sv = st.integers(0, SVS - 1)
heaps = st.builds(
    HeldHeap,
    holds=st.tuples(*[st.lists(sv, max_size=2).map(tuple)] * SVS),
    extra=st.tuples(*[st.sampled_from([0, 0, 1, 1, 2])] * SVS),
    classes=st.tuples(*[st.sampled_from(["A", "B"])] * SVS),
    rooted=st.frozensets(sv, max_size=2),
)


def sorted_by(heap: Heap) -> Unexplained:
    ownership = find_ownership(heap)
    return find_unexplained(heap, ownership, Leads(heap, ownership, classes_of(heap)))


def classes_of(heap: Heap, workspace: tuple[str, ...] = ()) -> ProgramClasses:
    return ProgramClasses(heap, lambda file: file in workspace)


@given(heaps)
@no_reset
def test_outermost_is_what_nothing_else_that_is_held_from_outside_leads_to(tmp_path: Path, random: HeldHeap) -> None:
    heap = random.write(tmp_path / "random.pmat")
    ids = [heap.id_at(address(i)) for i in range(SVS)]
    reach = [closure(random.pairs(), {i}) for i in range(SVS)]
    alive = closure(random.pairs(), set(random.rooted))
    held = [i for i in range(SVS) if random.extra[i] and i not in alive]
    inside = {i: frozenset(j for j in reach[i] if i in reach[j]) for i in held}
    outermost = {inside[i] for i in held if all(j in inside[i] for j in held if i in reach[j])}
    unexplained = set().union(*(reach[i] for i in held)) - alive
    shape = {}
    for members in outermost:
        chosen = min(i for i in members if random.extra[i])
        shape[members] = (sum(random.extra[i] for i in members), random.classes[chosen], chosen)
    expected: dict[tuple[int, str], set[int]] = {}
    for missing, name, chosen in shape.values():
        expected.setdefault((missing, name), set()).add(ids[chosen])

    found = sorted_by(heap)
    assert {(group.missing, group.package): set(group.svs) for group in found.groups} == expected
    assert (found.svs, found.perls_own, found.few_svs) == (len(unexplained), 0, 0)
    leading = {i: {shape[members][:2] for members in outermost if i in reach[min(members)]} for i in unexplained}
    for group in found.groups:
        alone = [i for i in unexplained if leading[i] == {(group.missing, group.package)}]
        assert (group.svs_total, group.bytes_total) == (len(alone), sum(10 + i for i in alone))
        assert group.objects == sum(random.classes[i] == group.package for i in unexplained)
    assert found.shared == sum(len(groups) > 1 for groups in leading.values())
    for suspect in found.suspects:
        alone = [i for i in unexplained if {name for _, name in leading[i]} == {suspect.package}]
        assert suspect.bytes == sum(10 + i for i in alone)
    assert {suspect.package for suspect in found.suspects} == {name for _, name in expected}


@given(heaps)
@no_reset
def test_missing_counts_are_those_that_were_added(tmp_path: Path, random: HeldHeap) -> None:
    heap = random.write(tmp_path / "random.pmat")
    ownership = find_ownership(heap)
    lost = [i for i in range(SVS) if ownership.lost[heap.id_at(address(i))]]
    svs = np.array([heap.id_at(address(i)) for i in lost], np.int64)
    assert missing_counts(heap, ownership.counted, svs).tolist() == [random.extra[i] for i in lost]


@pytest.mark.parametrize("path", own_dumps(), ids=lambda path: path.name.partition(".")[0])
def test_every_unexplained_sv_is_counted_once_and_the_suspects_are_the_same_by_the_shorter_way(path: Path) -> None:
    heap = heap_of(path)
    ownership = find_ownership(heap)
    found = sorted_by(heap)
    total = sum(group.svs_total for group in found.groups) + found.perls_own + found.few_svs + found.shared
    assert total == found.svs == int(ownership.unexplained.sum())
    assert find_suspects(heap, ownership, Leads(heap, ownership, classes_of(heap))) == found.suspects


HOLDING_PROGRAMS = ("parser_handler", "counts_too_high", "ev_callbacks")


@pytest.mark.parametrize(
    "path",
    [path for path in own_dumps() if path.name.partition(".")[0] not in HOLDING_PROGRAMS],
    ids=lambda path: path.name.partition(".")[0],
)
def test_what_perl_leaves_behind_in_every_program_is_only_counted(path: Path) -> None:
    found = sorted_by(heap_of(path))
    assert (found.groups, found.suspects) == ((), ())
    assert found.perls_own > found.few_svs > 0


def program(name: str) -> Unexplained:
    return Dump(heap_of(ROOT / "tests" / "data" / f"{name}.pmat.xz"), Settings()).unexplained


def test_a_handler_held_by_a_parser_in_c_leads_to_its_object_and_back_to_the_parser() -> None:
    found = program("parser_handler")
    first = found.groups[0]
    assert first.description == "a reference to the closure at parser_handler.pl:17"
    assert (len(first.svs), first.missing, first.package, first.objects) == (21, 1, "Stripper", 20)
    assert [(hop.label, hop.target_desc) for hop in first.chain[1:]] == [
        ("$self", "Stripper"),
        ("->{parser}", "HTML::Parser"),
    ]
    assert first.holders == ("HTML::Parser",)
    (suspect,) = found.suspects
    assert (suspect.package, suspect.objects, suspect.held, suspect.directly) == ("Stripper", 20, 21, False)


def test_counts_that_are_too_high_are_told_of_the_objects_themselves() -> None:
    found = program("counts_too_high")
    told = {group.description: (len(group.svs), group.missing) for group in found.groups}
    assert told.pop("Job") == (20, 1)
    assert told.pop("Task") == (1, 2)
    assert told.pop("ARRAY(2) ['id', 'name']") == (30, 1)
    ((text, strings),) = told.items()
    assert text.startswith("'row ")
    assert strings == (15, 1)
    jobs, tasks = found.suspects
    assert (jobs.package, jobs.objects, jobs.directly, jobs.holders) == ("Job", 20, True, ())
    assert (tasks.package, tasks.objects, tasks.held, tasks.directly, tasks.missing) == ("Task", 2, 1, False, 2)


def test_callbacks_of_a_loop_in_c_are_told_with_the_class_of_its_watchers() -> None:
    workers, plain = program("ev_callbacks").groups
    assert (len(workers.svs), workers.package, workers.holders) == (12, "Worker", ("EV::Timer",))
    assert (plain.description, len(plain.svs), plain.package) == ("the closure at ev_callbacks.pl:22", 5, None)


def test_plain_data_is_told_from_a_certain_number_on(tmp_path: Path) -> None:
    writer = DumpWriter()
    for i in range(FEW):
        writer.scalar(address(i), pv=f"row {i}", refcount=1)
    for i in range(FEW, 2 * FEW - 1):
        writer.scalar(address(i), pv=f"name {i}", refcount=1)
    found = sorted_by(written(tmp_path, writer))
    assert [len(group.svs) for group in found.groups] == [FEW]
    assert (found.few, found.few_svs) == ((("SCALAR", FEW - 1),), FEW - 1)


def written(tmp_path: Path, writer: DumpWriter) -> Heap:
    path = tmp_path / "a.pmat"
    path.write_bytes(writer.to_bytes())
    return load(path)


OWN = 0x100
UNDEF = 0x10
"""Where a writer has PL_sv_undef."""


def inversion_list(writer: DumpWriter) -> None:
    writer.invlist(OWN)


def pattern(writer: DumpWriter) -> None:
    writer.regexp(OWN)


def looked_for(writer: DumpWriter) -> None:
    writer.scalar(OWN, pv="needle")
    writer.magic(OWN, b"B")


def stack(writer: DumpWriter) -> None:
    writer.array(OWN, [UNDEF, 0x200], real=False)
    writer.scalar(0x200, pv="on it")


def character_class(writer: DumpWriter) -> None:
    writer.ref(OWN, 0x200)
    writer.array(0x200, [0x300])
    writer.invlist(0x300)


def file_of_ops(writer: DumpWriter) -> None:
    writer.glob(OWN, "_<(eval 3)")


def deleted_package(writer: DumpWriter) -> None:
    writer.hash(OWN, {"new": 0x200})
    writer.glob(0x200, "new")


@pytest.mark.parametrize(
    "write", [inversion_list, pattern, looked_for, stack, character_class, file_of_ops, deleted_package]
)
def test_perl_holds(tmp_path: Path, write: object) -> None:
    assert callable(write)
    writer = DumpWriter()
    write(writer)
    heap = written(tmp_path, writer)
    assert perls_own(heap, np.array([heap.id_at(OWN)], np.int32)).tolist() == [heap.id_at(OWN)]


def plain_string(writer: DumpWriter) -> None:
    writer.scalar(OWN, pv="needle")


def magical_string(writer: DumpWriter) -> None:
    writer.scalar(OWN, pv="needle")
    writer.magic(OWN, b"~")


def array_that_owns(writer: DumpWriter) -> None:
    writer.array(OWN, [UNDEF, 0x200])
    writer.scalar(0x200, pv="in it")


def array_of_others(writer: DumpWriter) -> None:
    writer.array(OWN, [0x200], real=False)
    writer.scalar(0x200, pv="in it")


def reference_to_strings(writer: DumpWriter) -> None:
    writer.ref(OWN, 0x200)
    writer.array(0x200, [0x300])
    writer.scalar(0x300, pv="in it")


def own_pattern(writer: DumpWriter) -> None:
    writer.regexp(OWN, blessed=0x200)
    writer.stash(0x200, "My::Pattern")


def file_handle(writer: DumpWriter) -> None:
    writer.glob(OWN, "$fh")


def data(writer: DumpWriter) -> None:
    writer.hash(OWN, {"new": 0x200, "name": 0x300})
    writer.glob(0x200, "new")
    writer.scalar(0x300, pv="in it")


@pytest.mark.parametrize(
    "write",
    [
        plain_string,
        magical_string,
        array_that_owns,
        array_of_others,
        reference_to_strings,
        own_pattern,
        file_handle,
        data,
    ],
)
def test_perl_does_not_hold(tmp_path: Path, write: object) -> None:
    assert callable(write)
    writer = DumpWriter()
    write(writer)
    heap = written(tmp_path, writer)
    assert perls_own(heap, np.array([heap.id_at(OWN)], np.int32)).tolist() == []


@pytest.mark.parametrize(("ithreads", "held"), [(False, 1), (True, 0)])
def test_without_threads_ops_hold_constants_that_are_keys(tmp_path: Path, ithreads: bool, held: int) -> None:
    writer = DumpWriter(minor=6, ithreads=ithreads)
    writer.scalar(OWN, pv="name")
    writer.shared_hek(OWN, 0x900)
    heap = written(tmp_path, writer)
    assert len(perls_own(heap, np.array([heap.id_at(OWN)], np.int32))) == held


class Packages:
    """A heap with packages, their subs and their parents."""

    def __init__(self) -> None:
        self.writer = DumpWriter()
        self._next = 0x1000
        self._entries: dict[str, dict[str, int]] = {}
        self._stashes: dict[str, int] = {}
        self.loaded: dict[str, int] = {}

    def address(self) -> int:
        self._next += 0x10
        return self._next

    def stash(self, package: str) -> int:
        return self._stashes.setdefault(package, self.address())

    def sub(self, package: str, name: str, file: str, line: int = 1, flags: int = 0, constval: int = 0) -> None:
        """A sub; flag 4: an XSUB."""
        code, glob = self.address(), self.address()
        stash = 0 if flags & 4 else self.stash(package)
        self.writer.code(code, file=file, line=line, flags=flags, stash=stash, glob=glob, constval=constval)
        self.writer.glob(glob, name, stash=self.stash(package), code=code)
        self._entries.setdefault(package, {})[name] = glob

    def xsub(self, package: str, name: str, file: str) -> None:
        self.sub(package, name, file, 0, 4)

    def isa(self, package: str, *parents: str) -> None:
        array, glob = self.address(), self.address()
        names = [self.address() for _ in parents]
        for name, parent in zip(names, parents, strict=True):
            self.writer.scalar(name, pv=parent)
            self.stash(parent)
        self.writer.array(array, names)
        self.writer.glob(glob, "ISA", stash=self.stash(package), array=array)
        self._entries.setdefault(package, {})["ISA"] = glob

    def load(self, module: str, path: str) -> None:
        """An entry of `%INC`."""
        value = self.address()
        self.writer.scalar(value, pv=path)
        self.loaded[module] = value

    def classes(self, tmp_path: Path, *workspace: str) -> ProgramClasses:
        inc, glob, main = self.address(), self.address(), self.address()
        self.writer.hash(inc, self.loaded)
        self.writer.glob(glob, "INC", stash=main, hash=inc)
        self.writer.stash(main, "main", {"INC": glob})
        self.writer.root("defstash", main)
        for package, stash in self._stashes.items():
            self.writer.stash(stash, package, self._entries.get(package, {}))
        return classes_of(written(tmp_path, self.writer), workspace)


def perl() -> Packages:
    """A perl with a module of its own in C, and one from elsewhere."""
    packages = Packages()
    packages.load("strict.pm", "/usr/lib/perl-base/strict.pm")
    packages.xsub("List::Util", "bootstrap", "/usr/lib/perl-base/auto/List/Util/Util.so")
    packages.xsub("List::Util", "first", "ListUtil.c")
    packages.xsub("HTML::Parser", "bootstrap", "/usr/lib/perl5/auto/HTML/Parser/Parser.so")
    packages.xsub("HTML::Parser", "parse", "Parser.c")
    packages.sub("HTML::Parser", "new", "/usr/lib/perl5/HTML/Parser.pm", 12)
    return packages


def test_the_classes_of_the_program_are_told_from_those_of_perl_and_of_modules_in_c(tmp_path: Path) -> None:
    packages = perl()
    packages.sub("Shop", "new", "lib/Shop.pm", 4)
    packages.sub("Future", "new", "/usr/share/perl5/Future.pm", 9)
    packages.sub("IO::Handle", "new", "/usr/lib/perl-base/IO/Handle.pm", 9)
    packages.isa("Row", "Shop")
    classes = packages.classes(tmp_path, "lib/Shop.pm")
    origins = {
        name: classes.origin(name) for name in ("Shop", "Future", "Row", "IO::Handle", "List::Util", "HTML::Parser")
    }
    assert origins == {
        "Shop": Origin.WORKSPACE,
        "Future": Origin.MODULE,
        "Row": Origin.DATA,
        "IO::Handle": Origin.OTHER,
        "List::Util": Origin.OTHER,
        "HTML::Parser": Origin.OTHER,
    }


def test_a_class_of_the_workspace_with_subs_in_c_is_the_programs_own(tmp_path: Path) -> None:
    packages = perl()
    packages.sub("Fast", "new", "lib/Fast.pm", 4)
    packages.xsub("Fast", "bootstrap", "blib/arch/auto/Fast/Fast.so")
    classes = packages.classes(tmp_path, "lib/Fast.pm")
    assert (classes.origin("Fast"), classes.c_package("Fast")) == (Origin.WORKSPACE, "Fast")


def test_a_class_has_the_c_code_of_its_parents(tmp_path: Path) -> None:
    packages = perl()
    packages.isa("Shop::Page", "Base", "HTML::Parser")
    packages.isa("Base", "Shop::Page")
    assert packages.classes(tmp_path).c_package("Shop::Page") == "HTML::Parser"


@pytest.mark.parametrize("name", ["List::Util", "Imports", "Constants", "Accessors", "Nothing"])
def test_no_c_code_of_its_own(tmp_path: Path, name: str) -> None:
    packages = perl()
    packages.sub("Constants", "DEBUG", "lib/Constants.pm", 0, 4, constval=0x900)
    packages.writer.scalar(0x900, pv="1")
    packages.xsub("Accessors", "name", "./XS/Hash.xs")
    packages.sub("Nothing", "new", "lib/Nothing.pm")
    packages.isa("Imports", "List::Util")
    assert packages.classes(tmp_path).c_package(name) is None


def test_files_of_perls_c_code_that_other_modules_have_too_are_not_perls(tmp_path: Path) -> None:
    packages = perl()
    packages.xsub("Other::Util", "bootstrap", "/usr/lib/perl5/auto/Other/Util/Util.so")
    packages.xsub("Other::Util", "first", "ListUtil.c")
    packages.xsub("Other::Util::Node", "next", "ListUtil.c")
    assert packages.classes(tmp_path).c_package("Other::Util::Node") == "Other::Util::Node"


def test_the_nearest_of_the_workspaces_objects_is_told_before_nearer_ones_of_modules(tmp_path: Path) -> None:
    packages = perl()
    packages.sub("Shop", "new", "lib/Shop.pm", 4)
    packages.sub("Future", "new", "/usr/share/perl5/Future.pm", 9)
    writer = packages.writer
    future, to_shop, shop = packages.address(), packages.address(), packages.address()
    writer.hash(future, {"cb": to_shop}, blessed=packages.stash("Future"))
    writer.ref(to_shop, shop)
    writer.hash(shop, blessed=packages.stash("Shop"))
    classes = packages.classes(tmp_path, "lib/Shop.pm")
    heap = load(tmp_path / "a.pmat")
    ownership = find_ownership(heap)
    found = find_unexplained(heap, ownership, Leads(heap, ownership, classes))
    assert [(group.description, group.package) for group in found.groups] == [("Future", "Shop")]
    assert [hop.label for hop in found.groups[0].chain] == ["->{cb}"]


def test_magic_of_c_code_makes_a_class_a_holder(tmp_path: Path) -> None:
    packages = perl()
    packages.sub("Shop", "new", "lib/Shop.pm", 4)
    writer = packages.writer
    shop, to_state, state, plain = (packages.address() for _ in range(4))
    writer.hash(shop, {"state": to_state}, blessed=packages.stash("Shop"))
    writer.ref(to_state, state)
    writer.hash(state, {"pointer": plain}, blessed=packages.stash("Opaque"))
    writer.scalar(plain, iv=1)
    writer.magic(plain, b"~", vtable=0xABC)
    classes = packages.classes(tmp_path, "lib/Shop.pm")
    heap = load(tmp_path / "a.pmat")
    ownership = find_ownership(heap)
    lead = Leads(heap, ownership, classes).lead(heap.id_at(shop))
    assert (heap.class_of(lead.target), lead.holders) == ("Shop", ("Opaque",))
    assert len(lead.holders) <= MOST_HOLDERS
