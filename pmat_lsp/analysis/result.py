"""What an analysis returns: data with units and SV ids, never formatted text.

Renderers (`pmat_lsp.render`) and the language server turn these into text, Markdown, JSON or LSP types.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from pmat_lsp.format.kinds import Kind

SUBSCRIPTS = ("key", "index", "field")
"""The kinds of hops that take an element."""
CAPTURES = ("capture", "lexical")
"""The kinds of hops by which a sub holds a variable."""
_CONTAINERS = (Kind.ARRAY, Kind.HASH)


@dataclass(frozen=True, slots=True)
class Location:
    """A place as perl recorded it; nothing is said about whether such a file exists here."""

    file: str
    """The file name as in the dump: absolute, relative to an unknown directory, `(eval 12)`, or set by `#line`."""
    line: int
    """1-based. For a CODE: the line of its first statement, not of `sub`."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Capture:
    """A lexical of an enclosing scope that a closure holds (a padname with the OUTER flag, or none in old dumps)."""

    name: str
    """With its sigil: `$conns`, `@queue`, `%args`."""
    strong: bool
    """False where the captured scalar is a weakened reference."""
    summary: str
    """What it holds, shortly: `ARRAY(1) of Net::Conn`, `'text'`, `undef`."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A CODE on the cycle of a finding; all clones of one `sub` are one Closure."""

    sv: int
    """SV id of one of the clones: the one on the cycle that is shown."""
    name: str | None
    """`Net::Conn::close` for a named sub, None for an anonymous one."""
    location: Location
    captures: tuple[Capture, ...]
    padnames: tuple[str, ...]
    """Every lexical name of its pad, captured or its own; used to recognise the sub in the source."""
    live: int
    """How many clones of it there are in the whole heap (its prototype not counted)."""
    leaked: int
    """How many of these are proven leaks."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a reference cycle, with REFs, pads and globs between two interesting SVs left out.

    `kind` is one of: `key` (a hash value), `index` (an array element), `field` (of a feature-class object),
    `capture` (a lexical captured by a closure), `lexical` (a lexical of a sub's own pad), `scope` (the CODE that
    encloses a CODE), `deref` (a reference to a reference or scalar), `glob` (a slot of a glob), `magic`,
    `other`.
    """

    source: int
    """SV id of the SV that holds the reference."""
    target: int
    """SV id of the SV that is held."""
    kind: str
    label: str
    """What is followed, as Perl writes it: `->{on_closed}`, `->[0]`, `$conns`, `the scope`."""
    name: str
    """The bare key, variable or field name (`on_closed`, `$conns`), perl's letter for magic (`P` for a tied hash), ""
    where there is none. To find it in the source, not to show it."""
    source_desc: str
    """`Net::Conn`, `the closure at lib/Net/Client.pm:25`, `ARRAY(1)`."""
    target_desc: str
    location: Location | None
    """The place of the CODE that it leaves, or else of the CODE that is held; None where neither is a CODE."""
    svs: tuple[int, ...]
    """Every SV id from source to target, both ends included (`HASH, REF, CODE`)."""
    source_kind: int = Kind.UNKNOWN
    """The `Kind` of the source."""
    source_class: str | None = None
    """The class of the source, None where it is not blessed."""
    target_kind: int = Kind.UNKNOWN
    """The `Kind` of the target."""
    target_class: str | None = None
    """The class of the target."""
    hidden_name: str | None = None
    """What is shown in place of `name`, as in `label`; None where the name may be shown."""

    @property
    def shown_name(self) -> str:
        """The name as it is shown."""
        return self.name if self.hidden_name is None else self.hidden_name

    @property
    def is_from_container(self) -> bool:
        """Whether it leaves an array or a hash that is no object."""
        return self.source_class is None and self.source_kind in _CONTAINERS


@dataclass(frozen=True, slots=True)
class Edge:
    """The hops from one thing of a cycle to the next: `->{children}[0]` from one object to another."""

    start: int
    """Index of its first hop in the cycle."""
    hops: tuple[Hop, ...]

    @property
    def label(self) -> str:
        """As Perl writes it: `->{children}[0]`."""
        return _step_label(self.hops)

    @property
    def holder(self) -> str | None:
        """The class of what it leaves, None where that is no object."""
        return self.hops[0].source_class

    @property
    def target(self) -> str | None:
        """The class of what it leads to."""
        return self.hops[-1].target_class


