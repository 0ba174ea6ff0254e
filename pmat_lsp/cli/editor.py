"""The smallest editor there is: starts the language server, opens files, and keeps what it would show.

It is here for the demo. It speaks LSP as an editor does, so what it shows is what an editor shows.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient
from pygls.uris import from_fs_path, to_fs_path

from pmat_lsp import __version__
from pmat_lsp.errors import PmatError
from pmat_lsp.source.model import Point, Range

_PACKAGES = Path(__file__).parent.parent.parent
"""The folder that pmat_lsp is imported from."""
PATIENCE_SECONDS = 120
"""How long to wait for the server: a busy machine without compiled kernels needs a while."""
_GOODBYE_SECONDS = 10
_SEVERITIES = ("error", "warning", "information", "hint")


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A place with a text, as it stands in a list of related places."""

    path: Path
    range: Range
    text: str


@dataclass(frozen=True, slots=True)
class ShownDiagnostic:
    """A diagnostic as the editor received it."""

    place: ShownPlace
    severity: str
    """`error`, `warning`, `information` or `hint`."""
    code: str
    related: tuple[ShownPlace, ...]


class Editor:
    """An open editor; see `open_editor`."""

    def __init__(self) -> None:
        self.diagnostics: dict[Path, tuple[ShownDiagnostic, ...]] = {}
        """The present ones of each file."""
        self.messages: list[str] = []
        """What the server said to the user or to the log."""
        self._changed = asyncio.Event()
        self._client = LanguageClient("pmat-lsp demo", __version__)
        # pygls writes attributes on what it registers, which a bound method does not take.
        feature = self._client.feature
        feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(partial(self._take_diagnostics))
        feature(types.WINDOW_LOG_MESSAGE)(partial(self._take_message))
        feature(types.WINDOW_SHOW_MESSAGE)(partial(self._take_message))

    async def start(self, folder: Path) -> None:
        """Start the server, with `folder` as the workspace."""
        # -m imports from the folder that it is started in: never from the user's, which may hold a numpy.py.
        await self._client.start_io(sys.executable, "-m", "pmat_lsp", "serve", cwd=_PACKAGES)
        uri = from_fs_path(str(folder)) or ""
        workspace = types.WorkspaceFolder(uri, folder.name)
        capabilities = _capabilities()
        await self._client.initialize_async(types.InitializeParams(capabilities, workspace_folders=[workspace]))
        self._client.initialized(types.InitializedParams())

    async def stop(self) -> None:
        """End the server."""
        await self._client.shutdown_async(None)
        self._client.exit(None)
        stopping: Awaitable[None] = self._client.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait_for(stopping, _GOODBYE_SECONDS)

    def open_file(self, path: Path) -> None:
        """Open a Perl file, as it is on disk."""
        text = path.read_text(encoding="utf-8")
        document = types.TextDocumentItem(from_fs_path(str(path)) or "", "perl", 1, text)
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(document))

    async def leaks(self) -> tuple[ShownDiagnostic, ...]:
        """The diagnostics that are no mere hints, as soon as there are some."""
        while True:
            self._changed.clear()
            shown = (one for group in self.diagnostics.values() for one in group if one.severity != "hint")
            if found := tuple(shown):
                return found
            await self._changed.wait()

    async def hover(self, path: Path, point: Point) -> str:
        """The text of the hover at a place, "" where there is none."""
        document = types.TextDocumentIdentifier(from_fs_path(str(path)) or "")
        position = types.Position(point.line - 1, point.column)
        hover = await self._client.text_document_hover_async(types.HoverParams(document, position))
        return hover.contents.value if hover and isinstance(hover.contents, types.MarkupContent) else ""

    async def execute(self, command: types.ExecuteCommandParams) -> object:
        """The answer of the server to one of its commands."""
        answer: object = await self._client.workspace_execute_command_async(command)
        return answer

    def _take_diagnostics(self, params: types.PublishDiagnosticsParams) -> None:
        path = _path(params.uri)
        self.diagnostics[path] = tuple(_shown(path, diagnostic) for diagnostic in params.diagnostics)
        self._changed.set()

    def _take_message(self, params: types.LogMessageParams | types.ShowMessageParams) -> None:
        self.messages.append(params.message)


@asynccontextmanager
async def open_editor(folder: Path) -> AsyncIterator[Editor]:
    """An editor on a folder, with its server; the server has ended when the block is left.

    Raises:
        PmatError: the server did not start, broke down, or did not answer in `PATIENCE_SECONDS`.
    """
    editor = Editor()
    try:
        await asyncio.wait_for(editor.start(folder), PATIENCE_SECONDS)
        yield editor
        await editor.stop()
    except (asyncio.TimeoutError, RuntimeError, OSError) as error:
        said = "\n".join(editor.messages)
        raise PmatError(f"the language server does not answer: {str(error) or 'time is up'}", said) from error


def _capabilities() -> types.ClientCapabilities:
    """Plain text, and columns counted in code points, as `pmat_lsp.source` counts them."""
    text_document = types.TextDocumentClientCapabilities(
        hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.PlainText]),
        publish_diagnostics=types.PublishDiagnosticsClientCapabilities(related_information=True),
    )
    general = types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf32])
    return types.ClientCapabilities(text_document=text_document, general=general)


def _shown(path: Path, diagnostic: types.Diagnostic) -> ShownDiagnostic:
    related = (
        ShownPlace(_path(one.location.uri), _range(one.location.range), one.message)
        for one in diagnostic.related_information or ()
    )
    severity = _SEVERITIES[(diagnostic.severity or types.DiagnosticSeverity.Error) - 1]
    place = ShownPlace(path, _range(diagnostic.range), diagnostic.message)
    return ShownDiagnostic(place, severity, str(diagnostic.code), tuple(related))


def _range(shown: types.Range) -> Range:
    start, end = shown.start, shown.end
    return Range(Point(start.line + 1, start.character), Point(end.line + 1, end.character))


def _path(uri: str) -> Path:
    return Path(to_fs_path(uri) or "")
