"""What is in the documents that `server.reports` names, and how a client is shown one."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types

from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.analysis.lookup import find_sv
from pmat_lsp.catalogue.words import parse_words
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Progress as HeapProgress
from pmat_lsp.render.document import Linker, answer_document, finding_document, leaks_document
from pmat_lsp.render.escape import without_modelines
from pmat_lsp.render.markdown import Document, to_markdown
from pmat_lsp.server.asking import ask_dump, ask_question, question_named
from pmat_lsp.server.dumps import is_dump_name, named_dump
from pmat_lsp.server.language_server import LONGEST_WAIT, PmatServer
from pmat_lsp.server.paths import uri_of
from pmat_lsp.server.progress import Progress
from pmat_lsp.server.reports import LEAKS, SCHEME, SHOW, SUFFIX, finding_uri, reports_folder, sv_uri
from pmat_lsp.server.state import OpenDump, State
from pmat_lsp.server.threads import in_daemon_thread
from pmat_lsp.session import Dump

_LONGEST_NAME = 100
_NO_NAME = re.compile(r"[^A-Za-z0-9.]+")


@dataclass(frozen=True, slots=True)
class Opened:
    """A document that the client was asked to show."""

    uri: str
    shown: bool
    text: str | None
    """The Markdown, for a client that shows none."""


async def document_text(ls: PmatServer, uri: str, progress: HeapProgress) -> str:
    """The Markdown of a document.

    Raises:
        PmatError: there is no such document, or it cannot be made.
    """
    head, name, query = _parsed(uri)
    if head == "run":
        return to_markdown(await _answer(ls, name, query, progress))
    if head == "sv":
        return to_markdown(await _sv(ls, name, progress))
    return to_markdown(await ask_dump(ls, partial(_leaks, state=ls.state, only=name), progress))


async def open_document(ls: PmatServer, uri: str) -> Opened:
    """Show a document to the user, as well as the client can.

    Raises:
        PmatError: it cannot be made.
    """
    async with Progress(ls, "heap report") as progress:
        text = await progress.or_cancelled(document_text(ls, uri, progress.from_thread()))
    client = ls.state.client
    target = uri if client.text_documents else await in_daemon_thread(partial(_write, ls.state, uri, text))
    shown = client.shows_documents and await _show(ls, target)
    return Opened(target, shown, None if shown else text)


async def write_document(ls: PmatServer, uri: str) -> str:
    """The URI of a file with the document.

    Raises:
        PmatError: it cannot be made.
    """
    text = await document_text(ls, uri, lambda *_: None)
    return await in_daemon_thread(partial(_write, ls.state, uri, text))


def _parsed(uri: str) -> tuple[str, str, str]:
    """(`leaks`, `sv` or `run`; the name behind it or ""; the words of the query)."""
    parts = urlsplit(uri)
    head, _, name = unquote(parts.path).strip("/").removesuffix(SUFFIX).partition("/")
    if parts.scheme != SCHEME or head not in ("leaks", "sv", "run") or (head != "leaks" and not name):
        raise PmatError(f"there is no document {uri!r}", f"There are {LEAKS}, {SCHEME}:/sv/0x…{SUFFIX} and others.")
    return head, name, unquote(parts.query)


async def _answer(ls: PmatServer, name: str, query: str, progress: HeapProgress) -> Document:
    question = question_named(name)
    try:
        words = shlex.split(query)
    except ValueError as error:
        raise PmatError(f"{name}: the words cannot be read: {error}") from None
    named = 0
    if question.dumps != (1, 1):
        named = next((at for at, word in enumerate(words) if not is_dump_name(word)), len(words))
    paths = [named_dump(word, ls.state.folders) for word in words[:named]]
    reply = await ask_question(ls, question, parse_words(question, words[named:]), paths, progress)
    title = f"{name} {shlex.join(words)}".strip()
    if ls.state.dump_path is None:
        return answer_document(title, reply.answer, Linker(lambda _: None, lambda *_: None, finding_uri, Path()))
    return await ask_dump(ls, lambda opened, _: answer_document(title, reply.answer, linker_of(opened.dump, ls.state)))


async def _sv(ls: PmatServer, name: str, progress: HeapProgress) -> Document:
    """What it is, how it is reached, what it refers to."""
    blocks: Document = ()
    for question, more in (("show", ""), ("size", ""), ("identify", ""), ("inrefs", "--all"), ("outrefs", "--all")):
        blocks += await _answer(ls, question, f"{shlex.quote(name)} {more}", progress)
    return blocks


def _leaks(opened: OpenDump, _progress: HeapProgress, state: State, only: str) -> Document:
    """Runs in the worker."""
    dump, report = opened.dump, opened.dump.leaks.report
    found = tuple(zip(finding_ids(report.all_findings), dump.all_marked, strict=True))
    linker = linker_of(dump, state)
    if not only:
        return leaks_document(dump.path.name, report, found, linker)
    marked = dict(found).get(only)
    if marked is None:
        raise PmatError(f"there is no finding {only!r} in this dump", f"{LEAKS} has them all.")
    return finding_document(only, marked, linker)


def linker_of(dump: Dump, state: State) -> Linker:
    """The links of a document about a dump, for its client; to be used in the worker."""

    def sv(text: str) -> str | None:
        try:
            find_sv(dump.heap, text)
        except PmatError:
            return None
        return _command(SHOW, text) if state.client.command_links and not state.client.text_documents else sv_uri(text)

    def place(file: str, line: int) -> str | None:
        found = dump.places.locate(file).path
        return f"{state.texts.uri(found)}#L{line}" if found and line else None

    return Linker(sv, place, finding_uri, next(iter(state.folders), dump.path.parent))


def hover_linker(opened: OpenDump, state: State) -> Linker:
    """The links of a hover: to the names of files of the heap's subs, and to SVs where the client can show one."""
    client = state.client

    def sv(text: str) -> str | None:
        if client.command_links:
            return _command(SHOW, text)
        return sv_uri(text) if client.text_documents else None

    def place(file: str, line: int) -> str | None:
        # Of a value that looks like a place nobody wants to wait for the search through the workspace.
        here = opened.dump.line_here(file, line) if opened.sites.is_recorded(file) else None
        return f"{state.texts.uri(here[0])}#L{here[1]}" if here else None

    return Linker(sv, place, finding_uri, Path())


def _command(name: str, argument: str) -> str:
    return f"command:{name}?{quote(json.dumps([argument]), safe='')}"


def _write(state: State, uri: str, text: str) -> str:
    name = _NO_NAME.sub("-", unquote(uri.partition(":/")[2])).removesuffix(SUFFIX).strip("-.")
    if len(name) > _LONGEST_NAME:
        # Reports about long paths must not end up in one file.
        name = f"{name[:_LONGEST_NAME]}-{blake2b(uri.encode(), digest_size=4).hexdigest()}"
    path = reports_folder(state) / f"{name}{SUFFIX}"
    path.write_text(without_modelines(text) + "\n", encoding="utf-8", errors="backslashreplace")
    return uri_of(path)


async def _show(ls: PmatServer, uri: str) -> bool:
    params = types.ShowDocumentParams(uri, external=False, take_focus=True)
    try:
        return (await asyncio.wait_for(ls.window_show_document_async(params), LONGEST_WAIT)).success
    except Exception as error:
        ls.log(types.MessageType.Log, f"the client does not show {uri}: {error}")
        return False
