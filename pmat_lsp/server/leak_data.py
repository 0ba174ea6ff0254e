"""The values of `pmat/leaks`: what leaked, as a tree view, a picture and an overview of the heap need it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from lsprotocol import types

from pmat_lsp.analysis.cycles import shortened
from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.instances import class_table
from pmat_lsp.analysis.islands import Islands
from pmat_lsp.analysis.result import Hop
from pmat_lsp.format.kinds import Strength, kind_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.neighbours import strength_of
from pmat_lsp.heap.progress import Progress
from pmat_lsp.render.advice import advice_text
from pmat_lsp.render.chain import hop_place
from pmat_lsp.render.escape import visible
from pmat_lsp.render.ways_in import way_text
from pmat_lsp.server.choice import time_text
from pmat_lsp.server.dumps import stamp_of
from pmat_lsp.server.marks import Target
from pmat_lsp.server.paths import uri_of
from pmat_lsp.session import Dump
from pmat_lsp.source.marks import MarkedFinding, Note, chain_text

MOST_ADDRESSES = 100
MOST_CLASSES = 50
MOST_HANDLES = 1000
_MOST_HOPS, _FEWEST_HOPS = 5000, 10
"""The most for all findings together; each gets at least the fewest."""
_LONGEST = 1000
Json = dict[str, object]
_CHECKED = {
    "svs": "svs",
    "roots": "roots",
    "lost": "lost",
    "unexplained": "unexplained",
    "selfHeld": "self_held_svs",
    "proven": "proven",
}
"""By key: the field of the report."""


def dump_data(dump: Dump, previous: Path | None) -> Json:
    """The dump itself."""
    heap = dump.heap
    return {
        "uri": uri_of(dump.path),
        "name": visible(dump.path.name),
        "path": visible(str(dump.path), _LONGEST),
        "perl": heap.layout.perl,
        "format": heap.layout.format,
        "threads": heap.layout.ithreads,
        "svs": heap.n,
        "bytes": heap.bytes,
        "when": time_text(stamp_of(dump.path)),
        "previous": uri_of(previous) if previous else None,
    }


def checked_data(dump: Dump) -> Json:
    """What was looked at."""
    report = dump.leaks.report
    return {key: getattr(report, name) for key, name in _CHECKED.items()}


def findings_data(dump: Dump, target: Target) -> dict[str, list[Json]]:
    """What leaked, and what only holds itself, each in the order of the report."""
    report = dump.leaks.report
    ids = finding_ids(report.all_findings)
    most = max(_FEWEST_HOPS, _MOST_HOPS // max(1, len(ids)))
    found = [_finding(dump.heap, name, marked, target, most) for name, marked in zip(ids, dump.all_marked, strict=True)]
    leaked = len(report.findings)
    return {"findings": found[:leaked], "selfHeld": found[leaked:]}


def overview_data(dump: Dump, progress: Progress) -> Json:
    """Open handles, the classes that keep most alive, and how the bytes are spread."""
    heap, ownership = dump.heap, dump.ownership
    sizes = dump.retained(progress)
    table = class_table(heap, sizes, MOST_CLASSES)
    leaked = Counter(heap.stash_name(sv) for sv in heap.blessed[: heap.n][ownership.proven].tolist() if sv >= 0)
    names = [column.name for column in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in table.rows]
    size = heap.size[: heap.n]
    return {
        "handles": _handles(dump),
        "classes": [
            {
                "name": visible(str(row["class"])),
                "objects": row["objects"],
                "leaked": leaked[str(row["class"])],
                "bytes": row["size"],
                "retained": row["retained"],
            }
            for row in rows
        ],
        "bytes": {
            "reachable": int(size[~ownership.lost].sum()),
            "leaked": int(size[ownership.proven].sum()),
            "selfHeld": int(size[ownership.self_held].sum()),
            "unexplained": int(size[ownership.unexplained].sum()),
        },
    }


def kind_name(heap: Heap, sv: int) -> str:
    """`HASH`, `CODE`."""
    return kind_of(int(heap.kind[sv])).name


def class_name(heap: Heap, sv: int) -> str | None:
    """The class of an object, safe to show."""
    name = heap.class_of(sv)
    return None if name is None else visible(name)


def _handles(dump: Dump) -> list[Json]:
    """At most `MOST_HANDLES` open file handles, those with the lowest numbers."""
    heap, leaks = dump.heap, dump.leaks
    parts = ((leaks.islands, leaks.report.findings), (leaks.self_held, leaks.report.self_held))
    ids = iter(finding_ids(leaks.report.all_findings))
    holder: dict[int, str] = {}
    for islands, findings in parts:
        by_island: dict[int, str] = {}
        for one in findings:
            keys = np.array(one.islands, np.int32)
            by_island.update(dict.fromkeys(islands.cycle_of(keys).tolist(), next(ids)))
        holder.update((sv, by_island[owner]) for sv, owner in _owned(heap, islands) if owner in by_island)
    ios = heap.ios
    numbers = np.where(ios.ifileno >= 0, ios.ifileno, ios.ofileno)
    opened = sorted(zip(numbers[numbers >= 0].tolist(), ios.sv[numbers >= 0].tolist(), strict=True))
    return [
        {"number": number, "finding": holder.get(sv), "address": hex(heap.address_of(sv))}
        for number, sv in opened[:MOST_HANDLES]
    ]


def _owned(heap: Heap, islands: Islands) -> list[tuple[int, int]]:
    """(IO, the island that alone keeps it alive) of each that has one."""
    owners = islands.owner_of(heap.ios.sv)
    return list(zip(heap.ios.sv[owners >= 0].tolist(), owners[owners >= 0].tolist(), strict=True))


def _finding(heap: Heap, name: str, marked: MarkedFinding, target: Target, most: int) -> Json:
    """A finding with at most `most` hops and `most` places."""
    finding, mark = marked.finding, marked.mark
    hops = shortened(heap, finding.cycle, most)
    return {
        "id": name,
        "verdict": finding.verdict,
        "code": finding.code,
        "pattern": finding.pattern.code,
        "title": visible(finding.title),
        "shape": visible(finding.pattern.title, _LONGEST),
        "cure": visible(advice_text(marked.advice), _LONGEST),
        "ignored": None if marked.ignored is None else visible(marked.ignored, _LONGEST),
        "chain": visible(chain_text(finding), _LONGEST),
        "reach": [way_text(way) for way in finding.ways_in],
        "count": finding.count,
        "bytes": finding.bytes_total,
        "bytesEach": finding.retained_bytes_each,
        "svs": finding.svs_total,
        "handles": list(finding.handles[:MOST_HANDLES]),
        "classes": [visible(one) for one in finding.classes],
        "addresses": [hex(address) for address in finding.addresses[:MOST_ADDRESSES]],
        "place": _place(mark, target),
        "missing": [visible(reason, _LONGEST) for reason in marked.missing],
        "places": [_place(note, target) for note in marked.notes[:most]],
        "hops": [_hop(heap, marked, hop, target) for hop in hops],
        "graph": _graph(heap, hops),
        "document": f"pmat:/leaks/{name}.md",
    }


def _place(note: Note | None, target: Target) -> Json | None:
    if note is None:
        return None
    range_ = target.range(note.path, note.range)
    return {
        "uri": target.uri(note.path),
        "range": {"start": _position(range_.start), "end": _position(range_.end)},
        "text": visible(note.text),
    }


def _position(position: types.Position) -> Json:
    return {"line": position.line, "character": position.character}


def _hop(heap: Heap, marked: MarkedFinding, hop: Hop, target: Target) -> Json:
    return {
        "from": visible(hop.source_desc),
        "to": visible(hop.target_desc),
        "via": visible(hop.label),
        "kind": hop.kind,
        "source": hex(heap.address_of(hop.source)),
        "address": hex(heap.address_of(hop.target)),
        "place": _place(hop_place(marked, hop), target),
    }


def _graph(heap: Heap, hops: tuple[Hop, ...]) -> Json:
    nodes = [
        {
            "id": number,
            "address": hex(heap.address_of(hop.source)),
            "kind": kind_name(heap, hop.source),
            "class": class_name(heap, hop.source),
            "label": visible(hop.source_desc),
        }
        for number, hop in enumerate(hops)
    ]
    edges = [
        {
            "from": number,
            "to": (number + 1) % len(nodes),
            "strength": _strength(heap, hop),
            "label": visible(hop.label),
            "back": number + 1 == len(nodes),
        }
        for number, hop in enumerate(hops)
    ]
    return {"nodes": nodes, "edges": edges}


def _strength(heap: Heap, hop: Hop) -> str:
    """Of the references that a hop is, the weakest one."""
    steps = zip(hop.svs, hop.svs[1:], strict=False)
    # The greater number is the weaker reference.
    weakest = max(min(_strengths(heap, *step), default=Strength.INFERRED) for step in steps)
    return str(Strength(weakest).name).lower()


def _strengths(heap: Heap, source: int, target: int) -> list[Strength]:
    rows = heap.out_rows(source)
    to_target = np.flatnonzero(heap.out_target[rows.start : rows.stop] == target)
    return [strength_of(heap, rows.start + int(row)) for row in to_target]
