"""Stands in for the module `cython` where Cython is not installed: types are objects, decorators do nothing."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

compiled = False


class _Type:
    """A C type, or a modifier of one: subscripting gives itself."""

    def __getitem__(self, _item: object) -> _Type:
        return self


void = uchar = uint = int = longlong = ulonglong = Py_ssize_t = bint = const = _Type()


def _unchanged(function: _F) -> _F:
    return function


cfunc = inline = _unchanged


class _NoGil:
    """As cython.nogil: a decorator, and a block around what needs no interpreter."""

    def __call__(self, function: _F) -> _F:
        return function

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, *_error: object) -> None:
        """End it."""


nogil = _NoGil()


def cast(_type: object, value: Any) -> Any:
    """As cython.cast: an int in place of a numpy scalar, which would overflow."""
    return builtins.int(value)


def declare(_type: object, value: Any) -> Any:
    """As cython.declare: the value."""
    return value


def boundscheck(_on: bool) -> Callable[[_F], _F]:
    """As cython.boundscheck."""
    return _unchanged


wraparound = cdivision = boundscheck


def exceptval(*_values: object, **_options: object) -> Callable[[_F], _F]:
    """As cython.exceptval."""
    return _unchanged
