"""Beside Perl::LanguageServer, as in an editor that starts both: ours adds heap facts, and nothing twice."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types

from tests.server.beside import OTHER, needs_perl_languageserver
from tests.server.editor import LONGEST_WAIT, Editor, demo_workspace, editor, full_capabilities

HTTP = "lib/Courier/HTTP.pm"
USE = types.Position(81, 15)
CALLED = {"get_connection": types.Position(42, 25), "_drop": types.Position(50, 20)}
"""Where the demo calls a sub, which the other server knows."""
BOTH = ("definitionProvider", "referencesProvider")
"""What both servers answer at a position."""
PLAIN = "lib/Courier/Plain.pm"
PLAIN_TEXT = """package Courier::Plain;
# Of this module the dump knows nothing.
use strict;

sub double {
    my ($number) = @_;
    my $twice = sub { return 2 * $number };
    return $twice->();
}

1;
"""
BROKEN_TEXT = PLAIN_TEXT.replace("= @_;", "= ;(")
OF_SYNTAX = {
    "completionProvider",
    "signatureHelpProvider",
    "documentSymbolProvider",
    "documentFormattingProvider",
    "documentRangeFormattingProvider",
    "documentOnTypeFormattingProvider",
    "renameProvider",
    "foldingRangeProvider",
    "selectionRangeProvider",
    "semanticTokensProvider",
    "diagnosticProvider",
    "declarationProvider",
    "typeDefinitionProvider",
}
"""What is for a server that knows Perl's syntax."""
AT_PLACES = (
    "hoverProvider",
    "definitionProvider",
    "referencesProvider",
    "documentHighlightProvider",
    "codeActionProvider",
    "callHierarchyProvider",
)
"""What ours answers at a position."""


pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_perl_languageserver]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    workspace = demo_workspace(tmp_path_factory.mktemp("beside") / "courier")
    (workspace / PLAIN).write_text(PLAIN_TEXT)
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        shown.open(PLAIN)
        yield shown


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other(ours: Editor) -> AsyncIterator[Editor]:
    """The other server, on the same files."""
    async with _other(ours.workspace) as shown:
        yield shown


@asynccontextmanager
async def _other(workspace: Path) -> AsyncIterator[Editor]:
    """The other server, when it knows the files of a workspace."""
    async with editor(workspace, full_capabilities(), server=OTHER) as shown:
        # It begins to look at files when it is told its settings.
        settings = {"perl": {"perlInc": [str(workspace / "lib")], "cacheDir": str(workspace.parent / "perl-cache")}}
        shown.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
        shown.open(HTTP)
        shown.open(PLAIN)
        for _ in range(int(LONGEST_WAIT / 0.05)):
            if await _asked(shown, "definitionProvider", HTTP, CALLED["get_connection"]):
                break
            await asyncio.sleep(0.05)
        yield shown


def _offered(shown: Editor) -> dict[str, Any]:
    (initialized,) = [one["result"] for one in shown.received if "capabilities" in (one.get("result") or ())]
    return dict(initialized["capabilities"])


async def _asked(shown: Editor, provider: str, name: str, at: types.Position) -> Any:
    """What a server answers at a place of a file, by what it offers."""
    document = types.TextDocumentIdentifier(shown.uri(name))
    client = shown.client
    asked: dict[str, Callable[[], Awaitable[Any]]] = {
        "hoverProvider": lambda: client.text_document_hover_async(types.HoverParams(document, at)),
        "definitionProvider": lambda: client.text_document_definition_async(types.DefinitionParams(document, at)),
        "referencesProvider": lambda: client.text_document_references_async(
            types.ReferenceParams(types.ReferenceContext(True), document, at)
        ),
        "documentHighlightProvider": lambda: client.text_document_document_highlight_async(
            types.DocumentHighlightParams(document, at)
        ),
        "codeActionProvider": lambda: client.text_document_code_action_async(
            types.CodeActionParams(document, types.Range(at, at), types.CodeActionContext([]))
        ),
        "callHierarchyProvider": lambda: client.text_document_prepare_call_hierarchy_async(
            types.CallHierarchyPrepareParams(document, at)
        ),
    }
    return await asyncio.wait_for(asked[provider](), LONGEST_WAIT)


async def _outline(shown: Editor, name: str) -> list[str]:
    document = types.DocumentSymbolParams(types.TextDocumentIdentifier(shown.uri(name)))
    symbols = await asyncio.wait_for(shown.client.text_document_document_symbol_async(document), LONGEST_WAIT)
    return [symbol.name for symbol in symbols or ()]


async def test_ours_offers_nothing_that_is_for_a_server_of_perls_syntax(ours: Editor, other: Editor) -> None:
    assert OF_SYNTAX & _offered(ours).keys() == set()
    assert OF_SYNTAX & _offered(other).keys() >= {"documentSymbolProvider", "signatureHelpProvider"}
    assert {"get_connection", "_drop"} <= set(await _outline(other, HTTP))
    with pytest.raises(Exception, match=r"(?i)not found"):
        await _outline(ours, HTTP)


async def test_what_the_other_answers_is_the_same_with_and_without_ours(ours: Editor, other: Editor) -> None:
    workspace = demo_workspace(ours.workspace.parent / "without" / "courier")
    (workspace / PLAIN).write_text(PLAIN_TEXT)
    async with _other(workspace) as alone:
        without = await _all_answers(alone)
    asked = [ours.hover(HTTP, USE.line, USE.character) for _ in range(20)]
    beside, *hovers = await asyncio.gather(_all_answers(other), *asked)
    assert beside == without
    assert all(without.values())
    assert all(hovers)


