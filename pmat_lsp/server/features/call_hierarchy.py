"""Call hierarchy as the reference graph: incoming is who holds this, outgoing is what it holds.

Every item says so, since an editor shows it where it shows calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lsprotocol import types

from pmat_lsp.analysis.closures import clones_at
from pmat_lsp.analysis.holders import Holder, holders, hops_from
from pmat_lsp.analysis.result import Hop
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.describe import describe, summarise
from pmat_lsp.heap.model import Heap
from pmat_lsp.render.escape import visible
from pmat_lsp.server.chains import Spot
from pmat_lsp.server.features.references import leads_somewhere
from pmat_lsp.server.hop_places import spot_of_code, spot_of_hop
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.publishing import FileRanges
from pmat_lsp.server.state import OpenDump, State

MOST_STEPS = 50
"""So many holders, or held SVs, are told of one item."""


@dataclass(frozen=True, slots=True)
class _Item:
    """An SV at its place, or at that of the step that led to it."""

    sv: int
    name: str
    detail: str
    path: Path
    range: types.Range


@guarded
async def prepare(ls: PmatServer, params: types.CallHierarchyPrepareParams) -> list[types.CallHierarchyItem] | None:
    """Begin at a sub whose clones the heap has; named ones are left to other servers where they did not leak."""
    path = path_of(params.text_document.uri)
    if path is None:
        return None
    state = ls.state
    dump = state.dump_path
    item = await state.ask(partial(_begin, path=path, at=params.position, encoding=state.encoding))
    return [_item(state, item, dump)] if item is not None else None


@guarded
async def incoming(
    ls: PmatServer, params: types.CallHierarchyIncomingCallsParams
) -> list[types.CallHierarchyIncomingCall] | None:
    """Who holds the SV of an item; of a sub, any of its clones."""
    state = ls.state
    dump = state.dump_path
    items = await state.ask(partial(_holders, item=params.item, encoding=state.encoding))
    return [types.CallHierarchyIncomingCall(_item(state, item, dump), [item.range]) for item in items or ()] or None


@guarded
async def outgoing(
    ls: PmatServer, params: types.CallHierarchyOutgoingCallsParams
) -> list[types.CallHierarchyOutgoingCall] | None:
    """What the SV of an item holds; of a sub, what it captures."""
    state = ls.state
    dump = state.dump_path
    items = await state.ask(partial(_held, item=params.item, encoding=state.encoding))
    # The ranges lie in the document of the item that is asked about, which has one place alone.
    here = [params.item.selection_range]
    return [types.CallHierarchyOutgoingCall(_item(state, item, dump), here) for item in items or ()] or None


def _item(state: State, item: _Item, dump: Path | None) -> types.CallHierarchyItem:
    """`dump` is the one that was asked: while it answered, another one may have come in front."""
    return types.CallHierarchyItem(
        name=visible(item.name),
        kind=types.SymbolKind.Function if item.name.startswith("heap: sub") else types.SymbolKind.Object,
        uri=state.texts.uri(item.path),
        range=item.range,
        selection_range=item.range,
        detail=visible(item.detail),
        data={"dump": str(dump), "sv": item.sv},
    )


def _begin(opened: OpenDump, path: Path, at: types.Position, encoding: Encoding) -> _Item | None:
    """Runs in the worker, as the next two."""
    source = opened.sites.source(path)
    if source is None:
        return None
    lines = Lines(source.text, encoding)
    known = opened.sites.headed_at(path, source, lines.point(at))
    if known is None or not leads_somewhere(known):
        return None
    facts = known.facts
    code = int(clones_at(opened.dump.heap, facts.site)[0])
    detail = f"{facts.live:,} live, {facts.leaked:,} leaked; incoming: who holds it, outgoing: what it captures"
    return _Item(code, f"heap: sub {facts.site.name or '{ … }'}", detail, path, lines.range(known.sub.keyword))


def _holders(opened: OpenDump, item: types.CallHierarchyItem, encoding: Encoding) -> list[_Item]:
    sv = _sv_of(opened, item)
    if sv is None:
        return []
    heap = opened.dump.heap
    site = opened.dump.site_of(sv) if heap.kind[sv] == Kind.CODE else None
    found = opened.dump.facts(site).holders if site is not None else holders(heap, [sv], MOST_STEPS)
    return [_from_hop(opened, one.hop, one.hop.source, _held_as(one), item, encoding) for one in found]


def _held(opened: OpenDump, item: types.CallHierarchyItem, encoding: Encoding) -> list[_Item]:
    sv = _sv_of(opened, item)
    if sv is None:
        return []
    hops = list(hops_from(opened.dump.heap, sv))[:MOST_STEPS]
    return [_from_hop(opened, hop, hop.target, f"held as {_label(hop)}", item, encoding) for hop in hops]


def _held_as(holder: Holder) -> str:
    times = f" ({holder.count:,}×)" if holder.count > 1 else ""
    return f"holds it as {_label(holder.hop)}{times}"


def _label(hop: Hop) -> str:
    return hop.label.removeprefix("->")


def _from_hop(
    opened: OpenDump, hop: Hop, sv: int, detail: str, before: types.CallHierarchyItem, encoding: Encoding
) -> _Item:
    """The SV at an end of a hop, at its own place, else at that of the hop, else where the user came from."""
    dump = opened.dump
    is_code = dump.heap.kind[sv] == Kind.CODE
    spot: Spot | None = spot_of_hop(dump, hop)
    if is_code and sv == hop.target:
        spot = spot_of_code(dump, sv) or spot
    name = f"heap: {_named(dump.heap, sv)}"
    if spot is None:
        return _Item(sv, name, detail, path_of(before.uri) or Path(), before.selection_range)
    return _Item(sv, name, detail, spot[0], FileRanges(dump.places, encoding).range(*spot))


def _named(heap: Heap, sv: int) -> str:
    if heap.kind[sv] == Kind.CODE:
        return f"sub {describe(heap, sv).removeprefix('the ').removeprefix('sub ')}"
    return summarise(heap, sv)


def _sv_of(opened: OpenDump, item: types.CallHierarchyItem) -> int | None:
    """The SV of an item that this server gave out for the dump that is open; None for any other."""
    data = item.data
    if not isinstance(data, Mapping) or data.get("dump") != str(opened.dump.path):
        return None
    sv = data.get("sv")
    # A number may come back as a float.
    return int(sv) if isinstance(sv, int | float) and 0 <= sv < opened.dump.heap.n else None
