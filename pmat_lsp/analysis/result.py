"""What an analysis returns: data with units and SV ids, never formatted text.

Renderers (`pmat_lsp.render`) and the language server turn these into text, Markdown, JSON or LSP types.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

_SUBSCRIPTS = ("key", "index", "field")


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
    """The bare key, variable or field name (`on_closed`, `$conns`), "" where there is none."""
    source_desc: str
    """`Net::Conn`, `the closure at lib/Net/Client.pm:25`, `ARRAY(1)`."""
    target_desc: str
    location: Location | None
    """The place of the CODE that it leaves, or else of the CODE that is held; None where neither is a CODE."""
    svs: tuple[int, ...]
    """Every SV id from source to target, both ends included (`HASH, REF, CODE`)."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A named shape of leak with its known cure."""

    code: str
    """Stable id, the diagnostic's code: `container-capture`, `self-callback`, …"""
    title: str
    """The shape in one clause: `an object's own callback captures a container that holds the object`."""
    cure: str
    """What to do, in a sentence or two, with the names of this finding filled in."""


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
    """The shortest cycle through the key SV of the first island: the last hop's target is the first one's source."""
    islands: tuple[int, ...]
    """SV id of the key SV of every island, in address order."""
    addresses: tuple[int, ...]
    """Their addresses."""
    svs_total: int
    """SVs of all islands of the group."""
    cut: int | None
    """Index of the hop of `cycle` at which it is best cut; None where no hop is a subscript."""
    class_files: tuple[str, ...]
    """The files, as recorded, in which the classes on the cycles have subs."""
    ways_in: tuple[WayIn, ...] = ()
    """How live code can reach the first island; for SELF_HELD alone."""
    in_use: tuple[int, ...] = ()
    """SV ids of what leaked islands alone keep alive, yet live code can reach: the first few."""

    @property
    def code(self) -> str:
        """The code of its diagnostic: that of its pattern, or `self-held`."""
        return SELF_HELD if self.verdict == SELF_HELD else self.pattern.code

    @property
    def access_path(self) -> str:
        """The cycle up to the closure as one Perl expression, `$conns->[0]{on_closed}`, or ""."""
        return access_path(self.cycle)


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
class LeakReport:
    """The answer to "what leaked?": the findings, and what was checked, so that silence is never an answer."""

    findings: tuple[Finding, ...]
    """What leaked, heaviest first: handles, then bytes."""
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

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What leaked, then what only holds itself."""
        return self.findings + self.self_held


def access_path(cycle: tuple[Hop, ...]) -> str:
    """`$conns->[0]{on_closed}`: from a captured lexical to what leads back to its closure, as Perl writes it.

    Of several lexicals on the cycle the one with the longest path tells most. Returns "" for a cycle without one.
    """
    start = leading_hop(cycle)
    return "" if start is None else _step_label(_path_from(cycle, start))


def leading_hop(cycle: tuple[Hop, ...]) -> int | None:
    """Index of the hop at which `access_path` starts: it leaves the closure whose capture closes the cycle."""
    starts = [i for i, hop in enumerate(cycle) if hop.kind in ("capture", "lexical")]
    return max(starts, key=lambda i: len(_path_from(cycle, i)), default=None)


def _path_from(cycle: tuple[Hop, ...], start: int) -> list[Hop]:
    """The hop at `start`, and the subscripts behind it."""
    behind = cycle[start + 1 :] + cycle[:start]
    return [cycle[start], *itertools.takewhile(lambda hop: hop.kind in _SUBSCRIPTS, behind)]


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
        joins = groups and hop.kind in _SUBSCRIPTS and _is_plain(hop.source_desc)
        if joins and groups[-1][-1].kind in (*_SUBSCRIPTS, "capture", "lexical"):
            groups[-1].append(hop)
        else:
            groups.append([hop])
    return tuple(Step(_step_label(hops), hops[-1].target, hops[-1].target_desc, tuple(hops)) for hops in groups)


def _is_plain(description: str) -> bool:
    return description.startswith(("ARRAY(", "HASH("))


def _step_label(hops: list[Hop]) -> str:
    label = hops[0].label
    subscripted = hops[0].kind in _SUBSCRIPTS
    for hop in hops[1:]:
        label += hop.label.removeprefix("->") if subscripted else hop.label
        subscripted = True
    return label
