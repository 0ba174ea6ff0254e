"""The texts that are open in the editor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.server.paths import path_of, same_file_key, uri_of
from pmat_lsp.source.sources import Sources


@dataclass(frozen=True, slots=True)
class OpenText:
    """A document as the client last sent it."""

    uri: str
    """As the client writes it."""
    path: Path
    version: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A text that `Sources` have yet to hear of; `text` is None for one that was closed."""

    path: Path
    text: str | None


class Texts:
    """Lives on the event loop; what changed is handed over to the worker that uses the dumps."""

    def __init__(self) -> None:
        self._open: dict[str, OpenText] = {}
        self._changed: dict[str, Path] = {}

    def put(self, uri: str, version: int | None, text: str) -> None:
        """A document was opened or changed; one that is no file is passed over."""
        path = path_of(uri)
        if path is not None:
            self._open[same_file_key(path)] = OpenText(uri, path, version, text)
            self._changed[same_file_key(path)] = path

    def drop(self, uri: str) -> None:
        """A document was closed."""
        path = path_of(uri)
        if path is not None and self._open.pop(same_file_key(path), None) is not None:
            self._changed[same_file_key(path)] = path

    def uri(self, path: Path) -> str:
        """The URI of a file: as the client writes it, where it is open."""
        opened = self._open.get(same_file_key(path))
        return opened.uri if opened else uri_of(path)

    def version(self, path: Path) -> int | None:
        """The version of an open document, else None."""
        opened = self._open.get(same_file_key(path))
        return opened.version if opened else None

    def text(self, path: Path) -> str | None:
        """The text of an open document, else None."""
        opened = self._open.get(same_file_key(path))
        return opened.text if opened else None

    def paths(self) -> list[Path]:
        """Of every open document."""
        return [opened.path for opened in self._open.values()]

    def take_changes(self) -> list[Change]:
        """What changed since this was last asked."""
        changed, self._changed = self._changed, {}
        return [Change(path, self._open[key].text if key in self._open else None) for key, path in changed.items()]


def apply_changes(sources: Sources, changes: list[Change]) -> None:
    """Make the sources those of the texts."""
    for change in changes:
        if change.text is None:
            sources.drop_text(change.path)
        else:
            sources.set_text(change.path, change.text)
