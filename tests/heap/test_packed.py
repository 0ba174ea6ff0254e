"""A packed column gives what the plain one gives, however it is indexed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.heap.index import PACKINGS, IndexWriter
from pmat_lsp.heap.packed import Packed
from pmat_lsp.heap.sparse import Sparse

NUMBERS = st.one_of(st.integers(-1, 300), st.sampled_from([2**16 - 2, 2**16 - 1, 2**32 - 1, 2**32, 2**63 - 1]))


def packed(name: str, plain: npt.NDArray[Any], dump_size: int) -> Packed[Any]:
    """A column as the index writes it, in two pieces."""
    file = io.BytesIO()
    writer = IndexWriter(file, dump_size).packed(name, len(plain))
    # What is in memory only cannot be mapped.
    narrow = writer._narrow
    writer._narrow.mapped = lambda: np.frombuffer(  # type: ignore[method-assign]
        file.getvalue(), narrow._dtype, len(plain), narrow._offset
    )
    writer.append(plain[: len(plain) // 2])
    writer.append(plain[len(plain) // 2 :])
    return writer.finish()


@pytest.mark.parametrize("dump_size", [1000, 1 << 33], ids=["small dump", "dump above 4 GiB"])
@pytest.mark.parametrize("name", sorted(PACKINGS))
@given(numbers=st.lists(NUMBERS, min_size=1), data=st.data())
def test_indexing_gives_what_a_plain_column_gives(
    name: str, dump_size: int, numbers: list[int], data: st.DataObject
) -> None:
    wide = PACKINGS[name].wide
    plain = np.array([number & int(np.iinfo(wide).max) if number >= 0 else number for number in numbers]).astype(wide)
    column = packed(name, plain, dump_size)
    assert len(column) == len(plain)
    rows = np.array(data.draw(st.lists(st.integers(-len(plain), len(plain) - 1))), np.intp)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(plain), max_size=len(plain))))
    part = data.draw(st.slices(len(plain)))
    for index in (slice(None), part, rows, mask):
        assert column[index].dtype == wide
        assert column[index].tolist() == plain[index].tolist()
    for row in range(-len(plain), len(plain)):
        assert (column[row], column[row].dtype) == (plain[row], wide)


@given(
    there=st.dictionaries(st.integers(0, 39), st.integers(0, 10**6)),
    rows=st.lists(st.integers(-40, 39), max_size=60),
    part=st.slices(40),
)
def test_a_sparse_column_gives_what_a_plain_column_gives(there: dict[int, int], rows: list[int], part: slice) -> None:
    plain = np.full(40, -1, np.int32)
    plain[list(there)] = list(there.values())
    row = np.array(sorted(there), np.int32)
    column = Sparse(row, plain[row], 40)
    assert len(column) == 40
    mask = plain % 2 == 0
    for index in (slice(None), part, np.array(rows, np.intp), np.array(rows[:2], np.intp), mask):
        assert column[index].dtype == np.int32
        assert column[index].tolist() == plain[index].tolist()
    assert [column[one] for one in range(-40, 40)] == [int(plain[one]) for one in range(-40, 40)]
