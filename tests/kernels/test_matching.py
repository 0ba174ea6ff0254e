"""The kernel finds what a dictionary finds."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.kernels import matching as installed
from tests.kernels.test_compiled import plain

numbers = st.sets(st.integers(0, 30) | st.integers(0, (1 << 64) - 1))


@pytest.mark.parametrize("kernel", [installed, plain("matching")], ids=["installed", "plain"])
@given(numbers, numbers)
def test_numbers_are_found_where_they_are(kernel: ModuleType, wanted: set[int], among: set[int]) -> None:
    found = np.full(len(wanted), 77, np.int32)
    kernel.match(np.array(sorted(wanted), np.uint64), np.array(sorted(among), np.uint64), found)
    places = {number: place for place, number in enumerate(sorted(among))}
    assert found.tolist() == [places.get(number, -1) for number in sorted(wanted)]
