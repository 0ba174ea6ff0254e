"""docs/query.md describes every view and column, and its queries are answered."""

from __future__ import annotations

import re
from pathlib import Path

from pmat_lsp.heap.progress import no_progress
from pmat_lsp.query.database import query_table
from pmat_lsp.query.views import VIEWS
from pmat_lsp.session import Dump, Settings
from tests.dumps import ROOT, heap_of

PAGE = (ROOT / "docs" / "query.md").read_text(encoding="utf-8")


def test_every_view_and_every_column_is_described_as_the_program_has_it() -> None:
    sections = re.split(r"^## (\w+)\n", PAGE, flags=re.MULTILINE)[1:]
    assert sections[::2] == [view.name for view in VIEWS]
    for view, section in zip(VIEWS, sections[1::2], strict=True):
        assert section.strip().casefold().startswith(f"{view.meaning}.".casefold())
        told = re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.MULTILINE)
        assert told == [(column.name, column.meaning) for column in view.columns]


def test_the_queries_of_the_page_are_answered(demo_dump: Path) -> None:
    dump = Dump(heap_of(demo_dump), Settings())
    (block,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    queries = [query for query in re.split(r";\n", block) if query.strip()]
    assert len(queries) == 4
    answers = [query_table(dump, query, None, no_progress) for query in queries]
    # There is no Net::Conn in this dump.
    assert [bool(answer.rows) for answer in answers] == [True, True, False, True]


def test_the_example_is_that_of_the_commands() -> None:
    """tests/test_commands_page.py holds that one."""
    (example,) = re.findall(r"^```console\n.*?^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert example in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
