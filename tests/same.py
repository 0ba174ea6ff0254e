"""Whether two heaps are the same, column by column."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from pmat_lsp.heap.addresses import Addresses
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.packed import Packed
from pmat_lsp.heap.sparse import Sparse


def assert_same(one: Heap, other: Heap) -> None:
    """Every column, table and small thing is equal."""
    for field in fields(Heap):
        if field.name == "data":
            assert bytes(one.data[:]) == bytes(other.data[:])
        else:
            assert_equal(getattr(one, field.name), getattr(other, field.name), field.name)


def assert_equal(one: object, other: object, name: str) -> None:
    """Arrays by value and type, tables column by column, sequences of strings by their strings."""
    if isinstance(one, Addresses | Packed | Sparse):
        assert len(one) == len(other)  # type: ignore[arg-type]
        assert_equal(one[:], other[:], name)  # type: ignore[index]
    elif isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert (one.dtype, name) == (other.dtype, name)
        assert np.array_equal(one, other), name
    elif name in ("codes", "globs", "ios", "stashes", "padnames", "extensions", "contexts"):
        for field in fields(one):  # type: ignore[arg-type]
            assert_equal(getattr(one, field.name), getattr(other, field.name), f"{name}.{field.name}")
    elif name == "strings":
        assert list(one) == list(other)  # type: ignore[call-overload]
    elif name == "layout":
        assert {k: str(v) for k, v in one.__dict__.items()} == {k: str(v) for k, v in other.__dict__.items()}
    else:
        assert one == other, name
