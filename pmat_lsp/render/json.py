"""The answer of `pmat-lsp leaks --json`: an interface, documented in docs/json.md. Keys stay; new ones may come."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pmat_lsp.analysis.result import UNEXPLAINED, Closure, Finding, Hop, LeakReport
from pmat_lsp.analysis.unexplained import Unexplained, UnexplainedGroup
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.escape import portable
from pmat_lsp.source.marks import MarkedFinding
from pmat_lsp.source.places import Place

SCHEMA = 1
"""Grows when a key is removed or changes its meaning."""

Json = dict[str, object]


def leaks_json(
    heap: Heap, report: LeakReport, marked: Sequence[MarkedFinding], unexplained: Unexplained | None = None
) -> str:
    """The answer as one JSON object in ASCII, without a line feed at its end; `unexplained` only where it is given."""
    answer: Json = {
        "schema": SCHEMA,
        "dump": _dump(heap),
        "checked": {
            "roots": report.roots,
            "lost": report.lost,
            "unexplained": report.unexplained,
            "proven": report.proven,
        },
        "findings": [_finding(finding) for finding in marked],
    }
    if unexplained is not None:
        answer |= _unexplained(unexplained)
    # DEL is the one character in ASCII that acts on a terminal and that JSON leaves as it is.
    return json.dumps(_sound(answer), ensure_ascii=True, indent=2).replace("\x7f", "\\u007f")


def _dump(heap: Heap) -> Json:
    return {
        "path": str(heap.path),
        "perl": heap.layout.perl,
        "format": heap.layout.format,
        "svs": heap.n,
        "bytes": heap.bytes,
        "threads": heap.layout.ithreads,
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
        "pattern": finding.pattern.code,
        "proven": True,
        "count": finding.count,
        "svs_each": finding.svs_each,
        "bytes_total": finding.bytes_total,
        "retained_bytes_each": finding.retained_bytes_each,
        "classes": list(finding.classes),
        "closures": [_closure(*pair) for pair in zip(finding.closures, marked.closures, strict=True)],
        "handles": list(finding.handles),
        "cycle": [_hop(hop) for hop in finding.cycle],
        "addresses": [hex(address) for address in finding.addresses],
        "ignored": marked.ignored,
    }


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
    """`value` without lone surrogates, which JSON cannot carry: a byte that is no UTF-8 becomes `\\xNN`."""
    if isinstance(value, str):
        return portable(value)
    if isinstance(value, dict):
        return {key: _sound(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_sound(held) for held in value]
    return value
