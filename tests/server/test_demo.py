"""The demo in an editor: the leak is on its line, hovers tell about it, and an edit moves the mark."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types

from tests.server.editor import Editor, demo_workspace, editor, full_capabilities, hover_text

pytestmark = pytest.mark.asyncio(loop_scope="module")
HTTP = "lib/Courier/HTTP.pm"
CONNECTION = "lib/Courier/Connection.pm"
# 0-based lines of the demo's HTTP.pm
GET = 36
GET_CLOSURE = 47
DECLARATION = 69
LEAKED = 78
USE = 81


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    workspace = demo_workspace(tmp_path_factory.mktemp("demo") / "courier")
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        await shown.until(lambda: shown.leak(HTTP) is not None, "no diagnostic")
        yield shown


def _range(line: int, start: int, end: int) -> types.Range:
    return types.Range(types.Position(line, start), types.Position(line, end))


async def test_the_leak_is_on_the_sub_keyword_of_the_closure_that_closes_the_cycle(demo: Editor) -> None:
    leak = demo.leak(HTTP)
    assert leak is not None
    assert leak.range == _range(LEAKED, 21, 24)
    assert demo.workspace.joinpath(HTTP).read_text().splitlines()[LEAKED][21:24] == "sub"
    assert leak.severity == types.DiagnosticSeverity.Warning
    assert (leak.source, leak.code) == ("pmat", "container-capture")
    sentence, chain = leak.message.split("\n")
    assert sentence == (
        "Leaked closure (59 live, 59 leaked): $conns->[0]{on_closed} leads back to this sub. "
        "Keeps 59 file handles and 1.0 MiB alive."
    )
    assert chain == "Courier::Connection → {on_closed} → $on_closed → $conns->[0] → the same Courier::Connection"


async def test_the_chain_is_related_information_with_its_places_in_both_modules(demo: Editor) -> None:
    leak = demo.leak(HTTP)
    assert leak is not None
    assert leak.related_information is not None
    related = [(one.location.uri, one.location.range.start.line, one.message) for one in leak.related_information]
    assert related[:3] == [
        (demo.uri(HTTP), USE, "$conns captured here"),
        (demo.uri(HTTP), DECLARATION, "$conns declared here"),
        (demo.uri(CONNECTION), 41, "stored as {on_closed} here"),
    ]
    assert (demo.uri(CONNECTION), 45, "$on_closed captured here") in related


async def test_the_diagnostic_carries_the_dump_and_addresses_of_the_islands(demo: Editor) -> None:
    leak = demo.leak(HTTP)
    assert leak is not None
    data = _data(leak)
    assert data["dump"] == str(demo.workspace / "courier.pmat")
    assert len(data["addresses"]) == 20
    assert all(int(address, 16) > 0 for address in data["addresses"])


async def test_fainter_marks_are_on_the_captured_variables_and_the_other_closure(demo: Editor) -> None:
    hints = {
        (name, one.range.start.line): one.message
        for name in (HTTP, CONNECTION)
        for one in demo.diagnostics(name)
        if one.severity == types.DiagnosticSeverity.Hint
    }
    assert set(hints) == {(HTTP, USE), (CONNECTION, 45), (CONNECTION, 41)}
    assert hints[CONNECTION, 41].startswith("This closure is part of the leak of the closure at HTTP.pm:79")


async def test_a_file_that_is_not_open_has_its_marks_too(demo: Editor) -> None:
    assert CONNECTION not in demo.texts
    assert demo.diagnostics(CONNECTION)


async def test_the_log_says_what_was_found_and_checked(demo: Editor) -> None:
    assert any(
        line.startswith("courier.pmat: 1 proven leak (59 islands, 1.0 MiB; checked 18,471 SVs from")
        for line in demo.log
    )
    assert demo.shown == []


async def test_the_progress_of_loading_is_shown_from_begin_to_end(demo: Editor) -> None:
    (reports,) = demo.client.progress_reports.values()
    kinds = [report.kind for report in reports]  # type: ignore[attr-defined]
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert set(kinds[1:-1]) == {"report"}


async def test_hovering_the_sub_tells_clones_captures_holders_and_cure(demo: Editor) -> None:
    hover = await demo.hover(HTTP, LEAKED, 22)
    text = hover_text(hover)
    assert hover is not None
    assert hover.range == _range(LEAKED, 21, 24)
    assert text.startswith("**`sub { … }`** in `Courier::HTTP::get_connection`: 59 live, **59 leaked**, 18.2 KiB")
    assert "| `$conns` | strong | `ARRAY(1) of Courier::Connection` |" in text
    assert "| `$client` | weak | `Courier::HTTP` |" in text
    assert "(59×), never by a root" in text
    assert "weaken( my $weak = $conns )" in text


async def test_hovering_the_captured_variable_tells_its_values_and_the_way_back(demo: Editor) -> None:
    text = hover_text(await demo.hover(HTTP, USE, 15))
    assert text.startswith("**`my $conns`** captured by 59 closures, strong")
    assert "`ARRAY(1) of Courier::Connection` in all 59" in text
    assert "**Leaks:** `$conns->[0]` → `{on_closed}` → `$on_closed` → this closure (59×)" in text
    assert f"declared at [HTTP.pm:70]({demo.uri(HTTP)}#L70)" in text


async def test_hovering_the_declaration_tells_who_captured_it(demo: Editor) -> None:
    assert "captured by 59 closures" in hover_text(await demo.hover(HTTP, DECLARATION, 9))


async def test_hovering_a_closure_whose_clones_were_all_freed_says_so(demo: Editor) -> None:
    assert "no live clone in this dump" in hover_text(await demo.hover(HTTP, GET_CLOSURE, 9))


async def test_hovering_a_named_sub_says_that_it_did_not_leak(demo: Editor) -> None:
    assert "`sub Courier::HTTP::get`**: not leaked" in hover_text(await demo.hover(HTTP, GET, 5))


@pytest.mark.parametrize(
    ("line", "column"),
    [
        pytest.param(0, 3, id="package"),
        pytest.param(11, 3, id="pod"),
        pytest.param(37, 18, id="variable-that-holds-nothing-now"),
        pytest.param(USE, 35, id="dollar-underscore"),
        pytest.param(9999, 0, id="behind-the-end"),
    ],
)
async def test_hovering_where_the_heap_says_nothing_answers_nothing(demo: Editor, line: int, column: int) -> None:
    assert await demo.hover(HTTP, line, column) is None


async def test_hovering_a_variable_of_the_file_names_the_sub_that_captured_it(demo: Editor) -> None:
    lines = demo.open("app.pl").splitlines()
    line = lines.index("my $words = 0;")
    text = hover_text(await demo.hover("app.pl", line, 4))
    assert text.startswith("**`my $words`** captured by `main::read_chapter`, strong\n\n`708`")


async def test_a_perl_file_that_the_dump_does_not_know_gets_no_hover(demo: Editor) -> None:
    text = demo.open("other.pl", "my $conns = 1;\nmy $f = sub { $conns };\n")
    positions = [(0, text.index("$conns")), (1, 9), (1, 15)]
    assert [await demo.hover("other.pl", *position) for position in positions] == [None] * 3
    assert demo.diagnostics("other.pl") == []


async def test_the_definition_of_a_captured_variable_is_its_declaration(demo: Editor) -> None:
    found = await demo.definition(HTTP, USE, 15)
    assert found == types.Location(demo.uri(HTTP), _range(DECLARATION, 7, 13))


async def test_the_definition_of_anything_else_is_left_to_other_servers(demo: Editor) -> None:
    of_own_lexical = await demo.definition(HTTP, 80, 23)
    of_argument = await demo.definition(HTTP, USE - 1, 24)
    of_sub = await demo.definition(HTTP, GET, 5)
    of_lexical_outside_of_closures = await demo.definition(HTTP, 70, 22)
    assert (of_own_lexical, of_argument, of_sub, of_lexical_outside_of_closures) == (None, None, None, None)


async def test_lines_inserted_above_move_the_mark_and_leave_it_certain(demo: Editor) -> None:
    text = (demo.workspace / HTTP).read_text()
    demo.change(HTTP, "# one\n# two\n" + text)
    await demo.until(lambda: (demo.leak(HTTP) or _nowhere()).range.start.line == LEAKED + 2, "the mark did not move")
    leak = demo.leak(HTTP)
    assert leak is not None
    assert leak.severity == types.DiagnosticSeverity.Warning
    assert hover_text(await demo.hover(HTTP, LEAKED + 2, 22)).startswith("**`sub { … }`**")
    demo.change(HTTP, text)
    await demo.until(lambda: (demo.leak(HTTP) or _nowhere()).range.start.line == LEAKED, "the mark did not come back")


async def test_a_hover_right_after_an_edit_is_about_the_text_as_it_is_now(demo: Editor) -> None:
    text = (demo.workspace / HTTP).read_text()
    demo.change(HTTP, "\n\n\n" + text)
    assert "captured by 59 closures" in hover_text(await demo.hover(HTTP, USE + 3, 15))
    demo.change(HTTP, text)


async def test_when_the_closure_is_gone_from_the_text_the_mark_says_that_it_is_a_guess(demo: Editor) -> None:
    text = (demo.workspace / HTTP).read_text()
    demo.change(HTTP, text.replace("@$conns = grep { $_ != $conn } @$conns;", ""))
    await demo.until(lambda: "guess" in (demo.leak(HTTP) or _nowhere()).message, "the mark is not stale")
    guess = demo.leak(HTTP) or _nowhere()
    assert (guess.severity, *(guess.tags or ())) == (types.DiagnosticSeverity.Hint, types.DiagnosticTag.Unnecessary)
    demo.close(HTTP)
    await demo.until(lambda: "guess" not in (demo.leak(HTTP) or _nowhere()).message, "the file on disk is not read")
    demo.open(HTTP)


async def test_a_form_feed_in_the_text_does_not_shift_the_lines(demo: Editor) -> None:
    text = (demo.workspace / HTTP).read_text()
    demo.change(HTTP, "# \f page\n" + text)
    await demo.until(lambda: (demo.leak(HTTP) or _nowhere()).range.start.line == LEAKED + 1, "the mark did not move")
    demo.change(HTTP, text)
    await demo.until(lambda: (demo.leak(HTTP) or _nowhere()).range.start.line == LEAKED, "the mark did not come back")


async def test_unload_clears_the_diagnostics_and_reload_brings_them_back(demo: Editor) -> None:
    await demo.command("pmat.unload")
    await demo.until(lambda: not demo.diagnostics(HTTP) and not demo.diagnostics(CONNECTION), "not cleared")
    assert await demo.hover(HTTP, LEAKED, 22) is None
    assert await demo.command("pmat.reload") is True
    assert demo.leak(HTTP) is not None


async def test_load_takes_a_uri_and_a_path(demo: Editor, tmp_path: Path) -> None:
    copy = tmp_path / "copy of.pmat"
    shutil.copy(demo.workspace / "courier.pmat", copy)
    assert await demo.command("pmat.load", copy.as_uri()) is True
    leak = demo.leak(HTTP)
    assert leak is not None
    assert _data(leak)["dump"] == str(copy)
    assert await demo.command("pmat.load", str(demo.workspace / "courier.pmat")) is True


async def test_loading_what_is_no_dump_is_told_once_and_keeps_the_marks(demo: Editor) -> None:
    assert await demo.command("pmat.load", "app.pl") is False
    assert len(demo.shown) == 1
    assert "not a heap dump" in demo.shown[0]
    assert demo.leak(HTTP) is not None
    demo.client.messages.clear()


def _nowhere() -> types.Diagnostic:
    return types.Diagnostic(_range(0, 0, 0), "")


def _data(diagnostic: types.Diagnostic) -> dict[str, Any]:
    assert isinstance(diagnostic.data, dict)
    return diagnostic.data
