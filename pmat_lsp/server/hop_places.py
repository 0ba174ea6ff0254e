"""Where the steps between SVs stand in the source: the key that is stored, the variable that is captured."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmat_lsp.analysis.leaks import files_of_classes
from pmat_lsp.analysis.result import Hop
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind
from pmat_lsp.server.chains import Spot
from pmat_lsp.session import Dump
from pmat_lsp.source.model import Range
from pmat_lsp.source.words import packages_of


def spot_of_code(dump: Dump, code: int) -> Spot | None:
    """The word `sub` of a CODE."""
    place = dump.place_of(code)
    return (place.path, place.keyword) if place.path is not None and place.keyword is not None else None


def spot_of_hop(dump: Dump, hop: Hop) -> Spot | None:
    """The place of one step; None where there is none, or where there are several."""
    if dump.heap.kind[hop.source] == Kind.CODE:
        return _spot_in_code(dump, hop)
    if hop.kind == "key":
        return _spot_of_key(dump, hop)
    return _spot_of_glob(dump, hop.source) if dump.heap.kind[hop.source] == Kind.GLOB else None


def spot_of_class(dump: Dump, name: str) -> Spot | None:
    """The `package` statement of a class, in one of the files that have its subs."""
    for recorded in files_of_classes(dump.heap, (name,)):
        path = dump.places.locate(recorded).path
        for package in _packages(dump, path) if path is not None else ():
            if path is not None and package[0] == name:
                return path, package[1]
    return None


def _packages(dump: Dump, path: Path) -> list[tuple[str, Range]]:
    try:
        return [(package.name, package.range) for package in packages_of(dump.places.source(path))]
    except PmatError:
        return []


def _spot_in_code(dump: Dump, hop: Hop) -> Spot | None:
    place = dump.place_of(hop.source)
    if place.path is None or place.keyword is None:
        return None
    use, declaration = dump.places.place_captured(place, hop.name) if hop.name else (None, None)
    own = place.sub.declares.get(hop.name, ()) if place.sub is not None else ()
    return place.path, use or declaration or next(iter(own), place.keyword)


def _spot_of_key(dump: Dump, hop: Hop) -> Spot | None:
    heap = dump.heap
    if heap.kind[hop.target] == Kind.CODE:
        near = spot_of_code(dump, hop.target)
        if near is not None:
            range_ = dump.places.place_key(near[0], hop.name, near[1])
            return (near[0], range_) if range_ is not None else None
    package = heap.class_of(hop.source)
    for recorded in files_of_classes(heap, (package,)) if package else ():
        path = dump.places.locate(recorded).path
        stores = _stores(dump, path, hop.name) if path is not None else ()
        if path is not None and stores:
            return path, stores[0]
    return None


def _stores(dump: Dump, path: Path, key: str) -> tuple[Range, ...]:
    try:
        return dump.places.source(path).hash_key_stores(key)
    except PmatError:
        return ()


def _spot_of_glob(dump: Dump, glob: int) -> Spot | None:
    """The line where perl first saw the name."""
    heap = dump.heap
    row = int(np.searchsorted(heap.globs.sv, glob))
    file = heap.string(int(heap.globs.file[row]))
    path = dump.places.locate(file).path if file else None
    if path is None:
        return None
    try:
        line = dump.places.source(path).whole_line(int(heap.globs.line[row]))
    except PmatError:
        return None
    return (path, line) if line is not None else None
