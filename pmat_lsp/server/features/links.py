"""The links of a report, for clients that show its Markdown as it is written: addresses and places jump."""

from __future__ import annotations

import re

from lsprotocol import types

from pmat_lsp.errors import PmatError
from pmat_lsp.server.documents import write_document
from pmat_lsp.server.language_server import PmatServer, guarded
from pmat_lsp.server.loading import message_lines
from pmat_lsp.server.paths import path_of
from pmat_lsp.server.positions import Lines
from pmat_lsp.server.reports import SCHEME, SUFFIX, reports_folder
from pmat_lsp.source.model import Point, Range

_LINK = re.compile(r"(?<!\\)\[(?P<label>(?:\\.|[^\[\]\\])*)\]\((?P<target>(?:file|pmat):[^()\s]*)\)")
MOST_LINKS = 20_000


@guarded
async def document_link(ls: PmatServer, params: types.DocumentLinkParams) -> list[types.DocumentLink] | None:
    """Answer with the links of a report, and with nothing for any other document."""
    uri = params.text_document.uri
    if not _is_report(ls, uri):
        return None
    text = ls.workspace.get_text_document(uri).source
    lines = Lines(text, ls.state.encoding)
    links = []
    for row, line in enumerate(text.split("\n"), 1):
        for found in _LINK.finditer(line):
            where = lines.range(Range(Point(row, found.start("label")), Point(row, found.end("label"))))
            links.append(_link(ls, where, found["target"]))
    return links[:MOST_LINKS]


def _link(ls: PmatServer, where: types.Range, target: str) -> types.DocumentLink:
    # A client that cannot open our documents gets a file when the user asks for one.
    if target.startswith(f"{SCHEME}:") and not ls.state.client.text_documents:
        return types.DocumentLink(where, data=target)
    return types.DocumentLink(where, target)


@guarded
async def resolve(ls: PmatServer, link: types.DocumentLink) -> types.DocumentLink:
    """Make the document that a link leads to."""
    if isinstance(link.data, str):
        try:
            link.target = await write_document(ls, link.data)
        except PmatError as error:
            ls.tell(types.MessageType.Error, message_lines(error.message))
    return link


def _is_report(ls: PmatServer, uri: str) -> bool:
    path = path_of(uri)
    if path is None:
        return uri.startswith(f"{SCHEME}:")
    return ls.state.reports is not None and path.suffix == SUFFIX and path.parent == reports_folder(ls.state)
