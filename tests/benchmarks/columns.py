"""Whether two checkouts read dumps into the same columns, whatever these are stored as.

    PYTHONPATH=BEFORE python tests/benchmarks/columns.py write before.json DUMP…
    PYTHONPATH=AFTER python tests/benchmarks/columns.py write after.json DUMP…
    python tests/benchmarks/columns.py compare before.json after.json

A folder stands for the dumps in it. `columns.py rows DUMP COLUMN` prints a column, a row a line, for `diff` to find the
rows that differ. The file runs by itself, so that it measures a checkout that does not have it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pmat_lsp.errors import PmatError
from pmat_lsp.heap.load import load
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.opening import open_heap

_PACKED = ("address", "kind", "flags", "refcount", "size", "blessed", "offset", "length", "owner")
_REFERENCES = ("start", "target", "kind", "strength", "detail", "source")
_TABLES = ("codes", "globs", "ios", "stashes", "padnames", "extensions", "contexts")
_NAMES = ("name", "file")
"""Columns of tables that have the numbers of strings, which may be numbered in another order."""
_SMALL = ("n", "layout", "struct_types", "roots", "class_fields", "warnings")

Hashes = dict[str, dict[str, str]]
"""By dump: the hash of each column."""


def columns_of(heap: Heap) -> Iterator[tuple[str, Sequence[object]]]:
    """Every column by name, as Python or numpy values of one width; and what is no column, by its repr."""
    for name in (*_PACKED, *(f"out_{one}" for one in _REFERENCES), "in_start", "in_ref", "stack", "mortals"):
        yield name, widened(getattr(heap, name))
    for table in _TABLES:
        for field in fields(getattr(heap, table)):
            column = getattr(getattr(heap, table), field.name)
            if field.name in _NAMES:
                yield f"{table}.{field.name}", [heap.string(int(number)) for number in column[:]]
            else:
                yield f"{table}.{field.name}", widened(column)
    for name in _SMALL:
        yield name, [_plain(getattr(heap, name))]


def widened(column: Any) -> Any:
    """The rows of a column as int64 or uint64."""
    rows = np.asarray(column[:])
    assert rows.dtype.kind in "iu", rows.dtype
    return rows.astype(np.int64 if rows.dtype.kind == "i" else np.uint64)


def _plain(value: Any) -> object:
    """What a value says, in words that do not depend on the order of keys."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return sorted((key, _plain(inner)) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def hashed(rows: Sequence[object]) -> str:
    """A hash of the values of a column. Unsigned and signed columns of the same values have the same one."""
    raw = rows.tobytes() if isinstance(rows, np.ndarray) else repr(rows).encode("utf-8", "surrogatepass")
    return f"{len(rows)}:{hashlib.blake2b(raw, digest_size=12).hexdigest()}"


def hashes(dump: Path, opened: bool) -> dict[str, str]:
    """The hash of each column of a dump; of the message where it cannot be read.

    Args:
        dump: the dump.
        opened: read it by its index, as a command does, not straight into memory.
    """
    try:
        heap = open_heap(dump) if opened else load(dump)
        return {name: hashed(rows) for name, rows in columns_of(heap)}
    except PmatError as error:
        return {"error": hashed([str(error)])}
    except Exception as error:  # A fault of the checkout, which the comparison shall show, not die of.
        return {"error": type(error).__name__}


def dumps_in(paths: Sequence[Path]) -> list[Path]:
    """The dumps among these files and folders."""
    found = [[path] if path.is_file() else sorted(path.rglob("*.pmat*")) for path in paths]
    return [path for some in found for path in some if path.is_file()]


def differences(before: Hashes, after: Hashes) -> list[str]:
    """A line for each dump whose columns differ."""
    lines = [f"{dump}: read on one side only" for dump in sorted(before.keys() ^ after.keys())]
    for dump in sorted(before.keys() & after.keys()):
        names = before[dump].keys() | after[dump].keys()
        if differing := sorted(name for name in names if before[dump].get(name) != after[dump].get(name)):
            lines.append(f"{dump}: {', '.join(differing)}")
    return lines


def main() -> int:
    """Write, compare or print, as the arguments say. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ways = parser.add_subparsers(dest="way", required=True)
    write = ways.add_parser("write", help="write the hashes of the columns of dumps into a file")
    write.add_argument("--opened", action="store_true", help="read by the index, as commands do")
    write.add_argument("file", type=Path)
    write.add_argument("dumps", type=Path, nargs="+", metavar="DUMP")
    compare = ways.add_parser("compare", help="compare two such files; exit status 1 where they differ")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    rows = ways.add_parser("rows", help="print a column of a dump")
    rows.add_argument("--opened", action="store_true", help="read by the index, as commands do")
    rows.add_argument("dump", type=Path)
    rows.add_argument("column")
    arguments = parser.parse_args()
    if arguments.way == "write":
        found = {str(dump.resolve()): hashes(dump, arguments.opened) for dump in dumps_in(arguments.dumps)}
        arguments.file.write_text(json.dumps(found, indent=1), encoding="utf-8")
        print(f"{len(found)} dumps, {sum(map(len, found.values()))} columns, read by {load.__code__.co_filename}")
        return 0
    if arguments.way == "compare":
        before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (arguments.before, arguments.after))
        lines = differences(before, after)
        print("\n".join(lines) if lines else f"the same columns of {len(before)} dumps")
        return int(bool(lines))
    heap = open_heap(arguments.dump) if arguments.opened else load(arguments.dump)
    sys.stdout.writelines(f"{row}\n" for row in dict(columns_of(heap))[arguments.column])
    return 0


if __name__ == "__main__":
    sys.exit(main())
