"""A recorded session of an editor: what the client sent, small, and of no machine.

A recording is JSON lines, packed with xz. The first is an object: what the client answered, by method of the server's
requests. Each other line is a message of the client, in its order, where

- `<workspace>`, `<dump>` and `<sources>` stand for the paths of the folder that is open, of the dump, and of the folder
  in which the program ran that wrote it;
- an edit has `edit` in the place of the whole text: how many characters stay at the start and at the end, and what is
  between them now;
- `{"answer": [n, key…]}` stands for a part of the answer to the request with the id n, which the client sent back;
- `expects` tells whether the answer to a request had something in it;
- `{"pause": true}` stands where the user read for a moment.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = Any
Message = dict[str, Json]
PAUSE = 0.25
"""Seconds without a message of the client that are a pause."""
_LEFT_OUT = frozenset({"$/cancelRequest", "shutdown", "exit"})
_FILTERS: list[dict[str, Any]] = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
_OF_ONE_DUMP = re.compile(r"0x[0-9a-f]+$|pmat:/(?!leaks\.md)")
_MOST_ANSWERS = 100
"""So many answers back is looked for a part that was sent back."""


@dataclass(frozen=True)
class Recording:
    """What `read_recording` finds."""

    answers: Mapping[str, Json]
    """What the client answered, by method."""
    messages: Sequence[Message]
    """With texts of documents as a whole; parts of answers and `expects` and `pause` as above."""

    def settings(self) -> Iterator[dict[str, Json]]:
        """The settings, wherever the client sends them: changing these changes what it sends."""
        yield from self.answers["workspace/configuration"]
        for message in self.messages:
            params = message.get("params") or {}
            for given in (params.get("initializationOptions"), params.get("settings")):
                if given:
                    yield given["pmat"]


def read_recording(path: Path, places: Mapping[str, str]) -> Recording:
    """A recording, for the paths of this machine: of `workspace`, `dump` and `sources`."""
    text = lzma.decompress(path.read_bytes()).decode()
    for name, place in places.items():
        text = text.replace(f"<{name}>", json.dumps(place)[1:-1])
    first, *lines = text.splitlines()
    return Recording(json.loads(first), list(_with_texts(json.loads(line) for line in lines)))


def write_recording(path: Path, log: Path, places: Mapping[str, str]) -> None:
    """Make a recording of what `tee` noted; `places` are the paths that it names."""
    text = log.read_text(encoding="utf-8")
    # The longest first: one may lie in another.
    for name, place in sorted(places.items(), key=lambda pair: -len(pair[1])):
        text = text.replace(json.dumps(place)[1:-1], f"<{name}>")
    entries = [json.loads(line) for line in text.splitlines()]
    lines = [client_answers(entries), *_with_edits(portable(entries))]
    packed = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
    path.write_bytes(lzma.compress(packed.encode(), filters=_FILTERS))


def client_answers(entries: Sequence[Message]) -> Message:
    """The last answer of the client to each method of the server."""
    requests = (one["message"] for one in entries if one["from"] == "server" and "method" in one["message"])
    asked = {request.get("id"): request["method"] for request in requests}
    answers = [one["message"] for one in entries if one["from"] == "client" and "method" not in one["message"]]
    return {asked[answer["id"]]: answer.get("result") for answer in answers}


def portable(entries: Sequence[Message]) -> Iterator[Message]:
    """The messages of the client, without what belongs to that one run."""
    replies = (one["message"] for one in entries if one["from"] == "server" and "method" not in one["message"])
    results = {reply["id"]: reply.get("result") for reply in replies}
    before: float | None = None
    asked: list[int] = []
    for entry in entries:
        message = entry["message"]
        if entry["from"] == "server" or message.get("method", "$/cancelRequest") in _LEFT_OUT:
            continue
        if before is not None and entry["at"] - before > PAUSE:
            yield {"pause": True}
        before = entry["at"]
        kept = {key: message[key] for key in ("id", "method", "params") if key in message}
        if "id" in kept:
            kept["expects"] = bool(results.get(kept["id"]))
            # A command may show a document before it answers: what counts is that it was asked before.
            recent = {number: results[number] for number in reversed(asked[-_MOST_ANSWERS:]) if results.get(number)}
            kept["params"] = _with_answers(kept["params"], recent)
            asked.append(kept["id"])
        yield kept


def with_parts(value: Json, part: Callable[[Sequence[Json]], Json]) -> Json:
    """`value` with `part([n, key…])` in the place of each part of an answer."""
    if isinstance(value, dict):
        if value.keys() == {"answer"}:
            return part(value["answer"])
        return {key: with_parts(child, part) for key, child in value.items()}
    return [with_parts(child, part) for child in value] if isinstance(value, list) else value


def _with_answers(value: Json, recent: Mapping[int, Json]) -> Json:
    """The reverse: what only the server can have told is the part of the newest answer that has it."""
    if _is_of_server(value):
        for number, result in recent.items():
            way = _way(value, result)
            if way is not None:
                return {"answer": [number, *way]}
    if isinstance(value, dict):
        return {key: _with_answers(child, recent) for key, child in value.items()}
    return [_with_answers(child, recent) for child in value] if isinstance(value, list) else value


def _is_of_server(value: Json) -> bool:
    """An address, a report, or an item with data of the server's own, which belong to one dump."""
    return "data" in value if isinstance(value, dict) else isinstance(value, str) and bool(_OF_ONE_DUMP.match(value))