def edges_of(cycle: tuple[Hop, ...]) -> tuple[Edge, ...]:
    """A cycle as edges between its things: its objects; without one its hashes; without these whatever is on it."""
    tests: tuple[Callable[[Hop], bool], ...] = (
        lambda hop: hop.source_class is not None,
        lambda hop: hop.source_kind == Kind.HASH,
        lambda hop: True,
    )
    starts = next((found for test in tests if (found := [i for i, hop in enumerate(cycle) if test(hop)])), [])
    ends = [*starts[1:], *(start + len(cycle) for start in starts[:1])]
    twice = cycle + cycle
    return tuple(Edge(start, twice[start:end]) for start, end in zip(starts, ends, strict=True))


def stored_edges(cycle: tuple[Hop, ...]) -> tuple[Edge, ...]:
    """The edges of a cycle along which something was stored: from an object or container, by a key, an index or a tie.

    Where there is a closure on the cycle, an edge ends at it.
    """
    edges = edges_of(cycle) if all(hop.source_kind != Kind.CODE for hop in cycle) else _subscripted(cycle)
    return tuple(part for edge in edges for part in _stored_parts(edge))


def _subscripted(cycle: tuple[Hop, ...]) -> Iterator[Edge]:
    """Each run of subscripts, the plain containers on the way passed through; and each hop along magic."""
    for start, hop in enumerate(cycle):
        joins = hop.is_from_container and cycle[start - 1].kind in SUBSCRIPTS
        if hop.kind == "magic":
            yield Edge(start, (hop,))
        elif hop.kind in SUBSCRIPTS and not joins:
            behind = (cycle + cycle)[start + 1 : start + len(cycle)]
            rest = itertools.takewhile(lambda one: one.kind in SUBSCRIPTS and one.is_from_container, behind)
            yield Edge(start, (hop, *rest))


def _stored_parts(edge: Edge) -> Iterator[Edge]:
    """The subscripts at the beginning of an edge, and each of its hops along magic."""
    subscripts = tuple(itertools.takewhile(lambda hop: hop.kind in SUBSCRIPTS, edge.hops))
    if subscripts:
        yield Edge(edge.start, subscripts)
    for at, hop in enumerate(edge.hops):
        if hop.kind == "magic":
            yield Edge(edge.start + at, (hop,))


class CutBy(Enum):
    """How it was decided at which hop a cycle is best cut."""

    CLOSURE = "closure"
    """There a closure is held."""
    ONLY = "only"
    """There is no other."""
    SOURCE = "source"
    """The source text shows which object owns the other."""
    LIVE = "live"
    """Of the objects of these classes that are alive, something else holds those that it leads to, and no others."""
    SHARED = "shared"
    """Several things on the islands share what it leads to, as children share their parent."""
    NAME = "name"
    """Its name says so: `parent`."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The hop at which a cycle is best cut: the reference that leads back."""

    hop: int
    """Index into the cycle."""
    by: CutBy


@dataclass(frozen=True, slots=True)
class Pattern:
    """A named shape of leak."""

    code: str
    """Stable id, the diagnostic's code: `container-capture`, `self-callback`, …"""
    title: str
    """The shape in one clause: `an object's own callback captures the object`."""


