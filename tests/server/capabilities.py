"""What real clients announce, and a reader of all that a server sends which finds what was not announced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import clients

Json = Mapping[str, Any]
OWN = Path(__file__).parent / "data"
RECORDED = Path(clients.__file__).parent
"""Those that come with pytest-lsp."""

FILES = {
    "VS Code": OWN / "vscode_1.99.json",
    "Neovim": RECORDED / "neovim_v0.11.0.json",
    "Emacs": RECORDED / "emacs_v29.1.json",
    "Helix": OWN / "helix_2026.07.json",
}
"""VS Code's was computed by vscode-languageclient 10.1.2, Helix' follows its `initialize`."""

_REQUESTS = {
    "window/workDoneProgress/create": "window.workDoneProgress",
    "window/showDocument": "window.showDocument.support",
    "workspace/configuration": "workspace.configuration",
    "workspace/applyEdit": "workspace.applyEdit",
    "workspace/codeLens/refresh": "workspace.codeLens.refreshSupport",
    "workspace/inlayHint/refresh": "workspace.inlayHint.refreshSupport",
    "workspace/semanticTokens/refresh": "workspace.semanticTokens.refreshSupport",
    "workspace/diagnostic/refresh": "workspace.diagnostics.refreshSupport",
    "workspace/textDocumentContent/refresh": "workspace.textDocumentContent.dynamicRegistration",
}
"""By method: what a client announces that answers it. `client/registerCapability` is looked into."""
_ALWAYS = {"window/logMessage", "window/showMessage", "textDocument/publishDiagnostics"}
"""Notifications that every client must take."""
_REGISTERED = {
    "workspace/didChangeConfiguration": "workspace.didChangeConfiguration",
    "workspace/didChangeWatchedFiles": "workspace.didChangeWatchedFiles",
    "workspace/textDocumentContent": "workspace.textDocumentContent",
    "textDocument/documentLink": "textDocument.documentLink",
}
_DIAGNOSTIC = {
    "relatedInformation": "relatedInformation",
    "tags": "tagSupport",
    "codeDescription": "codeDescriptionSupport",
    "data": "dataSupport",
}
"""By key of a diagnostic: what a client announces under `publishDiagnostics` that reads it."""
_PROVIDERS = {
    "callHierarchyProvider": "callHierarchy",
    "typeHierarchyProvider": "typeHierarchy",
    "codeLensProvider": "codeLens",
    "inlayHintProvider": "inlayHint",
    "documentLinkProvider": "documentLink",
    "diagnosticProvider": "diagnostic",
}
_LINKS = re.compile(r"\]\((command|pmat):")


@dataclass(frozen=True)
class Announced:
    """What a client said of itself before the server sent anything."""

    capabilities: Json
    options: Json

    def has(self, path: str) -> bool:
        """Whether there is something true at a dotted path of the capabilities."""
        found: Any = self.capabilities
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found is not None and found is not False

    def structured(self) -> types.ClientCapabilities:
        """As the client of the tests takes them."""
        converter = default_converter()  # type: ignore[no-untyped-call]
        return converter.structure(self.capabilities, types.ClientCapabilities)  # type: ignore[no-any-return]

    def announces(self, option: str) -> bool:
        """Whether it is one of our own that is switched on in the options, as `changed`."""
        return self.options.get("client", {}).get(option) is True


def announced_by(name: str, options: Json) -> Announced:
    """One of `FILES`."""
    return Announced(json.loads(FILES[name].read_text())["capabilities"], options)


def unannounced(messages: Sequence[Json], client: Announced) -> list[str]:
    """What a server sent that the client did not announce.

    The id of each request that the client sent must begin with its method and a blank: so the answer tells what it is.
    """
    begun: set[Any] = set()
    pulls = False
    found: list[str] = []
    for message in messages:
        method, params = message.get("method"), message.get("params") or {}
        if method == "window/workDoneProgress/create":
            begun.add(params["token"])
        pulls = pulls or _is_pulled(message)
        if pulls and method == "textDocument/publishDiagnostics":
            found.append("diagnostics for a client that comes for them")
        if method is None:
            found += _answer(message, client)
        elif method == "$/progress":
            found += [] if params["token"] in begun else ["$/progress with a token that nobody made"]
        elif "id" in message:
            found += _request(method, params, client)
        else:
            found += _notification(method, params, client)
    return found


def _is_pulled(message: Json) -> bool:
    """Whether the server says that it is asked for diagnostics."""
    result = message.get("result")
    return isinstance(result, Mapping) and bool(result.get("capabilities", {}).get("diagnosticProvider"))


def _request(method: str, params: Json, client: Announced) -> Iterator[str]:
    if method == "client/registerCapability":
        for one in params["registrations"]:
            path = _REGISTERED.get(one["method"])
            if path is None or not client.has(f"{path}.dynamicRegistration"):
                yield f"registration of {one['method']}"
    elif method not in _REQUESTS or not client.has(_REQUESTS[method]):
        yield method


def _notification(method: str, params: Json, client: Announced) -> Iterator[str]:
    if method == "pmat/changed" and client.announces("changed"):
        return
    if method not in _ALWAYS:
        yield method
    if method == "textDocument/publishDiagnostics":
        if params.get("version") is not None and not client.has("textDocument.publishDiagnostics.versionSupport"):
            yield "version of diagnostics"
        for diagnostic in params["diagnostics"]:
            yield from _diagnostic(diagnostic, client)


def _diagnostic(diagnostic: Json, client: Announced) -> Iterator[str]:
    for key, capability in _DIAGNOSTIC.items():
        if diagnostic.get(key) is not None and not client.has(f"textDocument.publishDiagnostics.{capability}"):
            yield f"{key} of a diagnostic"
    if not isinstance(diagnostic["message"], str):
        yield "markup in the message of a diagnostic"


def _answer(message: Json, client: Announced) -> Iterator[str]:
    asked, result = str(message["id"]).partition(" ")[0], message.get("result")
    if isinstance(result, Mapping) and "serverInfo" in result:
        yield from _initialize(result["capabilities"], client)
    elif asked == "textDocument/hover" and result:
        kinds = client.capabilities.get("textDocument", {}).get("hover", {}).get("contentFormat", ["plaintext"])
        if result["contents"]["kind"] not in kinds:
            yield f"hover in {result['contents']['kind']}"
        yield from _markdown(result["contents"]["value"], client)
    elif asked == "textDocument/definition" and result:
        links = result if isinstance(result, list) else [result]
        if any("targetUri" in one for one in links) and not client.has("textDocument.definition.linkSupport"):
            yield "links of a definition"
    elif asked in ("textDocument/diagnostic", "workspace/diagnostic") and result:
        yield from _pulled(result, client)
    elif asked == "textDocument/codeAction":
        for action in result or ():
            yield from _code_action(action, client)
    if asked in ("workspace/symbol", "textDocument/documentLink") and not client.has(
        "workspace.textDocumentContent.dynamicRegistration"
    ):
        places = [one.get("target") or one.get("location", {}).get("uri") or "" for one in result or ()]
        yield from (f"{asked} to {place}" for place in places if place.startswith("pmat:"))


def _pulled(result: Json, client: Announced) -> Iterator[str]:
    related = result.get("relatedDocuments") or {}
    if related and not client.has("textDocument.diagnostic.relatedDocumentSupport"):
        yield "related documents of diagnostics"
    reports = [result, *related.values()] if "kind" in result else result["items"]
    for report in reports:
        for diagnostic in report.get("items", ()):
            yield from _diagnostic(diagnostic, client)


def _markdown(text: str, client: Announced) -> Iterator[str]:
    for scheme in set(_LINKS.findall(text)):
        documents = client.has("workspace.textDocumentContent.dynamicRegistration")
        if not (client.announces("commandLinks") if scheme == "command" else documents):
            yield f"{scheme}: links in a hover"


def _initialize(capabilities: Json, client: Announced) -> Iterator[str]:
    encodings = client.capabilities.get("general", {}).get("positionEncodings", ["utf-16"])
    if capabilities.get("positionEncoding", "utf-16") not in encodings:
        yield f"columns in {capabilities['positionEncoding']}"
    if capabilities.get("diagnosticProvider") and not client.has("workspace.diagnostics.refreshSupport"):
        yield "diagnosticProvider without a refresh"
    for provider, capability in _PROVIDERS.items():
        if capabilities.get(provider) and not client.has(f"textDocument.{capability}"):
            yield provider


def _code_action(action: Json, client: Announced) -> Iterator[str]:
    supported = {
        "isPreferred": "textDocument.codeAction.isPreferredSupport",
        "disabled": "textDocument.codeAction.disabledSupport",
        "data": "textDocument.codeAction.dataSupport",
        "kind": "textDocument.codeAction.codeActionLiteralSupport",
    }
    for key, path in supported.items():
        if action.get(key) is not None and not client.has(path):
            yield f"{key} of a code action"
    edit = action.get("edit") or {}
    if edit.get("documentChanges") is not None and not client.has("workspace.workspaceEdit.documentChanges"):
        yield "documentChanges of an edit"
    annotated = client.has("workspace.workspaceEdit.changeAnnotationSupport")
    if edit.get("changeAnnotations") is not None and not (
        annotated and client.has("textDocument.codeAction.honorsChangeAnnotations")
    ):
        yield "changeAnnotations of an edit"
