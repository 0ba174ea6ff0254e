"""The views of a heap that SQL can name. docs/query.md describes them to people, from what is said here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pmat_lsp.analysis.alike import alike
from pmat_lsp.analysis.closures import clones_at, code_sites, retained_by
from pmat_lsp.analysis.handles import handles_table
from pmat_lsp.analysis.instances import class_table
from pmat_lsp.analysis.leaks import captures_of
from pmat_lsp.analysis.tables import Table, Value
from pmat_lsp.format.kinds import STASH_KINDS, CodeFlag, Kind, RefKind, ScalarFlag, Strength, kind_name
from pmat_lsp.heap.bodies import text_starts
from pmat_lsp.heap.describe import code_name
from pmat_lsp.heap.gather import Gatherer
from pmat_lsp.heap.model import Heap, Shown
from pmat_lsp.heap.naming import field_name, root_names
from pmat_lsp.heap.neighbours import STRENGTHS
from pmat_lsp.heap.pads import padname_ids
from pmat_lsp.heap.pieces import different_strings, pieces
from pmat_lsp.heap.privacy import held_as_secrets, hidden_value, shown_key
from pmat_lsp.heap.progress import Progress, watched
from pmat_lsp.heap.symbols import SLOTS, glob_name
from pmat_lsp.heap.values import ScalarValue
from pmat_lsp.query.view import (
    Rows,
    Texts,
    View,
    addresses,
    at_once,
    class_name,
    looked_up,
    no_texts,
    number,
    plain,
    text,
    texts,
)
from pmat_lsp.render.escape import portable
from pmat_lsp.session import Dump

if TYPE_CHECKING:
    from pmat_lsp.analysis.retained import Retained

Ids = npt.NDArray[np.integer[Any]]
_OFTEN_LOOKED = 256
"""After so many that take longer."""
_IS_NUMBERED = np.zeros(256, np.bool_)
"""bool[256], by RefKind: the references whose detail is an index or a depth."""
_IS_NUMBERED[
    [
        RefKind.ELEMENT,
        RefKind.FIELD,
        RefKind.PAD_LEXICAL,
        RefKind.PAD_TEMPORARY,
        RefKind.PADNAMES_ELEMENT,
        RefKind.CODE_PAD,
        RefKind.PADLIST_PAD,
        RefKind.SAVED_ELEMENT,
    ]
] = True


def _svs(dump: Dump, progress: Progress) -> Rows:
    heap, n = dump.heap, dump.heap.n
    return Rows(
        n,
        {
            "addr": lambda: heap.address[:n],
            "kind": lambda: looked_up(heap.kind[:n], kind_name),
            "class": lambda: _classes_of(heap),
            "name": lambda: _names(heap, progress),
            "root": lambda: _roots(heap),
            "file": lambda: _files(heap),
            "line": lambda: _lines(heap),
            "refcount": lambda: heap.refcount[:n],
            "length": lambda: heap.length[:n],
            "size": lambda: heap.size[:n],
            "retained": lambda: dump.retained(progress).bytes[:n],
            "retained_svs": lambda: dump.retained(progress).svs[:n],
            "dominator_addr": lambda: _dominators(heap, dump.retained(progress)),
            "lost": lambda: dump.ownership.lost,
            "unexplained": lambda: dump.ownership.unexplained,
            "self_held": lambda: dump.ownership.self_held,
            "proven": lambda: dump.ownership.proven,
        },
    )


def _classes_of(heap: Heap) -> Texts:
    classes, objects = no_texts(heap.n), heap.objects
    classes[objects] = looked_up(heap.blessed[objects], lambda stash: class_name(heap, stash))
    return classes


def _roots(heap: Heap) -> Texts:
    roots = no_texts(heap.n + 3)
    for sv, name in root_names(heap).items():
        roots[sv] = portable(name)
    return roots[: heap.n]


def _files(heap: Heap) -> Texts:
    files = no_texts(heap.n)
    for table in (heap.codes, heap.globs):
        files[table.sv] = looked_up(table.file, heap.string)
    return files


def _lines(heap: Heap) -> npt.NDArray[np.int64]:
    lines = np.full(heap.n, -1, np.int64)
    for table in (heap.codes, heap.globs):
        lines[table.sv] = np.where(table.line > 0, table.line, -1)
    return lines


def _dominators(heap: Heap, sizes: Retained) -> npt.NDArray[np.uint64]:
    """uint64[n]: the address of the dominator of each SV; 0 for the super-root, which has none."""
    dominator = sizes.idom[: heap.n]
    below = np.flatnonzero(dominator < heap.n)
    addresses = np.zeros(heap.n, np.uint64)
    addresses[below] = heap.address[dominator[below]]
    return addresses


def _names(heap: Heap, progress: Progress) -> Texts:
    """object[n]: `Net::Conn` for a package, `*main::STDIN` for a glob, `@Net::Conn::pool` for what one has; else ""."""
    progress("names", 0, 1)
    globs, codes, names = heap.globs.sv, heap.codes, no_texts(heap.n + 3)
    of_glob = no_texts(heap.n + 3)
    of_glob[globs] = texts(glob_name(heap, glob) for glob in globs.tolist())
    is_glob = np.zeros(heap.n + 3, np.bool_)
    is_glob[globs] = True
    for sigil, slot in SLOTS.items():
        # From the last one to the first, which stays.
        rows = np.flatnonzero(heap.out_kind == slot)[::-1]
        rows = rows[is_glob[heap.out_source[rows]]]
        names[heap.out_target[rows]] = sigil + of_glob[heap.out_source[rows]]
    # What code_name looks at; the clones of a closure have it in common.
    first, which = alike(codes.name, codes.stash, codes.glob)
    own = texts(code_name(heap, code) for code in codes.sv[first].tolist())[which]
    named = own != ""
    names[codes.sv[named]] = "&" + own[named]
    names[globs] = "*" + of_glob[globs]
    names[heap.stashes.sv] = texts(heap.stash_name(stash) for stash in heap.stashes.sv.tolist())
    return names[: heap.n]


def _refs(dump: Dump, progress: Progress) -> Rows:
    heap = dump.heap
    return Rows(
        len(heap.out_target),
        {
            "source_addr": lambda: heap.address[heap.out_source],
            "target_addr": lambda: heap.address[heap.out_target],
            "kind": lambda: looked_up(heap.out_kind, lambda kind: RefKind(kind).name.lower()),
            "strength": lambda: looked_up(heap.out_strength, _strength),
            "counted": lambda: (heap.out_strength & Strength.COUNTED) != 0,
            "name": lambda: _reference_names(heap, progress),
            "index": lambda: _indices(heap),
        },
    )


def _strength(bits: int) -> str:
    return next((one.name or "" for one in STRENGTHS if bits & one), STRENGTHS[-1].name or "").lower()


def _indices(heap: Heap) -> npt.NDArray[np.int64]:
    """int64: of each reference the index or depth, -1 for those without one."""
    rows, indices = np.flatnonzero(_IS_NUMBERED[heap.out_kind]), np.full(len(heap.out_kind), -1, np.int64)
    indices[rows] = heap.out_detail[rows]
    return indices


def _reference_names(heap: Heap, progress: Progress) -> Texts:
    """object: the keys of values, the names of lexicals and fields, "" for other references."""
    progress("keys", 0, 1)
    names = no_texts(len(heap.out_kind))
    values = np.flatnonzero(heap.out_kind == RefKind.VALUE)
    keys, which = different_strings(heap, heap.out_detail[values])
    holders = heap.out_source[values]
    # What is shown of a key depends on what kind of hash has it.
    kinds = np.isin(heap.kind[holders], STASH_KINDS) + 2 * (heap.blessed[holders] >= 0)
    first, group = alike(which, kinds)
    pairs = watched(zip(holders[first].tolist(), which[first].tolist(), strict=True), progress, "keys", len(first))
    names[values] = texts(shown_key(heap, holder, keys[key]) for holder, key in pairs)[group]
    lexicals = np.flatnonzero(heap.out_kind == RefKind.PAD_LEXICAL)
    names[lexicals] = looked_up(padname_ids(heap, lexicals), heap.string)
    for row in np.flatnonzero(heap.out_kind == RefKind.FIELD).tolist():
        names[row] = portable(field_name(heap, int(heap.out_source[row]), int(heap.out_detail[row])))
    return names


def _closures(dump: Dump, progress: Progress) -> Rows:
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
    return at_once(
        {
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
    )


def _handles(dump: Dump, progress: Progress) -> Rows:
    progress("handles", 0, 1)
    columns = _columns_of(handles_table(dump.heap, dump.ownership))
    return at_once(
        {
            "addr": np.array(columns["sv"], np.uint64),
            "ifileno": _numbers(columns["ifileno"]),
            "ofileno": _numbers(columns["ofileno"]),
            "name": _texts_in(columns["glob"]),
            "state": _texts_in(columns["state"]),
        }
    )


def _classes(dump: Dump, progress: Progress) -> Rows:
    heap = dump.heap
    columns = _columns_of(class_table(heap, dump.retained(progress), heap.n))
    measures = {name: np.array(columns[name], np.uint64) for name in ("objects", "size", "retained", "svs")}
    return at_once({"class": _texts_in(columns["class"]), **measures})


def _strings(dump: Dump, progress: Progress) -> Rows:
    heap, n = dump.heap, dump.heap.n
    scalars = np.flatnonzero((heap.kind[:n] == Kind.SCALAR) & ((heap.flags[:n] & ScalarFlag.PV) != 0))
    svs = scalars[heap.length[scalars] >= 0]
    return Rows(
        len(svs),
        {
            "addr": lambda: heap.address[svs],
            "text": lambda: _texts_of(heap, svs, progress),
            "bytes": lambda: _lengths(heap, svs, progress),
            "dumped": lambda: heap.length[svs],
            "utf8": lambda: (heap.flags[svs] & ScalarFlag.UTF8) != 0,
        },
    )


def _texts_of(heap: Heap, svs: Ids, progress: Progress) -> Texts:
    """object: the strings of SCALARs, as far as they are in the dump, or what stands for them."""
    held = held_as_secrets(heap) if heap.shown is Shown.NO_SECRETS else np.zeros(heap.n + 3, np.bool_)
    shown, utf8, lengths = no_texts(len(svs)), (heap.flags[svs] & ScalarFlag.UTF8) != 0, _lengths(heap, svs, progress)
    start = text_starts(heap, svs)
    end = start + heap.length[svs]
    done = 0
    for rows, first, piece in pieces(heap, start, end):
        progress("strings", done, len(svs))
        done += len(rows)
        columns = (svs[rows], start[rows] - first, end[rows] - first, utf8[rows], lengths[rows])
        values = (
            (sv, ScalarValue(None, None, piece[begin:stop], length, is_utf8))
            for sv, begin, stop, is_utf8, length in zip(*(column.tolist() for column in columns), strict=True)
        )
        shown[rows] = texts(hidden_value(heap, sv, value, held) or value.text for sv, value in values)
    return shown


def _lengths(heap: Heap, svs: Ids, progress: Progress) -> npt.NDArray[np.uint64]:
    """uint64: how long the strings of SCALARs were in the process."""
    layout, lengths = heap.layout, np.zeros(len(svs), np.uint64)
    # A record ends in the whole length of the string, pointers, the length of the part in the dump, and this part.
    pointers = int(layout.type_sizes[Kind.SCALAR, 1]) * layout.ptr_size
    start = text_starts(heap, svs) - 2 * layout.uint_size - pointers
    for rows, first, piece in pieces(heap, start, start + layout.uint_size):
        progress("lengths", 0, 1)
        lengths[rows] = Gatherer(piece, layout).uints(start[rows] - first)
    return lengths


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
            plain("refcount", "its count of references", np.uint32),
            number("length", "elements, entries or fields; of a scalar the bytes of its string in the dump"),
            plain("size", "bytes, without anything that it refers to", np.uint64),
            plain("retained", "bytes that it alone keeps alive, itself included", np.uint64),
            plain("retained_svs", "how many SVs that are", np.int32),
            *addresses("dominator", "dominator_addr", "the SV that would free it; NULL where no single one would"),
            plain("lost", "whether no root reaches it", np.bool_),
            plain(
                "unexplained", "lost, but something that the dump does not show, such as C code, may hold it", np.bool_
            ),
            plain(
                "self_held",
                "lost and held by nothing else, but live code can reach it through a weak reference",
                np.bool_,
            ),
            plain("proven", "lost, and proven to be leaked", np.bool_),
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
            plain("counted", "whether it owns one count of its target: what keeps that alive", np.bool_),
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
            plain("line", "that of the first statement, 1-based", np.int64),
            text("name", "its name; NULL for an anonymous sub"),
            text("captured", "the lexicals that the first clone has captured: `$conns, %args`"),
            plain("clones", "how many clones there are", np.int64),
            plain("leaked", "how many of them are proven leaks", np.int64),
            plain("self_held", "how many only hold themselves, but live code can reach them", np.int64),
            plain("unexplained", "how many are lost, but perhaps held by C code", np.int64),
            plain(
                "retained", "bytes that the clones keep alive, with the islands that the leaked ones are on", np.uint64
            ),
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
            plain("objects", "how many objects", np.uint64),
            plain("size", "their bytes", np.uint64),
            plain(
                "retained",
                "bytes that each alone keeps alive, summed up; of nested ones the outer one counts",
                np.uint64,
            ),
            plain("svs", "how many SVs that are", np.uint64),
        ),
        _classes,
    ),
    View(
        "strings",
        "every scalar that has a string",
        (
            *addresses("address", "addr", "the scalar"),
            text("text", "the string, as far as it is in the dump", empty_is_null=False),
            plain("bytes", "how long it was in the process", np.uint64),
            plain("dumped", "how many bytes of it are in the dump", np.int64),
            plain("utf8", "whether it is characters; else each byte is one", np.bool_),
        ),
        _strings,
    ),
)
"""In the order of the help."""
