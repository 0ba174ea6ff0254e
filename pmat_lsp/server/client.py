"""What the client can do: the few of its capabilities that decide what it is sent."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types


@dataclass(frozen=True, slots=True)
class Client:
    """A client that announces nothing gets nothing but diagnostics, plain text and messages."""

    related_information: bool = False
    diagnostic_data: bool = False
    diagnostic_version: bool = False
    markdown: bool = False
    """Hovers in Markdown."""
    progress: bool = False
    """It shows `$/progress` that the server begins."""
    configuration: bool = False
    """It answers `workspace/configuration`."""
    configuration_registration: bool = False
    """It sends `workspace/didChangeConfiguration` to a server that registers for it."""
    watches_files: bool = False
    """It watches files for a server that registers for them."""

    @classmethod
    def of(cls, capabilities: types.ClientCapabilities) -> Client:
        """Read the capabilities; what is left out is not supported."""
        workspace = capabilities.workspace or types.WorkspaceClientCapabilities()
        document = capabilities.text_document or types.TextDocumentClientCapabilities()
        diagnostics = document.publish_diagnostics or types.PublishDiagnosticsClientCapabilities()
        settings = workspace.did_change_configuration
        files = workspace.did_change_watched_files
        return cls(
            related_information=bool(diagnostics.related_information),
            diagnostic_data=bool(diagnostics.data_support),
            diagnostic_version=bool(diagnostics.version_support),
            markdown=_prefers_markdown(document.hover),
            progress=bool(capabilities.window and capabilities.window.work_done_progress),
            configuration=bool(workspace.configuration),
            configuration_registration=bool(settings and settings.dynamic_registration),
            watches_files=bool(files and files.dynamic_registration),
        )


def _prefers_markdown(hover: types.HoverClientCapabilities | None) -> bool:
    formats = (hover.content_format if hover else None) or ()
    return next(iter(formats), None) == types.MarkupKind.Markdown
