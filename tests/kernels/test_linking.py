"""Rows are found and put in order as slow and simple programs do it."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.heap import addresses as heap_addresses
from pmat_lsp.heap import references
from pmat_lsp.heap.addresses import Addresses
from pmat_lsp.heap.references import to_csr
from pmat_lsp.kernels import linking
from tests.dumps import ROOT

NONE = np.zeros(0, np.uint64)
addresses = st.one_of(
    st.integers(1, 200),
    st.integers(2**46, 2**46 + 5000),
    st.integers(2**64 - 300, 2**64 - 1),
    st.integers(0, 2**64 - 1),
)


def plain() -> ModuleType:
    """The kernel as Python, whatever is installed."""
    spec = importlib.util.spec_from_file_location("plain_linking", ROOT / "pmat_lsp" / "kernels" / "linking.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["installed", "plain"], scope="module")
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    return linking if request.param == "installed" else plain()


def addresses_of(there: set[int], alignment: int, immortals: list[int]) -> Addresses:
    """As the survey makes them, with the words in no order and a word split in two."""
    words: list[tuple[int, int]] = []
    for address in sorted(there, key=lambda address: (address >> 3) ^ 5):
        words.append((address >> (alignment + 6), 1 << ((address >> alignment) & 63)))
    key, bits = (np.array(column, np.uint64) for column in zip(*words, strict=True)) if words else (NONE, NONE)
    return Addresses.of_words(key, bits, alignment, np.array(immortals, np.uint64))


@given(st.sets(addresses), st.lists(addresses), st.sampled_from([0, 2, 3]))
def test_an_address_is_found_where_it_is_and_nowhere_else(
    kernel: ModuleType, there: set[int], others: list[int], alignment: int
) -> None:
    there = {address >> alignment << alignment for address in there}
    ordered = sorted(there)
    wanted = [*ordered, *others, *(address ^ 1 for address in ordered), *(address ^ 8 for address in ordered), 0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heap_addresses, "linking", kernel)
        found = addresses_of(there, alignment, [0, 0, 0])
        ids = found.ids(np.array(wanted, np.uint64)).tolist()
        assert [int(address) for address in found[: len(ordered)]] == ordered
        back = np.array([sv for sv in ids if sv >= 0][::-1], np.int64)
        assert found[back].tolist() == [ordered[sv] for sv in back]
    assert ids == [ordered.index(address) if address in there else -1 for address in wanted]


def test_immortals_have_the_ids_behind_the_last_sv() -> None:
    there = addresses_of({16, 40}, 3, [8, 24, 0])
    assert there.ids(np.array([40, 24, 8, 0, 9], np.uint64)).tolist() == [1, 3, 2, -1, -1]
    assert there[:].tolist() == [16, 40, 8, 24, 0]
    assert (int(there[3]), int(there[-1]), there[np.array([True, False, False, True, False])].tolist()) == (
        24,
        0,
        [16, 24],
    )
    with pytest.raises(IndexError):
        there[5]


@given(
    st.sets(st.integers(1, 40)),
    st.lists(st.lists(st.tuples(st.integers(0, 45), st.integers(0, 255), st.integers(-1, 2**40)), max_size=4)),
)
def test_references_are_those_to_addresses_that_are_there(
    kernel: ModuleType, there: set[int], given: list[list[tuple[int, int, int]]]
) -> None:
    ordered, immortals = sorted(there), [42, 0, 44]
    ids = {address: number for number, address in enumerate([*ordered, *immortals]) if address}
    rows = [row for of_one in given for row in of_one]
    columns = list(zip(*rows, strict=True)) if rows else ((), (), ())
    address, kind = np.array(columns[0], np.uint64), np.array(columns[1], np.uint8)
    strength, detail = kind ^ 7, np.array(columns[2], np.int64)
    end = np.cumsum([len(of_one) for of_one in given]).astype(np.int32)
    target = np.empty(len(rows), np.int32)
    left = kernel.resolve(*addresses_of(there, 0, immortals).places, end, address, target, kind, strength, detail)
    kept = [[(ids[to], kind, kind ^ 7, detail) for to, kind, detail in of_one if to in ids] for of_one in given]
    found = zip(*(column[:left].tolist() for column in (target, kind, strength, detail)), strict=True)
    assert list(found) == [row for of_one in kept for row in of_one]
    assert end.tolist() == np.cumsum([len(of_one) for of_one in kept]).astype(int).tolist()


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1)))))
def test_rows_are_in_the_order_of_their_keys_and_among_equals_in_their_own(
    kernel: ModuleType, graph: tuple[int, list[int]]
) -> None:
    nodes, keys = graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(references, "linking", kernel)
        start, order = to_csr(np.array(keys, np.int32), nodes)
    assert order.tolist() == sorted(range(len(keys)), key=keys.__getitem__)
    assert start.tolist() == [sum(key < node for key in keys) for node in range(nodes + 1)]
