"""Who holds an SV, and what it holds in turn, hop by hop: pads and plain references are passed through."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pmat_lsp.analysis.cycles import hops_of, is_captured, is_interesting
from pmat_lsp.analysis.result import Hop
from pmat_lsp.analysis.rows import source_of
from pmat_lsp.format.kinds import Kind, RefKind, Strength
from pmat_lsp.heap.model import Heap

MOST_REFERENCES = 500
"""So many references to, or of, one SV are looked at."""
_DEEPEST = 6
_TO_PADS = (RefKind.CODE_PAD, RefKind.CODE_PADLIST, RefKind.PADLIST_PAD)


@dataclass(frozen=True, slots=True)
class Holder:
    """References of one kind from things of one kind: `{on_closed}` of 59 Net::Conn."""

    text: str
    """`{on_closed} of Net::Conn`."""
    hop: Hop
    """One of them."""
    count: int
    """How many there are."""


def holders(heap: Heap, svs: Iterable[int], most: int | None = None) -> tuple[Holder, ...]:
    """Who owns counts of any of some SVs, the commonest first, equal ones by name; `most` at the most."""
    counts: dict[tuple[str, str], int] = {}
    samples: dict[tuple[str, str], Hop] = {}
    for hop in itertools.chain.from_iterable(hops_to(heap, sv) for sv in svs):
        key = ("index" if hop.kind == "index" else hop.label, hop.source_desc)
        counts[key] = counts.get(key, 0) + 1
        samples.setdefault(key, hop)
    ordered = sorted(counts, key=lambda key: (-counts[key], key))[:most]
    return tuple(Holder(holder_text(samples[key], counts[key]), samples[key], counts[key]) for key in ordered)


def hops_to(heap: Heap, sv: int) -> Iterator[Hop]:
    """The hops that end at an SV, by references that own a count; never more than `MOST_REFERENCES`."""
    for row in heap.in_rows(sv)[:MOST_REFERENCES].tolist():
        if heap.out_strength[row] & Strength.COUNTED:
            yield hop_through(heap, row)


def hop_through(heap: Heap, row: int) -> Hop:
    """The hop that a row of the out_ columns ends: from the next interesting SV above it."""
    return hops_of(heap, _upwards(heap, row))[0]


def hops_from(heap: Heap, sv: int) -> Iterator[Hop]:
    """The hops that leave an SV, by references that own a count; of a CODE only to what it captures.

    Never more than `MOST_REFERENCES`.
    """
    rows = _captured_rows(heap, sv) if heap.kind[sv] == Kind.CODE else ([row] for row in heap.out_rows(sv))
    for way in itertools.islice(rows, MOST_REFERENCES):
        if heap.out_strength[way[-1]] & Strength.COUNTED:
            yield hops_of(heap, _downwards(heap, way))[0]


def holder_text(hop: Hop, count: int = 1) -> str:
    """`{on_closed} of Net::Conn`: how an SV is held where so many hops like this one lead to it."""
    label = "[…]" if hop.kind == "index" and count > 1 else hop.label.removeprefix("->")
    return f"{label} of {hop.source_desc}"


def _upwards(heap: Heap, row: int) -> list[int]:
    """The row, with those before it that lead from something interesting to it."""
    rows = [row]
    source = source_of(heap, row)
    while not is_interesting(heap, source) and len(rows) < _DEEPEST:
        referrers = heap.in_rows(source)[:MOST_REFERENCES].tolist()
        above = next((one for one in referrers if heap.out_strength[one] & Strength.COUNTED), None)
        if above is None:
            break
        rows.insert(0, above)
        source = source_of(heap, above)
    return rows


def _downwards(heap: Heap, way: list[int]) -> list[int]:
    """The rows, with those behind them that lead on to something interesting."""
    rows = list(way)
    target = int(heap.out_target[rows[-1]])
    while not is_interesting(heap, target) and len(rows) < len(way) + _DEEPEST:
        below = next((row for row in heap.out_rows(target) if heap.out_kind[row] == RefKind.REFERENT), None)
        if below is None or not heap.out_strength[below] & Strength.COUNTED:
            break
        rows.append(below)
        target = int(heap.out_target[below])
    return rows


def _captured_rows(heap: Heap, code: int) -> Iterator[list[int]]:
    """The rows from a CODE through its first pad to each lexical that it captures."""
    way: list[int] = []
    at = code
    while True:
        inner = [row for row in heap.out_rows(at) if heap.out_kind[row] in _TO_PADS]
        if not inner:
            break
        way.append(min(inner, key=lambda row: (int(heap.out_kind[row]) != RefKind.CODE_PAD, int(heap.out_detail[row]))))
        at = int(heap.out_target[way[-1]])
    for row in heap.out_rows(at) if way else ():
        if heap.out_kind[row] == RefKind.PAD_LEXICAL and is_captured(heap, code, int(heap.out_detail[row])):
            yield [*way, row]
