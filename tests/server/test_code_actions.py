"""Quick fixes in an editor: the cures of a leak as edits that the client understands, and comments that ignore it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.cures.running import copied, needs_dumper, run
from tests.server.editor import Editor, demo_workspace, editor, full_capabilities

pytestmark = pytest.mark.asyncio
HTTP = "lib/Courier/HTTP.pm"
BARE = types.ClientCapabilities()
CURE = "Capture a weakened copy of $conns"
LITERALS = types.ClientCodeActionLiteralOptions(types.ClientCodeActionKindOptions([types.CodeActionKind.QuickFix]))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return demo_workspace(tmp_path / "courier")


def _annotating() -> types.ClientCapabilities:
    """VS Code as it is today."""
    capabilities = full_capabilities()
    assert capabilities.text_document is not None
    assert capabilities.text_document.code_action is not None
    capabilities.text_document.code_action.honors_change_annotations = True
    return capabilities


def _plain() -> types.ClientCapabilities:
    """A client that takes code actions and nothing beyond."""
    actions = types.CodeActionClientCapabilities(code_action_literal_support=LITERALS)
    return types.ClientCapabilities(text_document=types.TextDocumentClientCapabilities(code_action=actions))


async def _actions(
    shown: Editor, name: str, range_: types.Range, only: Sequence[types.CodeActionKind] | None = None
) -> list[types.CodeAction]:
    context = types.CodeActionContext(shown.diagnostics(name), only)
    params = types.CodeActionParams(types.TextDocumentIdentifier(shown.uri(name)), range_, context)
    found = await shown.client.text_document_code_action_async(params)
    # lsprotocol takes a code action with a command for a command.
    return [one for one in found or () if isinstance(one, types.CodeAction)]


async def _leak(shown: Editor, name: str) -> types.Diagnostic:
    await shown.until_loaded()
    await shown.until(lambda: shown.leak(name) is not None, "no diagnostic")
    leak = shown.leak(name)
    assert leak is not None
    return leak


def _changed(text: str, edits: Sequence[Any]) -> str:
    """`text` with the edits of the protocol made; for texts in which a character is one unit."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:row])) for row in range(len(lines) + 1)]
    for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
        start, end = (starts[at.line] + at.character for at in (edit.range.start, edit.range.end))
        text = text[:start] + edit.new_text + text[end:]
    return text


async def test_the_cure_of_the_demo_is_preferred_versioned_and_annotated(workspace: Path) -> None:
    async with editor(workspace, _annotating()) as shown:
        text = shown.open(HTTP)
        leak = await _leak(shown, HTTP)
        cure, ignore = await _actions(shown, HTTP, leak.range)
        assert (cure.title, cure.kind, cure.is_preferred) == (CURE, types.CodeActionKind.QuickFix, True)
        assert [one.code for one in cure.diagnostics or ()] == ["container-capture"]
        assert cure.edit is not None
        assert cure.edit.changes is None
        assert cure.edit.change_annotations == {
            "pmat.cure": types.ChangeAnnotation(
                CURE, False, "The closure does nothing with $conns but take things out of it."
            )
        }
        (document,) = cure.edit.document_changes or ()
        assert isinstance(document, types.TextDocumentEdit)
        assert document.text_document == types.OptionalVersionedTextDocumentIdentifier(shown.uri(HTTP), 1)
        assert all(
            isinstance(one, types.AnnotatedTextEdit) and one.annotation_id == "pmat.cure" for one in document.edits
        )
        cured = _changed(text, document.edits).splitlines()
        assert [line for line in cured if line not in text.splitlines()] == [
            "    weaken( my $weak_conns = $conns );",
            "            my $conns = $weak_conns // [];",
        ]
        assert ignore.title == "Ignore this leak (container-capture) with a comment"


async def test_a_plain_client_gets_plain_changes(workspace: Path) -> None:
    async with editor(workspace, _plain()) as shown:
        leak = await _leak(shown, HTTP)
        cure, *_ = await _actions(shown, HTTP, leak.range)
        assert cure.is_preferred is None
        assert cure.edit is not None
        assert (cure.edit.document_changes, cure.edit.change_annotations) == (None, None)
        assert list(cure.edit.changes or {}) == [shown.uri(HTTP)]


async def test_a_file_that_is_not_open_has_no_version(workspace: Path) -> None:
    async with editor(workspace, full_capabilities()) as shown:
        leak = await _leak(shown, HTTP)
        cure, *_ = await _actions(shown, HTTP, leak.range)
        assert cure.edit is not None
        assert cure.edit.change_annotations is None
        (document,) = cure.edit.document_changes or ()
        assert isinstance(document, types.TextDocumentEdit)
        assert document.text_document.version is None


