"""Beside Perl::LanguageServer, as in an editor that starts both: ours adds heap facts, and nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types

from tests.server.beside import OTHER, needs_perl_languageserver
from tests.server.editor import LONGEST_WAIT, Editor, demo_workspace, editor, full_capabilities

HTTP = "lib/Courier/HTTP.pm"
USE = types.Position(81, 15)
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
    async with editor(ours.workspace, full_capabilities(), server=OTHER) as shown:
        shown.open(HTTP)
        shown.open(PLAIN)
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


async def test_both_read_the_same_file_and_ours_answers_where_the_heap_knows_something(
    ours: Editor, other: Editor
) -> None:
    both = set(AT_PLACES) & _offered(ours).keys() & _offered(other).keys()
    assert both == {"definitionProvider", "referencesProvider"}
    for provider in sorted(both):
        assert await _asked(ours, provider, HTTP, USE)
        # It is alive, and no error comes of it; what it finds is its own affair.
        await _asked(other, provider, HTTP, USE)


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
