"""Reads the list of contexts: the calls, `try` and `eval` that were running when the dump was written."""

from __future__ import annotations

from array import array

import numpy as np

from pmat_lsp.format.header import Cursor
from pmat_lsp.format.kinds import ContextKind
from pmat_lsp.heap.addresses import Addresses
from pmat_lsp.heap.model import ContextTable
from pmat_lsp.heap.tables import Interner, decode_path

_LARGEST_LINE = (1 << 63) - 1


class Contexts:
    """The contexts of a dump, in columns; a program that recurses without end has millions of them."""

    def __init__(self) -> None:
        self._kinds = array("B")
        self._gimmes = array("B")
        self._files = array("l")
        self._lines = array("q")
        self._codes = array("Q")
        self._arguments = array("Q")
        self._old_depths = array("q")
        self._numbers: dict[bytes, int] = {}

    def read(self, cursor: Cursor) -> None:
        """Read all of them.

        Raises:
            DumpError: the dump ends in them, or has one of a kind that its header does not describe.
        """
        cursor.section = "list of contexts"
        read = self._read_one if cursor.layout.minor >= 2 else self._read_old
        while kind := cursor.u8():
            read(cursor, kind)

    def table(self, addresses: Addresses, names: Interner) -> ContextTable:
        """The columns; addresses become ids, and files numbers of `names`."""
        numbers = np.array([names.add(decode_path(file)) for file in self._numbers], np.int32)
        return ContextTable(
            kind=np.array(self._kinds, np.uint8),
            gimme=np.array(self._gimmes, np.uint8),
            file=numbers[np.array(self._files, np.int64)],
            line=np.array(self._lines, np.int64),
            code=addresses.ids(np.array(self._codes, np.uint64)),
            arguments=addresses.ids(np.array(self._arguments, np.uint64)),
            old_depth=np.array(self._old_depths, np.int64),
        )

    def _read_one(self, cursor: Cursor, kind: int) -> None:
        layout, sizes = cursor.layout, cursor.layout.context_sizes
        if kind >= len(sizes):
            at = cursor.position - 1
            expected = f"expected 1 to {len(sizes) - 1}"
            raise cursor.error(f"damaged: at byte {at:,} found a context of type {kind}; {expected}", at)
        (common_header, common_pointers, common_strings), (header, pointers, strings) = sizes[0], sizes[kind]
        order = layout.byte_order
        common = cursor.take(common_header + common_pointers * layout.ptr_size)[:common_header]
        has_line = common_header >= 1 + layout.uint_size
        line = int.from_bytes(common[1 : 1 + layout.uint_size], order) if has_line else 0
        file = cursor.string() if common_strings else None
        for _ in range(common_strings - 1):
            cursor.string()
        own = cursor.take(header + pointers * layout.ptr_size)
        for _ in range(strings):
            cursor.string()
        old_depth = int.from_bytes(own[:4], order) if kind == ContextKind.SUB and header >= 4 else -1
        code, arguments = (
            int.from_bytes(own[at : at + layout.ptr_size], order) if at < len(own) else 0
            for at in (header, header + layout.ptr_size)
        )
        self._add(kind, common[0] if common else 0, file, line, code, arguments, old_depth)

    def _read_old(self, cursor: Cursor, kind: int) -> None:
        if kind not in list(ContextKind):
            at = cursor.position - 1
            raise cursor.error(f"damaged: at byte {at:,} found a context of type {kind}; expected 1 to 3", at)
        gimme, file, line = cursor.u8(), cursor.string(), cursor.uint()
        code = cursor.ptr() if kind != ContextKind.TRY else 0
        self._add(kind, gimme, file, line, code, cursor.ptr() if kind == ContextKind.SUB else 0, -1)

    def _add(
        self, kind: int, gimme: int, file: bytes | None, line: int, code: int, arguments: int, old_depth: int
    ) -> None:
        self._kinds.append(kind)
        self._gimmes.append(gimme)
        self._files.append(self._numbers.setdefault(file or b"", len(self._numbers)))
        self._lines.append(min(line, _LARGEST_LINE))
        self._codes.append(code)
        self._arguments.append(arguments if kind == ContextKind.SUB else 0)
        self._old_depths.append(old_depth)