LEAKED, SELF_HELD, UNEXPLAINED = "leaked", "self-held", "unexplained"
"""The verdicts: nothing can ever free it; only itself holds it, yet live code can reach it through a weak reference;
nothing that the dump shows holds it, yet its count says that something does."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """A weak reference by which live code can still reach something self-held."""

    hop: Hop
    """The step along the weak reference: `$self` of a closure, `{7}` of a hash."""
    start: str
    """What holds its source: `%Session::BY_ID`, `the running program`; "" where the dump does not show that."""
    labels: tuple[str, ...]
    """What is followed from there to the source of the hop: `[0]`, `{on_closed}`."""


@dataclass(frozen=True, slots=True)
class ClassSource:
    """Where a class is written."""

    name: str
    files: tuple[str, ...]
    """As recorded: the files that have its subs, and that of its name in `%INC`."""
    related: tuple[str, ...]
    """Other packages that its subs come from: parents, in the order in which perl looks there, then roles."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A group of islands of the same shape, held by nothing but themselves.

    Where the verdict is LEAKED, that is one bug, and proven. Bytes are those of the dumped SVs, as in the reference
    tool's `size`.
    """

    verdict: str
    """LEAKED or SELF_HELD."""
    pattern: Pattern
    title: str
    """`20 Net::Conn objects can never be freed`."""
    count: int
    """Number of islands in the group."""
    svs_each: int
    """SVs of one island, with all that it alone keeps alive: the lower median over the group."""
    bytes_total: int
    """Retained bytes of all islands of the group."""
    retained_bytes_each: int
    """Lower median over the group."""
    classes: tuple[str, ...]
    """Of the blessed SVs on the cycles, commonest first."""
    closures: tuple[Closure, ...]
    """The CODEs on the cycles, in order of file and line."""
    handles: tuple[int, ...]
    """File numbers of every open handle that the group holds, sorted; one entry a handle."""
    large_strings: int
    """Bytes in strings of 1,024 bytes and more that the group holds (not counting truncation of the dump)."""
    cycle: tuple[Hop, ...]
    """The shortest cycle through the key SV of the smallest island: the last hop's target is the first one's source."""
    islands: tuple[int, ...]
    """SV id of the key SV of every island, in address order."""
    addresses: tuple[int, ...]
    """Their addresses."""
    svs_total: int
    """SVs of all islands of the group."""
    cut: Cut | None
    """Where `cycle` is best cut; None where no hop is a subscript, or where the heap does not decide which it is."""
    class_files: tuple[str, ...]
    """The files, as recorded, in which the classes on the cycles have subs."""
    class_sources: tuple[ClassSource, ...] = ()
    """Where the classes on the cycles are written, in the order of `classes`."""
    own_closures: frozenset[Location] = frozenset()
    """The places of those of `closures` that the dump says are in the program's own files, not in a library's."""
    held: tuple[bool | None, ...] = ()
    """Of each hop of `cycle`: whether something else holds what such hops lead to among what is alive: True of all,
    False not of all, None where nothing of the kind is alive."""
    ways_in: tuple[WayIn, ...] = ()
    """How live code can reach the first island; for SELF_HELD alone."""
    in_use: tuple[int, ...] = ()
    """SV ids of what leaked islands alone keep alive, yet live code can reach: the first few."""

    @property
    def code(self) -> str:
        """The code of its diagnostic: that of its pattern, or `self-held`."""
        return SELF_HELD if self.verdict == SELF_HELD else self.pattern.code

    @property
    def leading(self) -> int | None:
        """Index of the hop that leaves the closure to mark: see `leading_hop`."""
        return leading_hop(self.cycle, self.own_closures)

    @property
    def access_path(self) -> str:
        """The cycle from that closure up to it as one Perl expression, `$conns->[0]{on_closed}`, or ""."""
        return access_path(self.cycle, self.leading)


@dataclass(frozen=True, slots=True)
class FieldHashLoop:
    """The entries of one field hash that lead back to their own keys."""

    hash: int
    """SV id of the field hash."""
    name: str
    """What a variable or key calls it: `%STEPS of the sub Plan::steps`; "" where nothing does."""
    entries: int
    objects: int
    """All objects that these entries alone keep alive."""
    package: str | None
    """The commonest class of these objects, None where there are none."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What several findings come to."""

    findings: int = 0
    islands: int = 0
    bytes: int = 0
    """Retained by the islands."""


