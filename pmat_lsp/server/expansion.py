"""The rows of `pmat/expand`: a page of the children of a node of some tree over the heap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.labels import labels
from pmat_lsp.analysis.largest import first_by
from pmat_lsp.analysis.lookup import find_sv
from pmat_lsp.analysis.result import SELF_HELD
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.naming import reference_name
from pmat_lsp.heap.neighbours import strength_of
from pmat_lsp.heap.progress import Progress
from pmat_lsp.render.escape import visible
from pmat_lsp.server.leak_data import Json, class_name, kind_name
from pmat_lsp.server.params import Params
from pmat_lsp.session import Dump

DEFAULT_LIMIT = 100
MOST_ROWS = 1000
_FARTHEST = 1 << 31


@dataclass(frozen=True, slots=True)
class Page:
    """Which children are wanted."""

    address: str | None
    finding: str | None
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class _Child:
    sv: int
    children: int
    via: str = ""
    strength: str | None = None
    retained: int | None = None


def read_page(params: Params) -> Page:
    """The page that a request names.

    Raises:
        PmatError: a parameter is of the wrong kind.
    """
    return Page(
        params.text_if_given("address"),
        params.text_if_given("finding"),
        params.number("offset", 0, 0, _FARTHEST),
        params.number("limit", DEFAULT_LIMIT, 1, MOST_ROWS),
    )


def expansion_data(dump: Dump, what: str, page: Page, progress: Progress) -> Json:
    """The page, with how many children there are.

    Raises:
        PmatError: there is no such tree, SV or finding.
    """
    expand = _WAYS.get(what)
    if expand is None:
        raise PmatError(f"what must be one of {', '.join(_WAYS)}, not {what!r}")
    total, children = expand(dump, page, progress)
    label = labels(dump.heap)
    return {"total": total, "offset": page.offset, "rows": [_row(dump, child, label) for child in children]}


def _inrefs(dump: Dump, page: Page, _progress: Progress) -> tuple[int, list[_Child]]:
    heap, rows = dump.heap, dump.heap.in_rows(_sv(dump, page))
    wanted = rows[page.offset : page.offset + page.limit].tolist()
    return len(rows), [_reference(dump, row, int(heap.out_source[row]), heap.in_start) for row in wanted]


def _outrefs(dump: Dump, page: Page, _progress: Progress) -> tuple[int, list[_Child]]:
    heap, rows = dump.heap, dump.heap.out_rows(_sv(dump, page))
    wanted = rows[page.offset : page.offset + page.limit]
    return len(rows), [_reference(dump, row, int(heap.out_target[row]), heap.out_start) for row in wanted]


def _reference(dump: Dump, row: int, sv: int, starts: npt.NDArray[np.int32]) -> _Child:
    strength = str(strength_of(dump.heap, row).name).lower()
    return _Child(sv, int(starts[sv + 1] - starts[sv]), reference_name(dump.heap, row), strength)


def _dominators(dump: Dump, page: Page, progress: Progress) -> tuple[int, list[_Child]]:
    sizes = dump.retained(progress)
    top = sizes.super_root if page.address is None else _sv(dump, page)
    children = sizes.children(top)
    shown = children[first_by(sizes.bytes[children], page.offset + page.limit)[page.offset :]].tolist()
    return len(children), [_Child(sv, len(sizes.children(sv)), retained=int(sizes.bytes[sv])) for sv in shown]


def _islands(dump: Dump, page: Page, _progress: Progress) -> tuple[int, list[_Child]]:
    findings = dump.leaks.report.all_findings
    finding = dict(zip(finding_ids(findings), findings, strict=True)).get(page.finding or "")
    if finding is None:
        raise PmatError(f"there is no finding {page.finding!r} in this dump", "pmat/leaks tells their ids.")
    heap, leaks = dump.heap, dump.leaks
    islands = leaks.self_held if finding.verdict == SELF_HELD else leaks.islands
    shown = finding.islands[page.offset : page.offset + page.limit]
    sizes = islands.bytes[islands.cycle_of(np.array(shown, np.int32))].tolist()
    rows = [_Child(sv, len(heap.out_rows(sv)), retained=size) for sv, size in zip(shown, sizes, strict=True)]
    return len(finding.islands), rows


_WAYS: Mapping[str, Callable[[Dump, Page, Progress], tuple[int, list[_Child]]]] = {
    "inrefs": _inrefs,
    "outrefs": _outrefs,
    "dominators": _dominators,
    "islands": _islands,
}


def _sv(dump: Dump, page: Page) -> int:
    if page.address is None:
        raise PmatError("the address of an SV is needed")
    return find_sv(dump.heap, page.address)


def _row(dump: Dump, child: _Child, label: Callable[[int], str]) -> Json:
    heap, sv = dump.heap, child.sv
    return {
        "address": hex(heap.address_of(sv)),
        "label": visible(label(sv)),
        "kind": kind_name(heap, sv),
        "class": class_name(heap, sv),
        "via": visible(child.via),
        "strength": child.strength,
        "bytes": int(heap.size[sv]),
        "retained": child.retained,
        "children": child.children,
        "leaked": sv < heap.n and bool(dump.ownership.proven[sv]),
        "selfHeld": sv < heap.n and bool(dump.ownership.self_held[sv]),
    }
