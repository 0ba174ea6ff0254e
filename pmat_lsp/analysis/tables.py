"""Answers that are tables and trees: plain values with units, no formatted text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

Value: TypeAlias = int | str | None
"""None where there is nothing to say."""


class Unit(Enum):
    """What the values of a column are."""

    BYTES = "bytes"
    COUNT = "count"
    SV = "sv"
    """The address of an SV: a table tells the same when its heap is gone, or beside another one."""
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table or tree."""

    name: str
    """A heading, and a stable key in JSON: `class`, `retained`."""
    unit: Unit


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in the order in which they matter."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    """Of each row a value for each column."""
    more: int = 0
    """Rows that were left out behind the last one."""


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A node of a tree."""

    depth: int
    """0 for the root."""
    values: tuple[Value, ...]
    more: int
    """Children that were left out: behind those shown, or all of them at the greatest depth."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree as rows: each node is followed by its children, each of them by its own."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[TreeRow, ...]


Answer: TypeAlias = Table | Tree
