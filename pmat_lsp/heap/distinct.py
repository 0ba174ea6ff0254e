"""The different values of arrays. numpy's `unique`, and often `isin`, first import masked arrays: that takes 40 ms."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", bound=np.integer[Any])


def distinct(values: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """The different values, in ascending order."""
    ordered = np.sort(values)
    return ordered[_is_first(ordered)]


def first_of_each(values: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], npt.NDArray[np.intp]]:
    """(the different values in ascending order, the index of the first one of each)."""
    order = np.argsort(values, kind="stable")
    first = order[_is_first(values[order])]
    return values[first], first


def counted(values: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], npt.NDArray[np.intp]]:
    """(the different values in ascending order, how often each is there)."""
    ordered = np.sort(values)
    first = np.flatnonzero(_is_first(ordered))
    return ordered[first], np.diff(np.append(first, len(ordered)))


def numbered(values: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], npt.NDArray[np.intp]]:
    """(the different values in ascending order, of each value which of them it is)."""
    order = np.argsort(values, kind="stable")
    first = _is_first(values[order])
    which = np.empty(len(values), np.intp)
    which[order] = np.cumsum(first) - 1
    return values[order[first]], which


def last_of_each(values: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], npt.NDArray[np.intp]]:
    """(the different values in ascending order, the index of the last one of each)."""
    order = np.argsort(values, kind="stable")
    last = np.flatnonzero(_is_first(values[order][::-1])[::-1])
    return values[order[last]], order[last]


def among(values: npt.NDArray[np.integer[Any]], others: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.bool_]:
    """bool: which values are among the others, in any order; of the same type, or the columns are copied."""
    ordered = np.sort(others)
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    at = np.searchsorted(ordered, values)
    at[at == len(ordered)] = 0
    found: npt.NDArray[np.bool_] = ordered[at] == values
    return found


def _is_first(ordered: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """bool: whether each of some sorted values differs from the one before."""
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first
