"""The answer of `pmat-lsp leaks --json`: an interface, documented in docs/json.md. Keys stay; new ones may come."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pmat_lsp.analysis.result import (
    LEAKED,
    UNEXPLAINED,
    Closure,
    FieldHashLoop,
    Finding,
    Hop,
    LeakReport,
    WayIn,
    chain_steps,
)
from pmat_lsp.analysis.unexplained import Unexplained, UnexplainedGroup
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.escape import carried
from pmat_lsp.source.marks import MarkedFinding
from pmat_lsp.source.places import Place

SCHEMA = 1
"""Grows when a key is removed or changes its meaning."""

Json = dict[str, object]


def leaks_json(
    heap: Heap,
    report: LeakReport,
    marked: Sequence[MarkedFinding],
    self_held: Sequence[MarkedFinding],
    unexplained: Unexplained | None = None,
) -> str:
    """The answer as one JSON object in ASCII, without a line feed at its end; `unexplained` only where it is given."""
    answer: Json = {
        "schema": SCHEMA,
        "dump": dump_json(heap),
        "checked": {
            "roots": report.roots,
            "lost": report.lost,
            "unexplained": report.unexplained,
            "self_held": report.self_held_svs,
            "proven": report.proven,
        },
        "findings": [_finding(finding) for finding in marked],
        "self_held": [_finding(finding) for finding in self_held],
        "more_findings": report.more.findings,
        "more_self_held": report.more_self_held.findings,
        "field_hash_loops": [_field_hash(heap, loop) for loop in report.field_hash_loops],
    }
    if unexplained is not None:
        answer |= _unexplained(unexplained)
    return json_text(answer)


def json_text(answer: Json) -> str:
    """An object in ASCII, without a line feed at its end."""
    # DEL is the one character in ASCII that acts on a terminal and that JSON leaves as it is.
    return json.dumps(_sound(answer), ensure_ascii=True, indent=2).replace("\x7f", "\\u007f")


def dump_json(heap: Heap) -> Json:
    """What an answer says of its dump."""
    return {
        "path": str(heap.path),
        "perl": heap.layout.perl,
        "format": heap.layout.format,
        "svs": heap.n,
        "bytes": heap.bytes,
        "threads": heap.layout.ithreads,
    }


def _field_hash(heap: Heap, loop: FieldHashLoop) -> Json:
    return {
        "address": hex(heap.address_of(loop.hash)),
        "name": loop.name,
        "entries": loop.entries,
        "objects": loop.objects,
        "class": loop.package,
    }


def _unexplained(found: Unexplained) -> Json:
    return {
        "unexplained": [_unexplained_group(group) for group in found.groups],
        "unexplained_rest": {
            "perls_own": found.perls_own,
            "few": found.few_svs,
            "shared": found.shared,
        },
    }


def _unexplained_group(group: UnexplainedGroup) -> Json:
    return {
        "verdict": UNEXPLAINED,
        "what": group.description,
        "count": len(group.svs),
        "missing": group.missing,
        "class": group.package,
        "objects": group.objects,
        "holders": list(group.holders),
        "chain": [_hop(hop) for hop in group.chain],
        "svs_total": group.svs_total,
        "bytes_total": group.bytes_total,
        "addresses": [hex(address) for address in group.addresses],
    }


def _finding(marked: MarkedFinding) -> Json:
    finding: Finding = marked.finding
    return {
        "verdict": finding.verdict,
        "pattern": finding.pattern.code,
        "proven": finding.verdict == LEAKED,
        "count": finding.count,
        "svs_each": finding.svs_each,
        "bytes_total": finding.bytes_total,
        "retained_bytes_each": finding.retained_bytes_each,
        "classes": list(finding.classes),
        "closures": [_closure(*pair) for pair in zip(finding.closures, marked.closures, strict=True)],
        "handles": list(finding.handles),
        "cycle": [_hop(hop) for hop in finding.cycle],
        "addresses": [hex(address) for address in finding.addresses],
        "ways_in": [_way_in(way) for way in finding.ways_in],
        "ignored": marked.ignored,
        "chain": [marked.finding.cycle[0].source_desc, *(step.label for step in chain_steps(marked.finding.cycle))],
        "location": _location(marked),
    }


def _location(marked: MarkedFinding) -> Json:
    """The mark, and where it may be instead."""
    mark = marked.mark
    others = mark.others if mark is not None else ()
    return {
        "file": None if mark is None else str(mark.path.absolute()),
        "line": None if mark is None else mark.range.start.line,
        "certainty": marked.certainty.value,
        "candidates": [f"{path.absolute()}:{range_.start.line}" for path, range_ in others],
    }


def _way_in(way: WayIn) -> Json:
    return {"start": way.start or None, "labels": list(way.labels), "weak": _hop(way.hop)}


def _closure(closure: Closure, place: Place) -> Json:
    return {
        "file": closure.location.file,
        "line": closure.location.line,
        "resolved": None if place.path is None else str(place.path.absolute()),
        "captures": [capture.name for capture in closure.captures],
    }


def _hop(hop: Hop) -> Json:
    return {
        "from": hop.source_desc,
        "to": hop.target_desc,
        "via": hop.label,
        "file": hop.location.file if hop.location else None,
        "line": hop.location.line if hop.location else None,
    }


def _sound(value: object) -> object:
    """`value` without lone surrogates, which JSON cannot carry, and without endless names: see `escape.carried`."""
    if isinstance(value, str):
        return carried(value)
    if isinstance(value, dict):
        return {key: _sound(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_sound(held) for held in value]
    return value
