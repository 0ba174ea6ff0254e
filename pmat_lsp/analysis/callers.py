"""The calls that were running when the dump was written, the innermost first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from pmat_lsp.analysis.show import pad_slots, targets_of_ops
from pmat_lsp.analysis.tables import Column, Tree, TreeRow, Unit, Value
from pmat_lsp.format.kinds import ContextKind, Kind, RefKind
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described
from pmat_lsp.heap.pads import pads_of
from pmat_lsp.heap.privacy import hidden_value
from pmat_lsp.heap.symbols import symbol_names
from pmat_lsp.heap.valued import described_with_value, string_text
from pmat_lsp.heap.values import elements, scalar_value

SUB, TRY, EVAL, ARGUMENT, LEXICAL, PAD = "sub", "try", "eval", "argument", "lexical", "pad"
"""What a row of the tree is about: its first column. Below PAD are those of `show.pad_slots`."""
_CALLS = {ContextKind.SUB: SUB, ContextKind.TRY: TRY, ContextKind.EVAL: EVAL}
_WANTED = {1: "void", 2: "scalar", 3: "array"}
_COLUMNS = (
    Column("about", Unit.TEXT),
    Column("name", Unit.TEXT),
    Column("is", Unit.TEXT),
    Column("sv", Unit.SV),
    Column("wants", Unit.TEXT),
    Column("file", Unit.TEXT),
    Column("line", Unit.COUNT),
)
_NOWHERE = (None, None, None)
_OfOps = Callable[[int], Mapping[int, str]]


def callers_tree(heap: Heap, pads: bool = False) -> Tree:
    """Each running call, with its arguments below it, and the object that it is a method of or its whole pad.

    Of a call: the sub and its name, or the text of an eval; what the caller wants; the file as recorded and the 1-based
    line of the caller. Below it `$_[0]` and so on, as they are now, not as they were passed.

    Args:
        heap: of the dump.
        pads: tell every slot of the pad of each sub, not only `$self`.
    """
    table = heap.contexts
    columns = (table.kind, table.gimme, table.file, table.line, table.code, table.arguments, table.old_depth)
    # A later dumper may have further kinds of contexts.
    known = np.isin(table.kind, list(_CALLS))
    calls = [_Call(*row) for row in zip(*(column[known].tolist() for column in columns), strict=True)]
    # A sub has a pad for each depth of its recursion, so what is known of it is looked up once.
    pads_of_code = cache(partial(pads_of, heap))
    of_ops = cache(partial(targets_of_ops, heap)) if pads else None
    rows: list[TreeRow] = []
    for call, depth in zip(calls, _depths(calls), strict=True):
        at_depths = pads_of_code(call.code) if call.kind == ContextKind.SUB and call.code >= 0 else []
        rows += _rows(heap, call, at_depths[depth] if depth < len(at_depths) else -1, of_ops)
    return Tree("Running calls", _COLUMNS, tuple(rows))


class _Call(NamedTuple):
    """A row of the contexts."""

    kind: int
    gimme: int
    file: int
    line: int
    code: int
    arguments: int
    old_depth: int


def _depths(calls: Sequence[_Call]) -> list[int]:
    """How many calls of its sub are outside each call."""
    running: Counter[int] = Counter()
    depths = []
    for call in reversed(calls):
        depths.append(call.old_depth if call.old_depth >= 0 else running[call.code])
        running[call.code] += call.kind == ContextKind.SUB
    return depths[::-1]


def _rows(heap: Heap, call: _Call, pad: int, of_ops: _OfOps | None) -> Iterator[TreeRow]:
    about = _CALLS[ContextKind(call.kind)]
    name = is_ = None
    if call.code >= 0:
        # The text of an eval is cut as a value is; a sub has its name, `__ANON__` too.
        name = next(iter(symbol_names(heap, call.code)), None) if about == SUB else _text(heap, call.code)
        is_ = described(heap, call.code)
    address = heap.address_of(call.code) if call.code >= 0 else None
    place = _WANTED.get(call.gimme), heap.string(call.file) or None, call.line
    yield TreeRow(0, (about, name, is_, address, *place), 0)
    if about != SUB or call.code < 0:
        return
    if (arguments := _arguments(heap, call, pad)) >= 0:
        for index, sv in enumerate(elements(heap, arguments)):
            yield _row(heap, ARGUMENT, f"$_[{index}]", sv)
    if pad >= 0:
        yield from _slots(heap, pad, call.code, of_ops(call.code)) if of_ops else _self(heap, pad, call.code)


def _arguments(heap: Heap, call: _Call, pad: int) -> int:
    """The `@_` of a call, -1 without one: that in its pad, else the one that the call itself names."""
    rows = heap.out_rows(pad) if pad >= 0 else ()
    found = next((int(heap.out_target[row]) for row in rows if heap.out_kind[row] == RefKind.PAD_ARGS), call.arguments)
    return found if found >= 0 and heap.kind[found] == Kind.ARRAY else -1


def _slots(heap: Heap, pad: int, code: int, of_ops: Mapping[int, str]) -> Iterator[TreeRow]:
    yield TreeRow(1, (PAD, None, described(heap, pad), heap.address_of(pad), *_NOWHERE), 0)
    for about, name, text, address in pad_slots(heap, pad, code, of_ops):
        yield TreeRow(2, (about, name, text, address, *_NOWHERE), 0)


def _self(heap: Heap, pad: int, code: int) -> Iterator[TreeRow]:
    for row in heap.out_rows(pad):
        is_lexical = heap.out_kind[row] == RefKind.PAD_LEXICAL
        if is_lexical and heap.padname(code, int(heap.out_detail[row])) == "$self":
            yield _row(heap, LEXICAL, "$self", int(heap.out_target[row]))


def _row(heap: Heap, about: str, name: str, sv: int) -> TreeRow:
    values: tuple[Value, ...] = (described_with_value(heap, sv), heap.address_of(sv)) if sv >= 0 else ("NULL", None)
    return TreeRow(1, (about, name, *values, *_NOWHERE), 0)


def _text(heap: Heap, sv: int) -> str | None:
    try:
        value = scalar_value(heap, sv)
        return hidden_value(heap, sv, value) or string_text(value)
    except ValueError:
        # What a damaged dump names as the text of an eval need not be a scalar.
        return None
