"""Equal strings are found as a dictionary finds them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.kernels import interning
from tests.kernels.test_compiled import plain

KERNELS = (interning, plain("interning"))
strings = st.lists(st.one_of(st.sampled_from([b"", b"$self", b"$weak", b"$self\0"]), st.binary(max_size=12)))


@given(strings, st.integers(0, 2**64 - 1))
def test_the_first_equal_string_is_that_of_a_dictionary(texts: list[bytes], seed: int) -> None:
    data = b"".join(texts) or b"."
    end = np.cumsum([len(text) for text in texts], dtype=np.int64) if texts else np.zeros(0, np.int64)
    start = end - np.array([len(text) for text in texts], np.int64)
    known: dict[bytes, int] = {}
    wanted = [known.setdefault(text, at) for at, text in enumerate(texts)]
    for kernel in KERNELS:
        first = np.empty(len(texts), np.int32)
        table = np.full(1 << (2 * len(texts)).bit_length(), -1, np.int32)
        kernel.first_equal(data, start, end, seed, table, first)
        assert first.tolist() == wanted


def test_strings_that_share_a_slot_are_told_apart() -> None:
    texts = [bytes([number]) for number in range(200)]
    end = np.arange(1, 201, dtype=np.int64)
    for kernel in KERNELS:
        first = np.empty(200, np.int32)
        kernel.first_equal(b"".join(texts), end - 1, end, 7, np.full(256, -1, np.int32), first)
        assert first.tolist() == list(range(200))
