"""The different values of an array, found without numpy's masked arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.heap.distinct import distinct


@given(st.lists(st.integers(-5, 5)), st.sampled_from([np.int8, np.int32, np.int64]))
def test_the_distinct_values_are_those_of_numpy(values: list[int], dtype: type[np.generic]) -> None:
    array = np.array(values, dtype)
    found, expected = distinct(array), np.unique(array)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("length", [0, 1, 3])
def test_the_values_given_stay_as_they_were(length: int) -> None:
    array = np.zeros(length, np.int32)
    array.flags.writeable = False
    assert distinct(array).tolist() == [0] * bool(array.size)
