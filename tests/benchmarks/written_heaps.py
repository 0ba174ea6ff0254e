"""Heaps of odd shapes that no perl writes: many records that are not SVs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.dump_writer import DumpWriter

ONLY_SV = 0x1000
"""The address of their one SV."""


def _writer() -> DumpWriter:
    writer = DumpWriter(6)
    writer.root("defstash", ONLY_SV)
    writer.scalar(ONLY_SV, pv="x")
    return writer


def structs_without_names(count: int) -> bytes:
    """A dump that describes many kinds of C structures, none of which has a name or is used."""
    writer = _writer()
    for number in range(count):
        writer.meta_struct(number, None, [])
    return writer.to_bytes()


def contexts(count: int) -> bytes:
    """A dump of a program that is in many contexts."""
    writer = _writer()
    for _ in range(count):
        writer.context_try(file=None, line=0)
    return writer.to_bytes()


WRITTEN: Mapping[str, Callable[[int], bytes]] = {"structs": structs_without_names, "contexts": contexts}
"""By name of the heap: the dump of a size."""