async def test_a_client_without_code_actions_gets_none_and_neither_does_any_other_place_or_kind(
    workspace: Path,
) -> None:
    async with editor(workspace, BARE) as shown:
        leak = await _leak(shown, HTTP)
        assert await _actions(shown, HTTP, leak.range) == []
    async with editor(workspace, full_capabilities()) as shown:
        leak = await _leak(shown, HTTP)
        nowhere = types.Range(types.Position(0, 0), types.Position(0, 1))
        assert await _actions(shown, HTTP, nowhere) == []
        assert await _actions(shown, HTTP, leak.range, [types.CodeActionKind.Refactor]) == []
        assert len(await _actions(shown, HTTP, leak.range, [types.CodeActionKind.QuickFix])) == 2


async def test_the_cure_is_offered_at_the_captured_variable_and_follows_an_edit(workspace: Path) -> None:
    async with editor(workspace, full_capabilities()) as shown:
        text = shown.open(HTTP)
        await _leak(shown, HTTP)
        moved = "# \U0001f600 one line more\n" + text
        shown.change(HTTP, moved)
        row = moved.splitlines().index("            @$conns = grep { $_ != $conn } @$conns;")
        at = types.Range(types.Position(row, 15), types.Position(row, 15))
        cure, *_ = await _actions(shown, HTTP, at)
        assert cure.edit is not None
        (document,) = cure.edit.document_changes or ()
        assert isinstance(document, types.TextDocumentEdit)
        assert document.text_document.version == 2
        assert "    weaken( my $weak_conns = $conns );\n    for my $conn (@$conns) {\n" in _changed(
            moved, document.edits
        )


async def test_a_finding_that_a_comment_ignores_has_no_diagnostic(workspace: Path) -> None:
    async with editor(workspace, full_capabilities()) as shown:
        text = shown.open(HTTP)
        leak = await _leak(shown, HTTP)
        _, ignore = await _actions(shown, HTTP, leak.range)
        assert ignore.edit is not None
        (document,) = ignore.edit.document_changes or ()
        assert isinstance(document, types.TextDocumentEdit)
        changed = _changed(text, document.edits)
        assert "on_closed => sub { # pmat: ignore[container-capture] say why\n" in changed
        shown.change(HTTP, changed)
        await shown.until(lambda: not shown.diagnostics(HTTP), "the mark is still there")
        assert await _actions(shown, HTTP, leak.range) == []
        shown.change(HTTP, text)
        await shown.until(lambda: shown.leak(HTTP) is not None, "the mark did not come back")


@needs_dumper
async def test_a_fix_that_needs_review_asks_first(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    folder.mkdir()
    run(copied(folder, "live_clones.pl"))
    shutil.copy(folder / "live_clones.pmat", folder / "newest.pmat")
    async with editor(folder, _annotating()) as shown:
        leak = await _leak(shown, "live_clones.pl")
        cure, *_ = await _actions(shown, "live_clones.pl", leak.range)
        reason = "`Loop::watch` at live_clones.pl:19 gets the callback, and what it does with it …"
        assert (cure.title, cure.is_preferred) == (f"Capture a weakened copy of $self (review: {reason})", False)
        assert cure.edit is not None
        (annotation,) = (cure.edit.change_annotations or {}).values()
        assert annotation.needs_confirmation
        assert annotation.description == (
            "`Loop::watch` at live_clones.pl:19 gets the callback, and what it does with it is not known."
        )


@needs_dumper
async def test_a_file_of_a_library_is_marked_and_not_edited_until_its_folder_is_a_source_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, module = tmp_path / "job", tmp_path / "library" / "Walk.pm"
    workspace.mkdir()
    module.parent.mkdir()
    module.write_text("package Walk; sub walk { my $step; $step = sub { $_[0] ? $step->(0) : 1 }; $step->(1) } 1;\n")
    # A library of the local perl: its text may be read.
    monkeypatch.setenv("PERL5LIB", str(module.parent))
    options = f"-MDevel::MAT::Dumper=-dump_at_END,-file,{workspace / 'app.pmat'}"
    subprocess.run(["perl", options, "-MWalk", "-e", "Walk::walk()"], cwd=workspace, check=True, timeout=60)
    name = str(module)
    async with editor(workspace, full_capabilities()) as shown:
        shown.open(name)
        assert await _actions(shown, name, (await _leak(shown, name)).range) == []
    settings = {"pmat": {"sourceRoots": [str(module.parent)]}}
    async with editor(workspace, full_capabilities(), options=settings) as shown:
        shown.open(name)
        actions = await _actions(shown, name, (await _leak(shown, name)).range)
        assert len([one for one in actions if one.edit]) == 2
