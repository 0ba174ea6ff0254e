"""Pointers that lead nowhere: an SV has been freed and something still points to where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.format.kinds import RefKind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described, field_name, struct_field_name
from pmat_lsp.heap.privacy import shown_key
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.values import read_string

if TYPE_CHECKING:
    from pmat_lsp.heap.load import Dangling

_COLUMNS = (Column("sv", Unit.SV), Column("is", Unit.TEXT), Column("pointer", Unit.TEXT), Column("address", Unit.SV))
_NAMES = {
    RefKind.REFERENT: "rv",
    RefKind.OUR_STASH: "ourstash",
    RefKind.GLOB_SCALAR: "scalar",
    RefKind.GLOB_ARRAY: "array",
    RefKind.GLOB_HASH: "hash",
    RefKind.GLOB_CODE: "code",
    RefKind.GLOB_EGV: "egv",
    RefKind.GLOB_IO: "io",
    RefKind.GLOB_FORM: "form",
    RefKind.BACKREFS: "backrefs",
    RefKind.CODE_STASH: "stash",
    RefKind.CODE_GLOB: "glob",
    RefKind.CODE_OUTSIDE: "outside",
    RefKind.CODE_PADLIST: "padlist",
    RefKind.CODE_CONSTVAL: "constval",
    RefKind.CODE_PADNAMES: "padnames",
    RefKind.BLESSED: "blessed",
    RefKind.LVALUE_TARGET: "target",
}
"""What Devel::MAT calls them; the others by their own names."""


def dangling_table(heap: Heap, progress: Progress = no_progress) -> Table:
    """Every pointer in an SV's record that leads to no SV of the dump, in the order of the SVs.

    Raises:
        DumpError: the dump has been cut short since it was loaded.
    """
    # Here, since reading dumps takes a while to import, which other questions should not pay.
    from pmat_lsp.heap.load import dangling_pointers

    rows: list[tuple[Value, ...]] = []
    found = dangling_pointers(heap, progress)
    for done, one in enumerate(found):
        if done % 4096 == 0:
            progress("telling", done, len(found))
        rows.append((heap.address_of(one.source), described(heap, one.source), _pointer(heap, one), one.address))
    return Table("Pointers that lead to no SV", _COLUMNS, tuple(rows))


def _pointer(heap: Heap, one: Dangling) -> str:
    if one.kind == RefKind.VALUE:
        return f"value {{{shown_key(heap, one.source, read_string(heap, one.detail))}}}"
    if one.kind == RefKind.ELEMENT:
        return f"elem [{one.detail}]"
    if one.kind == RefKind.CODE_PAD:
        return f"pad [{one.detail}]"
    if one.kind == RefKind.FIELD:
        return f"field {field_name(heap, one.source, one.detail)}"
    if one.kind == RefKind.STRUCT_FIELD:
        return f"field <{struct_field_name(heap, one.source, one.detail)}>"
    return _NAMES.get(one.kind) or one.kind.name.lower().replace("_", " ")
