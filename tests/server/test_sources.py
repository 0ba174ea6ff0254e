"""Being right about the source: files that are not found, several folders, documents that are no files, encodings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.server.editor import Editor, demo_workspace, editor, full_capabilities, hover_text

pytestmark = pytest.mark.asyncio
BARE = types.ClientCapabilities()
HTTP = "lib/Courier/HTTP.pm"
LEAKED, USE = 78, 81


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return demo_workspace(tmp_path / "courier")


def _two_candidates(workspace: Path) -> tuple[Path, Path]:
    """The modules lie in two places that fit equally well."""
    for name in ("one", "two"):
        shutil.copytree(workspace / "lib", workspace / name / "somewhere")
    shutil.rmtree(workspace / "lib")
    return workspace / "one/somewhere/Courier/HTTP.pm", workspace / "two/somewhere/Courier/HTTP.pm"


async def test_between_two_candidates_none_is_taken_and_both_are_told_for_the_finding(workspace: Path) -> None:
    one, two = _two_candidates(workspace)
    async with editor(workspace, full_capabilities()) as shown:
        # The last of what is told.
        await shown.until(lambda: bool(shown.shown), "no warning")
        assert shown.publications == []
        (line,) = [line for line in shown.log if line.startswith("leak[")]
        assert line.startswith("leak[container-capture]: 59 Courier::Connection objects")
        assert f"lib/Courier/HTTP.pm:80: 2 files match lib/Courier/HTTP.pm: {one}, {two}" in line
        (warning,) = shown.shown
        assert warning.startswith("A leak cannot be shown in its source: lib/Courier/")
        assert "2 files match" in warning
        assert "pmat.pathMap" in warning
        (finding,) = (await shown.request("pmat/leaks", {}))["findings"]
        assert any(f"{one}, {two}" in reason for reason in finding["missing"])
        # Once is enough, also for the next dump of the program.
        shutil.copy(workspace / "courier.pmat", workspace / "next.pmat")
        assert await shown.command("pmat.load", "next.pmat") is True
        assert len(shown.shown) == 1


async def test_the_setting_that_decides_between_them_takes_effect_at_once(workspace: Path) -> None:
    one, _ = _two_candidates(workspace)
    async with editor(workspace, BARE) as shown:
        await shown.until_loaded()
        settings = {"pmat": {"pathMap": [{"from": "lib", "to": str(one.parent.parent)}]}}
        shown.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=settings))
        await shown.until(lambda: shown.leak(str(one)) is not None, "no mark")
        (finding,) = (await shown.request("pmat/leaks", {}))["findings"]
        assert finding["missing"] == []


async def test_a_finding_of_which_one_file_is_missing_says_so_at_its_mark(workspace: Path) -> None:
    (workspace / "lib/Courier/Connection.pm").unlink()
    async with editor(workspace, BARE) as shown:
        await shown.until_loaded()
        leak = shown.leak(HTTP)
        assert leak is not None
        assert "lib/Courier/Connection.pm:43: no file here matches lib/Courier/Connection.pm" in leak.message
        assert shown.shown == []


async def test_sources_and_dumps_are_looked_for_in_every_folder(workspace: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.move(workspace / "courier.pmat", other / "courier.pmat")
    folders = [types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in (other, workspace)]
    async with editor(workspace, full_capabilities(), workspace_folders=folders) as shown:
        await shown.until_loaded()
        assert shown.leak(HTTP) is not None


async def test_a_folder_that_is_added_brings_its_sources_and_one_that_goes_takes_them_along(
    workspace: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.move(workspace / "courier.pmat", other / "courier.pmat")
    here = types.WorkspaceFolder(workspace.as_uri(), "courier")
    folders = [types.WorkspaceFolder(other.as_uri(), "other")]
    async with editor(workspace, full_capabilities(), workspace_folders=folders) as shown:
        assert shown.capabilities is not None
        assert shown.capabilities.workspace is not None
        announced = shown.capabilities.workspace.workspace_folders
        assert announced is not None
        assert (announced.supported, announced.change_notifications) == (True, True)
        await shown.until_loaded()
        assert shown.leak(HTTP) is None
        _change_folders(shown, added=[here])
        await shown.until(lambda: shown.leak(HTTP) is not None, "no mark")
        _change_folders(shown, removed=[here])
        await shown.until(lambda: shown.leak(HTTP) is None, "the mark stays")


async def test_a_folder_that_is_added_brings_its_newer_dump(workspace: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(workspace / "courier.pmat", other / "newer.pmat")
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        _change_folders(shown, added=[types.WorkspaceFolder(other.as_uri(), "other")])
        await shown.until(lambda: any(line.startswith("newer.pmat") for line in shown.log), "it was not loaded")


def _change_folders(shown: Editor, **changes: Any) -> None:
    event = types.WorkspaceFoldersChangeEvent(**({"added": [], "removed": []} | changes))
    shown.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "git:/lib/Courier/HTTP.pm?ref=main", "http://[::1/x.pm", ""])
async def test_documents_that_are_no_files_are_answered_with_nothing(workspace: Path, uri: str) -> None:
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        text = (workspace / HTTP).read_text()
        document, at = types.TextDocumentIdentifier(uri), types.Position(LEAKED, 22)
        item = types.TextDocumentItem(uri, "perl", 1, text)
        shown.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        whole = types.Range(types.Position(0, 0), types.Position(200, 0))
        context = types.ReferenceContext(include_declaration=True)
        client = shown.client
        answers = [
            await client.text_document_hover_async(types.HoverParams(document, at)),
            await client.text_document_definition_async(types.DefinitionParams(document, at)),
            await client.text_document_references_async(types.ReferenceParams(context, document, at)),
            await client.text_document_document_highlight_async(types.DocumentHighlightParams(document, at)),
            await client.text_document_prepare_call_hierarchy_async(types.CallHierarchyPrepareParams(document, at)),
            await client.text_document_code_action_async(
                types.CodeActionParams(document, whole, types.CodeActionContext([]))
            ),
        ]
        assert answers == [None] * len(answers)
        changes = [types.TextDocumentContentChangeWholeDocument("1;\n")]
        versioned = types.VersionedTextDocumentIdentifier(version=2, uri=uri)
        client.text_document_did_change(types.DidChangeTextDocumentParams(versioned, changes))
        client.text_document_did_close(types.DidCloseTextDocumentParams(document))
        shown.open(HTTP)
        assert "59 leaked" in hover_text(await shown.hover(HTTP, LEAKED, 22))
        assert [line for line in shown.log if "failed" in line] == []
        assert shown.publications[0].uri.startswith("file:")


@pytest.mark.parametrize(
    ("change", "encoding", "shift"),
    [
        pytest.param(("\n", "\r\n"), "ascii", 0, id="CRLF"),
        pytest.param(("        on_closed => sub", "\ton_closed => sub"), "ascii", -7, id="tab"),
        pytest.param(("        on_closed =>", "'é', on_closed =>"), "latin-1", -3, id="Latin-1"),
        pytest.param(("        on_closed =>", "'é', on_closed =>"), "utf-8", -3, id="UTF-8"),
        pytest.param(("", ""), "utf-8-sig", 0, id="byte-order-mark"),
    ],
)
async def test_marks_are_exact_in_texts_of_every_make_open_or_closed(
    workspace: Path, change: tuple[str, str], encoding: str, shift: int
) -> None:
    text = (workspace / HTTP).read_text().replace(*change)
    (workspace / HTTP).write_bytes(text.encode(encoding))
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        wanted = types.Range(types.Position(LEAKED, 21 + shift), types.Position(LEAKED, 24 + shift))
        closed = shown.leak(HTTP)
        assert closed is not None
        assert (closed.range, closed.severity) == (wanted, types.DiagnosticSeverity.Warning)
        shown.open(HTTP, text)
        assert "captured by 59 closures" in hover_text(await shown.hover(HTTP, USE, 15))
        hover = await shown.hover(HTTP, LEAKED, 22 + shift)
        assert hover is not None
        assert hover.range == wanted


async def _trace_of(shown: Editor, name: str) -> types.LogTraceParams:
    """The one trace of a feature. Work that began before tracing was turned on may be traced before or after it."""

    def found() -> list[types.LogTraceParams]:
        return [trace for trace in shown.traces if trace.message.startswith(f"{name}: ")]

    await shown.until(lambda: bool(found()), f"no trace of {name}")
    (trace,) = found()
    return trace


async def test_who_turns_the_trace_on_is_told_what_was_done_and_who_does_not_is_told_nothing(workspace: Path) -> None:
    async with editor(workspace, full_capabilities()) as shown:
        await shown.until_loaded()
        shown.open(HTTP)
        await shown.hover(HTTP, LEAKED, 22)
        assert shown.traces == []
        shown.client.set_trace(types.SetTraceParams(types.TraceValue.Messages))
        await shown.hover(HTTP, LEAKED, 22)
        hover = await _trace_of(shown, "hover")
        assert hover.message.endswith(" ms")
        assert hover.verbose is None
        shown.client.set_trace(types.SetTraceParams(types.TraceValue.Verbose))
        await shown.request("pmat/leaks", {"overview": False})
        assert "overview" in ((await _trace_of(shown, "leaks")).verbose or "")
        shown.client.set_trace(types.SetTraceParams(types.TraceValue.Off))
        # When this is answered, every trace that was sent before has arrived.
        await shown.request("pmat/catalogue", {})
        told = len(shown.traces)
        await shown.hover(HTTP, LEAKED, 22)
        await shown.request("pmat/catalogue", {})
        assert len(shown.traces) == told