async def _all_answers(shown: Editor) -> dict[str, Any]:
    """What the other server tells of the demo, with the files by their names."""
    told: dict[str, Any] = {"outline": await _outline(shown, HTTP)}
    for name, at in CALLED.items():
        for provider in BOTH:
            found = await _asked(shown, provider, HTTP, at)
            told[f"{provider} of {name}"] = [_place(shown, one) for one in found or ()]
    at_call = types.Position(CALLED["_drop"].line, CALLED["_drop"].character + len("_drop(") + 1)
    document = types.TextDocumentIdentifier(shown.uri(HTTP))
    help_ = await shown.client.text_document_signature_help_async(types.SignatureHelpParams(document, at_call))
    told["signature"] = [one.label for one in help_.signatures] if help_ else []
    symbols = await shown.client.workspace_symbol_async(types.WorkspaceSymbolParams("get_connection"))
    told["symbols"] = [symbol.name for symbol in symbols or ()]
    return told


def _place(shown: Editor, location: Any) -> tuple[str, int]:
    return location.uri.removeprefix(shown.uri("")), location.range.start.line


async def _told_by_both(ours: Editor, other: Editor, provider: str) -> tuple[set[str], int, int]:
    """(the words at which both tell the same line, at how many words each tells anything)."""
    twice: set[str] = set()
    mine, its = 0, 0
    for row, line in enumerate((ours.workspace / HTTP).read_text().split("\n")):
        for word in re.finditer(r"[$@]*\w+", line):
            at = types.Position(row, word.end() - 1)
            one, another = await asyncio.gather(*(_places(shown, provider, at) for shown in (ours, other)))
            twice |= {word[0]} if one & another else set()
            mine, its = mine + bool(one), its + bool(another)
    return twice, mine, its


async def test_what_both_tell_of_a_lexical_or_a_key_is_told_once_where_the_switches_say_so(
    ours: Editor, other: Editor
) -> None:
    for provider in BOTH:
        twice, mine, its = await _told_by_both(ours, other, provider)
        # It goes by the name alone, and so finds some of the lines that the heap knows.
        assert twice <= {"$client", "$conns", "@$conns", "on_closed"}
        assert min(mine, its) > 3
    # A client without settings of its own tells them so.
    switched = {"pmat": {"definition": {"enable": False}, "references": {"enable": False}}}
    async with editor(ours.workspace, full_capabilities(), options=switched, configuration=switched) as quiet:
        await quiet.until_loaded()
        quiet.open(HTTP)
        for provider in BOTH:
            twice, mine, its = await _told_by_both(quiet, other, provider)
            assert (twice, mine) == (set(), 0)
            assert its > 3


async def _places(shown: Editor, provider: str, at: types.Position) -> set[tuple[str, int]]:
    found = await _asked(shown, provider, HTTP, at) or ()
    return {_place(shown, one) for one in ([found] if isinstance(found, types.Location) else found)}


async def test_both_offer_two_features_at_places_and_ours_answers_where_the_heap_knows_something(
    ours: Editor, other: Editor
) -> None:
    assert set(AT_PLACES) & _offered(ours).keys() & _offered(other).keys() == set(BOTH)
    for provider in BOTH:
        assert await _asked(ours, provider, HTTP, USE)


@pytest.mark.parametrize("provider", AT_PLACES)
async def test_where_the_heap_knows_nothing_ours_leaves_everything_to_the_other(
    ours: Editor, other: Editor, provider: str
) -> None:
    assert "double" in await _outline(other, PLAIN)
    answers = [
        (row, column, await _asked(ours, provider, PLAIN, types.Position(row, column)))
        for row, line in enumerate(PLAIN_TEXT.split("\n"))
        for column in range(0, len(line) + 1, 2)
    ]
    assert len(answers) > 50
    assert [told for told in answers if told[2]] == []


async def test_workspace_symbols_of_ours_are_those_of_the_heap(ours: Editor) -> None:
    async def names(query: str) -> list[str]:
        found = await ours.client.workspace_symbol_async(types.WorkspaceSymbolParams(query))
        return [symbol.name for symbol in found or ()]

    assert await names("Courier::Plain") == []
    assert any("get_connection" in name for name in await names("get_connection"))


async def test_a_broken_text_is_for_the_other_and_every_diagnostic_of_ours_says_whose_it_is(
    ours: Editor, other: Editor
) -> None:
    for shown in (ours, other):
        shown.change(PLAIN, BROKEN_TEXT)
    assert "double" in await _outline(other, PLAIN)
    # An edit of ours is answered after those before it; the marks of the leak are sent again for the newer text.
    sent = len(ours.publications)
    ours.change(HTTP, "\n" + (ours.workspace / HTTP).read_text())
    await ours.until(lambda: len(ours.publications) > sent, "the marks did not move with the text")
    assert ours.leak(HTTP) is not None
    told = [(one.uri, diagnostic) for one in ours.publications for diagnostic in one.diagnostics]
    assert {diagnostic.source for _, diagnostic in told} == {"pmat"}
    assert ours.uri(PLAIN) not in {uri for uri, _ in told}