def _way(wanted: Json, within: Json) -> list[Json] | None:
    if wanted == within:
        return []
    children: Iterable[tuple[Json, Json]] = ()
    if isinstance(within, dict):
        children = within.items()
    elif isinstance(within, list):
        children = enumerate(within)
    for key, child in children:
        way = _way(wanted, child)
        if way is not None:
            return [key, *way]
    return None


def _with_edits(messages: Iterable[Message]) -> Iterator[Message]:
    """With what differs in the place of each whole text."""

    def shorten(before: str, params: Message) -> tuple[str, Message]:
        after = params["contentChanges"][0]["text"]
        return after, {"edit": edit_between(before, after)}

    return _converted(messages, shorten)


def _with_texts(messages: Iterable[Message]) -> Iterator[Message]:
    """The reverse."""

    def lengthen(before: str, params: Message) -> tuple[str, Message]:
        start, end, new = params["edit"]
        after = before[:start] + new + before[len(before) - end :]
        return after, {"contentChanges": [{"text": after}]}

    return _converted(messages, lengthen)


def _converted(
    messages: Iterable[Message], convert: Callable[[str, Message], tuple[str, Message]]
) -> Iterator[Message]:
    """With each change of a whole text converted: the text before and the parameters, to the text after and others."""
    texts: dict[str, str] = {}
    for message in messages:
        params = message.get("params") or {}
        document = params.get("textDocument", {})
        if message.get("method") == "textDocument/didOpen":
            texts[document["uri"]] = document["text"]
        if message.get("method") == "textDocument/didChange" and _is_whole(params):
            texts[document["uri"]], changed = convert(texts[document["uri"]], params)
            yield {**message, "params": {"textDocument": document, **changed}}
        else:
            yield message


def _is_whole(params: Message) -> bool:
    changes = params.get("contentChanges", ())
    return "edit" in params or (len(changes) == 1 and "range" not in changes[0])


def edit_between(before: str, after: str) -> tuple[int, int, str]:
    """(characters that stay at the start, and at the end, what is between them in `after`)."""
    shortest = min(len(before), len(after))
    start = next((at for at in range(shortest) if before[at] != after[at]), shortest)
    left = shortest - start
    end = next((at for at in range(left) if before[-1 - at] != after[-1 - at]), left)
    return start, end, after[start : len(after) - end]
