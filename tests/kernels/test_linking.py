"""Rows are found and put in order as slow and simple programs do it."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmat_lsp.heap import references
from pmat_lsp.heap.references import AddressMap, to_csr
from pmat_lsp.kernels import linking
from tests.dumps import ROOT

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


@given(st.sets(addresses), st.lists(addresses))
def test_an_address_is_found_where_it_is_and_nowhere_else(
    kernel: ModuleType, there: set[int], others: list[int]
) -> None:
    ordered = sorted(there)
    wanted = [*ordered, *others, *(address ^ 1 for address in ordered), 0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(references, "linking", kernel)
        found = AddressMap(np.array(ordered, np.uint64), np.zeros(3, np.uint64)).ids(np.array(wanted, np.uint64))
    assert found.tolist() == [ordered.index(address) if address in there else -1 for address in wanted]


def test_immortals_have_the_ids_behind_the_last_sv() -> None:
    ids = AddressMap(np.array([16, 40], np.uint64), np.array([8, 24, 0], np.uint64))
    assert ids.ids(np.array([40, 24, 8, 0, 9], np.uint64)).tolist() == [1, 3, 2, -1, -1]


@given(
    st.sets(st.integers(1, 40)),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 45), st.integers(0, 255), st.integers(-1, 2**40))),
    st.lists(st.integers(-1, 9), min_size=4, max_size=4),
)
def test_references_are_those_of_used_records_to_addresses_that_are_there(
    kernel: ModuleType, there: set[int], given: list[tuple[int, int, int, int]], ids_of_rows: list[int]
) -> None:
    ordered, immortals = sorted(there), [42, 0, 44]
    ids = {address: number for number, address in enumerate([*ordered, *immortals]) if address}
    rows, addresses, kinds, details = (list(column) for column in zip(*given, strict=True)) if given else ([],) * 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(references, "linking", kernel)
        found = AddressMap(np.array(ordered, np.uint64), np.array(immortals, np.uint64)).references(
            np.array(addresses, np.uint64),
            np.array(ids_of_rows, np.int32),
            np.array(rows, np.int32),
            np.array(kinds, np.uint8),
            np.array(details, np.int64),
        )
    columns = (found.source.tolist(), found.target.tolist(), found.kind.tolist(), found.detail.tolist())
    assert list(zip(*columns, strict=True)) == [
        (ids_of_rows[row], ids[address], kind, detail)
        for row, address, kind, detail in given
        if ids_of_rows[row] >= 0 and address in ids
    ]


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
