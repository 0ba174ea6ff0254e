"""The calls that were running: kinds that there are not, and what a later dumper may add."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmat_lsp.errors import DumpError
from pmat_lsp.heap.load import load
from tests.dump_writer import DumpWriter
from tests.heap.test_every_format import CODE, common_heap


@pytest.mark.parametrize("minor", [0, 6])
def test_a_kind_that_there_is_not_is_refused_where_it_stands(tmp_path: Path, minor: int) -> None:
    path = tmp_path / "unknown.pmat"
    raw = common_heap(minor, {}).to_bytes()
    path.write_bytes(raw[:-1] + b"\x63\0")
    with pytest.raises(DumpError, match=r"a context of type 99; expected 1 to 3") as refused:
        load(path)
    assert refused.value.offset == len(raw) - 1


def test_strings_that_a_later_dumper_adds_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "later.pmat"
    raw = common_heap(6, {}).to_bytes()
    sizes, later = bytes([9, 0, 1, 4, 2, 0]), bytes([9, 0, 2, 4, 2, 1])
    assert raw.count(sizes) == 1
    writer = DumpWriter(6)
    writer.context_sub(CODE, file="lib/A.pm", line=9)
    call, text = bytes(writer._contexts), writer._text("more")
    # Behind the file and behind the pointers of the kind.
    own = 4 + 2 * writer.ptr_size
    call = call[:-own] + text + call[-own:] + text
    heap_section = raw[: raw.index(bytes(common_heap(6, {})._contexts))]
    path.write_bytes(heap_section.replace(sizes, later) + call + call + b"\0")
    contexts = load(path).contexts
    assert contexts.line.tolist() == [9, 9]
    assert contexts.code.tolist() == [load(path).id_at(CODE)] * 2
