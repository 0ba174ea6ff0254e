"""The different values of an array, found without numpy's masked arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.heap.distinct import among, counted, distinct, first_of_each, last_of_each, numbered


@given(st.lists(st.integers(-5, 5)), st.sampled_from([np.int8, np.int32, np.int64]))
def test_the_distinct_values_are_those_of_numpy(values: list[int], dtype: type[np.generic]) -> None:
    array = np.array(values, dtype)
    found, expected = distinct(array), np.unique(array)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()


@given(st.lists(st.integers(-5, 5)))
def test_what_is_known_of_the_distinct_values_is_what_numpy_says(values: list[int]) -> None:
    array = np.array(values, np.int32)
    different, first, which, counts = np.unique(array, return_index=True, return_inverse=True, return_counts=True)
    last = [len(values) - 1 - values[::-1].index(value) for value in different.tolist()]
    for function, expected in ((first_of_each, first), (numbered, which), (counted, counts), (last_of_each, last)):
        found, more = function(array)
        assert found.tolist() == different.tolist()
        assert list(more) == list(expected)


@given(st.lists(st.integers(-5, 5)), st.lists(st.integers(-5, 5)))
def test_what_is_among_others_is_what_numpy_says(values: list[int], others: list[int]) -> None:
    one, other = np.array(values, np.int32), np.array(others, np.int32)
    assert among(one, other).tolist() == np.isin(one, other).tolist()


@pytest.mark.parametrize("length", [0, 1, 3])
def test_the_values_given_stay_as_they_were(length: int) -> None:
    array = np.zeros(length, np.int32)
    array.flags.writeable = False
    assert distinct(array).tolist() == [0] * bool(array.size)