@dataclass(frozen=True, slots=True)
class LeakReport:
    """The answer to "what leaked?": the findings, and what was checked, so that silence is never an answer."""

    findings: tuple[Finding, ...]
    """What leaked, heaviest first: handles, then bytes. Of very many the heaviest."""
    self_held: tuple[Finding, ...]
    """What only holds itself, yet live code can reach, in the same order."""
    field_hash_loops: tuple[FieldHashLoop, ...]
    """Field hashes whose entries keep their own keys alive."""
    svs: int
    """SVs in the dump."""
    roots: int
    """Roots that were followed: named roots, value stack, contexts, mortals."""
    lost: int
    """SVs that no root reaches."""
    unexplained: int
    """Lost SVs which something that the dump does not show may hold (C code), with all that they reach."""
    self_held_svs: int
    """Lost SVs, not unexplained, which live code can reach through a weak reference."""
    proven: int
    """The rest of the lost SVs."""
    more: Sum = Sum()
    """What leaked besides `findings`: where there are very many, only the heaviest are told."""
    more_self_held: Sum = Sum()
    """The same of `self_held`."""

    @property
    def sum_leaked(self) -> Sum:
        """All that leaked, told or not."""
        return _sum(self.findings, self.more)

    @property
    def sum_self_held(self) -> Sum:
        """All that only holds itself, told or not."""
        return _sum(self.self_held, self.more_self_held)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What leaked, then what only holds itself."""
        return self.findings + self.self_held


def _sum(findings: Collection[Finding], more: Sum) -> Sum:
    islands = sum(finding.count for finding in findings)
    size = sum(finding.bytes_total for finding in findings)
    return Sum(len(findings) + more.findings, islands + more.islands, size + more.bytes)


def access_path(cycle: tuple[Hop, ...], start: int | None) -> str:
    """`$conns->[0]{on_closed}`: from a captured lexical to what leads back to its closure, as Perl writes it.

    `start` is the index of the hop that captures it; "" where there is none.
    """
    return "" if start is None else _step_label(_path_from(cycle, start))


def leading_hop(cycle: tuple[Hop, ...], preferred: Collection[Location] = ()) -> int | None:
    """Index of the hop by which the closure to mark captures what leads back to it; None for a cycle without one.

    That is a closure at a `preferred` place, if there is one; of several that with the longest path, which tells most.
    """
    starts = [i for i, hop in enumerate(cycle) if hop.kind in CAPTURES]
    return max(starts, key=lambda i: (cycle[i].location in preferred, len(_path_from(cycle, i))), default=None)


def _path_from(cycle: tuple[Hop, ...], start: int) -> list[Hop]:
    """The hop at `start`, and the subscripts behind it."""
    behind = cycle[start + 1 :] + cycle[:start]
    return [cycle[start], *itertools.takewhile(lambda hop: hop.kind in SUBSCRIPTS, behind)]


@dataclass(frozen=True, slots=True)
class Step:
    """Hops that Perl writes as one expression: `$conns->[0]` is a capture and an element of a plain array."""

    label: str
    """`->{on_closed}`, `$conns->[0]`, `the scope`."""
    target: int
    """SV id of the SV at its end."""
    target_desc: str
    hops: tuple[Hop, ...]

    @property
    def location(self) -> Location | None:
        """The place of its last hop that has one."""
        return next((hop.location for hop in reversed(self.hops) if hop.location), None)


def chain_steps(cycle: tuple[Hop, ...]) -> tuple[Step, ...]:
    """The cycle as steps: a subscript joins the hop before it when what lies between is a plain array or hash.

    The last step's target is the source of the first.
    """
    groups: list[list[Hop]] = []
    for hop in cycle:
        joins = groups and hop.kind in SUBSCRIPTS and hop.is_from_container
        if joins and groups[-1][-1].kind in (*SUBSCRIPTS, *CAPTURES):
            groups[-1].append(hop)
        else:
            groups.append([hop])
    return tuple(Step(_step_label(hops), hops[-1].target, hops[-1].target_desc, tuple(hops)) for hops in groups)


def is_plain(description: str) -> bool:
    """Whether `Hop.source_desc` or `target_desc` is of an array or hash without a class."""
    return description.startswith(("ARRAY(", "HASH("))


def _step_label(hops: Sequence[Hop]) -> str:
    """Hops that follow each other, as Perl writes them: `$state{handle}` where the hash itself is captured."""
    first, *rest = hops
    if rest and first.kind in CAPTURES and first.name[:1] in ("%", "@"):
        return f"${first.name[1:]}" + "".join(hop.label.removeprefix("->") for hop in rest)
    label = first.label
    subscripted = first.kind in SUBSCRIPTS
    for hop in rest:
        label += hop.label.removeprefix("->") if subscripted else hop.label
        subscripted = True
    return label
