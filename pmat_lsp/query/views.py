"""The views of a heap that SQL can name. docs/query.md describes them to people, from what is said here."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.closures import clones_at, code_sites, retained_by
from pmat_lsp.analysis.handles import handles_table
from pmat_lsp.analysis.instances import class_table
from pmat_lsp.analysis.leaks import captures_of
from pmat_lsp.analysis.tables import Table, Value
from pmat_lsp.format.kinds import KIND_NAMES, CodeFlag, Kind, RefKind, ScalarFlag, Strength
from pmat_lsp.heap.bodies import text_starts
from pmat_lsp.heap.describe import code_name
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import field_name, root_names
from pmat_lsp.heap.neighbours import STRENGTHS
from pmat_lsp.heap.pads import padname_ids
from pmat_lsp.heap.progress import Progress
from pmat_lsp.heap.symbols import SLOTS, glob_name
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import ScalarValue, read_strings
from pmat_lsp.query.view import Arrays, Texts, View, addresses, class_name, looked_up, number, plain, text, texts
from pmat_lsp.render.escape import portable
from pmat_lsp.session import Dump

_OFTEN = 4096
"""After so many rows that are read one by one, progress is told."""
_OFTEN_LOOKED = 256
"""After so many that take longer."""
_NUMBERED = (
    RefKind.ELEMENT,
    RefKind.FIELD,
    RefKind.PAD_LEXICAL,
    RefKind.PAD_TEMPORARY,
    RefKind.PADNAMES_ELEMENT,
    RefKind.CODE_PAD,
    RefKind.PADLIST_PAD,
    RefKind.SAVED_ELEMENT,
)
"""References whose detail is an index or a depth."""
Rows = npt.NDArray[np.intp]


def _svs(dump: Dump, progress: Progress) -> Arrays:
    heap, ownership, sizes = dump.heap, dump.ownership, dump.retained(progress)
    n = heap.n
    # Above all is the super-root, which has no address.
    address = np.append(heap.address[:], np.uint64(0))
    roots = texts([""] * n)
    for sv, name in root_names(heap).items():
        roots[sv : min(sv + 1, n)] = name
    files, lines = texts([""] * n), np.full(n, -1, np.int64)
    for table in (heap.codes, heap.globs):
        files[table.sv], lines[table.sv] = looked_up(table.file, heap.string), np.where(table.line > 0, table.line, -1)
    return {
        "addr": heap.address[:n],
        "kind": looked_up(heap.kind[:n], lambda kind: KIND_NAMES.get(kind, Kind.UNKNOWN.name)),
        "class": looked_up(heap.blessed[:n], lambda stash: class_name(heap, stash)),
        "name": _names(heap, progress),
        "root": roots,
        "file": files,
        "line": lines,
        "refcount": heap.refcount[:n],
        "length": heap.length[:n],
        "size": heap.size[:n],
        "retained": sizes.bytes[:n],
        "retained_svs": sizes.svs[:n],
        "dominator_addr": address[sizes.idom[:n]],
        "lost": ownership.lost[:n],
        "unexplained": ownership.unexplained[:n],
        "self_held": ownership.self_held[:n],
        "proven": ownership.proven[:n],
    }


def _names(heap: Heap, progress: Progress) -> Texts:
    """object[n]: `Net::Conn` for a package, `*main::STDIN` for a glob, `@Net::Conn::pool` for what one has; else ""."""
    progress("names", 0, 1)
    globs = {glob: portable(glob_name(heap, glob)) for glob in heap.globs.sv.tolist()}
    names = texts([""] * (heap.n + 3))
    for sigil, slot in SLOTS.items():
        # From the last one to the first, which stays.
        for row in np.flatnonzero(heap.out_kind == slot)[::-1].tolist():
            if (glob := int(heap.out_source[row])) in globs:
                names[heap.out_target[row]] = sigil + globs[glob]
    for code in heap.codes.sv.tolist():
        own = code_name(heap, code)
        if own is not None:
            names[code] = "&" + portable(own)
    for glob, name in globs.items():
        names[glob] = f"*{name}"
    names[heap.stashes.sv] = texts(heap.stash_name(stash) for stash in heap.stashes.sv.tolist())
    return names[: heap.n]


def _refs(dump: Dump, progress: Progress) -> Arrays:
    heap = dump.heap
    bits = heap.out_strength
    strength = np.select([(bits & one) != 0 for one in STRENGTHS], list(range(len(STRENGTHS))), len(STRENGTHS) - 1)
    return {
        "source_addr": heap.address[heap.out_source],
        "target_addr": heap.address[heap.out_target],
        "kind": looked_up(heap.out_kind, lambda kind: RefKind(kind).name.lower()),
        "strength": looked_up(strength, lambda at: (STRENGTHS[at].name or "").lower()),
        "counted": (bits & Strength.COUNTED) != 0,
        "name": _reference_names(heap, progress),
        "index": np.where(np.isin(heap.out_kind, _NUMBERED), heap.out_detail[:], -1),
    }


def _reference_names(heap: Heap, progress: Progress) -> Texts:
    """object: the keys of values, the names of lexicals and fields, "" for other references."""
    names = texts([""] * len(heap.out_kind))
    values = np.flatnonzero(heap.out_kind == RefKind.VALUE)
    keys: dict[bytes, str] = {}
    for done, (index, key) in enumerate(read_strings(heap, heap.out_detail[values])):
        if done % _OFTEN == 0:
            progress("keys", done, len(values))
        if key not in keys:
            keys[key] = portable(decode_name(key))
        names[values[index]] = keys[key]
    lexicals = np.flatnonzero(heap.out_kind == RefKind.PAD_LEXICAL)
    names[lexicals] = looked_up(padname_ids(heap, lexicals), heap.string)
    for row in np.flatnonzero(heap.out_kind == RefKind.FIELD).tolist():
        names[row] = portable(field_name(heap, int(heap.out_source[row]), int(heap.out_detail[row])))
    return names


def _closures(dump: Dump, progress: Progress) -> Arrays:
    heap, leaks, sizes = dump.heap, dump.leaks, dump.retained(progress)
    sites = [
        site
        for in_file in code_sites(heap).values()
        for site in in_file
        if (heap.flags[site.codes] & (CodeFlag.CLONE | CodeFlag.CLONED)).any()
    ]
    clones = [clones_at(heap, site) for site in sites]
    retained, captured = [], list[str]()
    for done, (site, codes) in enumerate(zip(sites, clones, strict=True)):
        if done % _OFTEN_LOOKED == 0:
            progress("closures", done, len(sites))
        retained.append(retained_by(heap, leaks, sizes, site))
        captured.append(", ".join(capture.name for capture in captures_of(heap, int(codes[0]))) if len(codes) else "")
    ownership = leaks.ownership
    proven, self_held, unexplained = ownership.proven, ownership.self_held, ownership.unexplained
    return {
        "addr": np.array([heap.address_of(int(codes[0])) if len(codes) else 0 for codes in clones], np.uint64),
        "file": texts(site.location.file for site in sites),
        "line": np.array([site.location.line for site in sites], np.int64),
        "name": texts(site.name for site in sites),
        "captured": texts(captured),
        "clones": np.array([len(codes) for codes in clones], np.int64),
        "leaked": np.array([int(proven[codes].sum()) for codes in clones], np.int64),
        "self_held": np.array([int(self_held[codes].sum()) for codes in clones], np.int64),
        "unexplained": np.array([int(unexplained[codes].sum()) for codes in clones], np.int64),
        "retained": np.array(retained, np.uint64),
    }


def _handles(dump: Dump, progress: Progress) -> Arrays:
    progress("handles", 0, 1)
    columns = _columns_of(handles_table(dump.heap, dump.ownership))
    return {
        "addr": np.array(columns["sv"], np.uint64),
        "ifileno": _numbers(columns["ifileno"]),
        "ofileno": _numbers(columns["ofileno"]),
        "name": _texts_in(columns["glob"]),
        "state": _texts_in(columns["state"]),
    }


def _classes(dump: Dump, progress: Progress) -> Arrays:
    heap = dump.heap
    columns = _columns_of(class_table(heap, dump.retained(progress), heap.n))
    measures = {name: np.array(columns[name], np.uint64) for name in ("objects", "size", "retained", "svs")}
    return {"class": _texts_in(columns["class"]), **measures}


def _strings(dump: Dump, progress: Progress) -> Arrays:
    heap = dump.heap
    is_string = (heap.kind == Kind.SCALAR) & ((heap.flags & ScalarFlag.PV) != 0) & (heap.length[:] >= 0)
    svs = np.flatnonzero(is_string)
    utf8 = (heap.flags[svs] & ScalarFlag.UTF8) != 0
    shown, lengths = texts([""] * len(svs)), np.zeros(len(svs), np.uint64)
    layout, data = heap.layout, heap.data
    # A record ends in the whole length of the string, pointers, the length of the part in the dump, and this part.
    start, dumped = text_starts(heap, svs).tolist(), heap.length[svs].tolist()
    before = 2 * layout.uint_size + int(layout.type_sizes[Kind.SCALAR, 1]) * layout.ptr_size
    order, is_utf8 = layout.byte_order, utf8.tolist()
    # In the order of the file, which is read in blocks.
    for done, row in enumerate(np.argsort(heap.offset[svs], kind="stable").tolist()):
        if done % _OFTEN == 0:
            progress("strings", done, len(svs))
        raw = bytes(data[start[row] - before : start[row] + dumped[row]])
        length = int.from_bytes(raw[: layout.uint_size], order)
        value = ScalarValue(None, None, raw[before:], length, is_utf8[row])
        shown[row], lengths[row] = portable(value.text or ""), length
    return {
        "addr": heap.address[svs],
        "text": shown,
        "bytes": lengths,
        "dumped": heap.length[svs],
        "utf8": utf8,
    }


def _columns_of(table: Table) -> dict[str, list[Value]]:
    return {column.name: [row[at] for row in table.rows] for at, column in enumerate(table.columns)}


def _numbers(values: Iterable[Value]) -> npt.NDArray[np.int64]:
    """int64: -1 for None."""
    return np.array([-1 if value is None else value for value in values], np.int64)


def _texts_in(values: Iterable[Value]) -> Texts:
    return texts(None if value is None else str(value) for value in values)


VIEWS: tuple[View, ...] = (
    View(
        "svs",
        "every SV of the heap",
        (
            *addresses("address", "addr", "where it is"),
            text("kind", "as `count` names it: `HASH`, `CODE`"),
            text("class", "the package that it is blessed into"),
            text("name", "of a package, glob or sub, or the symbol of what a glob has: `@Net::Client::pool`"),
            text("root", "the name of the root that it is: `defstash`"),
            text("file", "of a CODE its file as perl recorded it, of a GLOB where it was first seen"),
            number("line", "1-based; of a CODE that of its first statement"),
            plain("refcount", "its count of references"),
            number("length", "elements, entries or fields; of a scalar the bytes of its string in the dump"),
            plain("size", "bytes, without anything that it refers to"),
            plain("retained", "bytes that it alone keeps alive, itself included"),
            plain("retained_svs", "how many SVs that are"),
            *addresses("dominator", "dominator_addr", "the SV that would free it; NULL where no single one would"),
            plain("lost", "whether no root reaches it"),
            plain("unexplained", "lost, but something that the dump does not show, such as C code, may hold it"),
            plain("self_held", "lost and held by nothing else, but live code can reach it through a weak reference"),
            plain("proven", "lost, and proven to be leaked"),
        ),
        _svs,
    ),
    View(
        "refs",
        "every reference from one SV to another that stands in the dump",
        (
            *addresses("source", "source_addr", "the SV that refers"),
            *addresses("target", "target_addr", "the SV that is referred to"),
            text("kind", "what the reference is: `value` of a hash, `element` of an array, `referent` of a REF"),
            text("strength", "`strong`, `weak`, `indirect` or `inferred`"),
            plain("counted", "whether it owns one count of its target: what keeps that alive"),
            text("name", "the key of a value, the name of a lexical or field"),
            number("index", "of an element, field or lexical; the depth of a pad"),
        ),
        _refs,
    ),
    View(
        "closures",
        "every `sub` in the sources that perl clones when it runs, with its clones",
        (
            *addresses("address", "addr", "the first clone; NULL where there is none"),
            text("file", "as perl recorded it"),
            plain("line", "that of the first statement, 1-based"),
            text("name", "its name; NULL for an anonymous sub"),
            text("captured", "the lexicals that the first clone has captured: `$conns, %args`"),
            plain("clones", "how many clones there are"),
            plain("leaked", "how many of them are proven leaks"),
            plain("self_held", "how many only hold themselves, but live code can reach them"),
            plain("unexplained", "how many are lost, but perhaps held by C code"),
            plain("retained", "bytes that the clones keep alive, with the islands that the leaked ones are on"),
        ),
        _closures,
    ),
    View(
        "handles",
        "every file handle that is open",
        (
            *addresses("address", "addr", "the IO"),
            number("ifileno", "the file number for input"),
            number("ofileno", "the file number for output"),
            text("name", "the glob that it is the handle of: `*main::STDIN`"),
            text("state", "`leaked`, `self-held`, `lost`, or NULL for one that a root reaches"),
        ),
        _handles,
    ),
    View(
        "classes",
        "every class that has objects",
        (
            text("class", "its name"),
            plain("objects", "how many objects"),
            plain("size", "their bytes"),
            plain("retained", "bytes that each alone keeps alive, summed up; of nested ones the outer one counts"),
            plain("svs", "how many SVs that are"),
        ),
        _classes,
    ),
    View(
        "strings",
        "every scalar that has a string",
        (
            *addresses("address", "addr", "the scalar"),
            text("text", "the string, as far as it is in the dump", empty_is_null=False),
            plain("bytes", "how long it was in the process"),
            plain("dumped", "how many bytes of it are in the dump"),
            plain("utf8", "whether it is characters; else each byte is one"),
        ),
        _strings,
    ),
)
"""In the order of the help."""
