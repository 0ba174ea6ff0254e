"""What the client can do: the few of its capabilities that decide what it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lsprotocol import types

_PULL_FOR_CLOSED_FILES = frozenset({"Neovim"})
"""Clients that, told to come again for diagnostics, do so for the files alone that are not open: Neovim 0.12."""
_TELL_OF_THEIR_OWN_FILES = frozenset({"helix"})
"""Clients that announce to watch files, and tell only of those that they wrote themselves."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client that announces nothing gets nothing but diagnostics, plain text and messages."""

    related_information: bool = False
    diagnostic_data: bool = False
    diagnostic_version: bool = False
    faded: bool = False
    """It fades the text at diagnostics that are tagged as unnecessary."""
    markdown: bool = False
    """Hovers in Markdown."""
    progress: bool = False
    """It shows `$/progress` that the server begins."""
    pulls_diagnostics: bool = False
    """It comes for diagnostics, and comes again when it is told to."""
    related_documents: bool = False
    """When it does, it takes those of other documents too."""
    configuration: bool = False
    """It answers `workspace/configuration`."""
    configuration_registration: bool = False
    """It sends `workspace/didChangeConfiguration` to a server that registers for it."""
    watches_files: bool = False
    """It watches files for a server that registers for them, whoever writes them."""
    code_actions: bool = False
    """It takes code actions that carry their edit."""
    preferred_actions: bool = False
    """It tells a preferred code action from the others."""
    document_changes: bool = False
    """It checks the version of a document before it edits it."""
    change_annotations: bool = False
    """It shows the annotations of the edits of a code action, and asks before it makes those that need it."""
    shows_documents: bool = False
    """It opens a document that the server names."""
    text_documents: bool = False
    """It asks a server that registers for it for the texts of documents that are no files."""
    registers_links: bool = False
    """It asks a server that registers for it for the links of other documents than Perl sources."""
    changed: bool = False
    """It hears `pmat/changed`."""
    verifies: bool = False
    """It has a command `pmat.verify` of its own, which asks for a command line and sends `pmat/verify`."""
    command_links: bool = False
    """Links to commands work in its Markdown."""
    refreshes_code_lenses: bool = False
    """It asks for code lenses again when the server tells it to."""
    refreshes_inlay_hints: bool = False
    """The same for inlay hints."""

    @classmethod
    def of(cls, capabilities: types.ClientCapabilities, options: object = None, name: str = "") -> Client:
        """Read the capabilities, and what a client of ours announces in its initialization options.

        What is left out is not supported. The name is that of the client; it matters where one announces more than it
        does.
        """
        workspace = capabilities.workspace or types.WorkspaceClientCapabilities()
        document = capabilities.text_document or types.TextDocumentClientCapabilities()
        diagnostics = document.publish_diagnostics or types.PublishDiagnosticsClientCapabilities()
        refreshed = workspace.diagnostics
        tags = diagnostics.tag_support
        settings = workspace.did_change_configuration
        files = workspace.did_change_watched_files
        edits = workspace.workspace_edit or types.WorkspaceEditClientCapabilities()
        actions = document.code_action or types.CodeActionClientCapabilities()
        window = capabilities.window or types.WindowClientCapabilities()
        contents = workspace.text_document_content
        own = options.get("client") if isinstance(options, Mapping) else None
        announced = own if isinstance(own, Mapping) else {}
        return cls(
            related_information=bool(diagnostics.related_information),
            diagnostic_data=bool(diagnostics.data_support),
            diagnostic_version=bool(diagnostics.version_support),
            pulls_diagnostics=(
                document.diagnostic is not None
                and bool(refreshed and refreshed.refresh_support)
                and name not in _PULL_FOR_CLOSED_FILES
            ),
            related_documents=bool(document.diagnostic and document.diagnostic.related_document_support),
            faded=types.DiagnosticTag.Unnecessary in (tags.value_set if tags else ()),
            markdown=_prefers_markdown(document.hover),
            progress=bool(capabilities.window and capabilities.window.work_done_progress),
            configuration=bool(workspace.configuration),
            configuration_registration=bool(settings and settings.dynamic_registration),
            watches_files=bool(files and files.dynamic_registration) and name not in _TELL_OF_THEIR_OWN_FILES,
            refreshes_code_lenses=bool(workspace.code_lens and workspace.code_lens.refresh_support),
            refreshes_inlay_hints=bool(workspace.inlay_hint and workspace.inlay_hint.refresh_support),
            code_actions=actions.code_action_literal_support is not None,
            preferred_actions=bool(actions.is_preferred_support),
            document_changes=bool(edits.document_changes),
            change_annotations=bool(
                edits.document_changes and edits.change_annotation_support and actions.honors_change_annotations
            ),
            shows_documents=bool(window.show_document and window.show_document.support),
            text_documents=bool(contents and contents.dynamic_registration),
            registers_links=bool(document.document_link and document.document_link.dynamic_registration),
            changed=announced.get("changed") is True,
            verifies=announced.get("verify") is True,
            command_links=announced.get("commandLinks") is True,
        )


def _prefers_markdown(hover: types.HoverClientCapabilities | None) -> bool:
    formats = (hover.content_format if hover else None) or ()
    return next(iter(formats), None) == types.MarkupKind.Markdown
