"""The diagnostics of a dump: one at each leaked closure, fainter ones at what else is on its cycle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from pmat_lsp.analysis.result import SELF_HELD
from pmat_lsp.render.escape import visible
from pmat_lsp.server.client import Client
from pmat_lsp.server.messages import capture_message, closure_message, leak_message
from pmat_lsp.server.paths import same_file_key
from pmat_lsp.session import Dump
from pmat_lsp.source.marks import MarkedFinding, Note
from pmat_lsp.source.model import Range

MOST_A_FILE = 250
"""So many diagnostics a file can have, those of the heaviest findings: more keep the event loop while they are sent."""
MOST_ADDRESSES = 20
"""So many addresses of leaked islands go into the data of a diagnostic."""
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
    "hint": types.DiagnosticSeverity.Hint,
}


@dataclass(frozen=True)
class Target:
    """For whom the diagnostics are."""

    client: Client
    severity: str
    """One of `pmat_lsp.server.settings.SEVERITIES`: where something leaked."""
    self_held_severity: str
    """The same where something only holds itself."""
    uri: Callable[[Path], str]
    """The URI of a file as the client writes it."""
    range: Callable[[Path, Range], types.Range]
    """A range of a file as the client counts it."""


@dataclass(frozen=True)
class FileMarks:
    """The diagnostics of one file."""

    path: Path
    diagnostics: tuple[types.Diagnostic, ...]
    left_out: int = 0
    """How many more were found; some of them may be equal."""


def diagnostics_of(dump: Dump, marked: tuple[MarkedFinding, ...], target: Target) -> list[FileMarks]:
    """All diagnostics, by file; a file that has none is left out, and so are findings that a comment ignores."""
    found: dict[str, tuple[Path, list[types.Diagnostic]]] = {}
    left_out: Counter[str] = Counter()
    for one in [one for one in marked if one.ignored is None]:
        for path, diagnostic in _diagnostics(dump, one, target):
            key = same_file_key(path)
            _, diagnostics = found.setdefault(key, (path, []))
            if len(diagnostics) == MOST_A_FILE:
                left_out[key] += 1
            elif diagnostic not in diagnostics:
                diagnostics.append(diagnostic)
    return [FileMarks(path, tuple(diagnostics), left_out[key]) for key, (path, diagnostics) in found.items()]


def _diagnostics(dump: Dump, marked: MarkedFinding, target: Target) -> list[tuple[Path, types.Diagnostic]]:
    mark = marked.mark
    if mark is None:
        return []
    # Where the place is a guess it is greyed: the eye is not led to what may have nothing to do with it.
    guessed = marked.place is not None and marked.place.status == "stale"
    main = types.Diagnostic(
        range=target.range(mark.path, mark.range),
        message=leak_message(marked),
        severity=types.DiagnosticSeverity.Hint if guessed else _SEVERITIES[_severity(marked, target)],
        tags=[types.DiagnosticTag.Unnecessary] if guessed and target.client.faded else None,
        code=marked.finding.code,
        source="pmat",
        related_information=_related(marked, mark, target) if target.client.related_information else None,
        data=_data(dump, marked) if target.client.diagnostic_data else None,
    )
    return [(mark.path, main), *_faint(marked, mark, target)]


def _severity(marked: MarkedFinding, target: Target) -> str:
    return target.self_held_severity if marked.finding.verdict == SELF_HELD else target.severity


def _related(marked: MarkedFinding, mark: Note, target: Target) -> list[types.DiagnosticRelatedInformation]:
    return [
        types.DiagnosticRelatedInformation(
            types.Location(target.uri(note.path), target.range(note.path, note.range)), visible(note.text)
        )
        for note in marked.notes
        if (note.path, note.range) != (mark.path, mark.range)
    ]


def _data(dump: Dump, marked: MarkedFinding) -> dict[str, object]:
    addresses = [f"{address:#x}" for address in marked.finding.addresses[:MOST_ADDRESSES]]
    return {"dump": str(dump.path), "addresses": addresses}


def _faint(marked: MarkedFinding, mark: Note, target: Target) -> list[tuple[Path, types.Diagnostic]]:
    """Hints at the uses of captured lexicals, and at the other closures of the finding."""
    places: list[tuple[Path, Range, str]] = [
        (note.path, note.range, capture_message(marked, note.text)) for note in marked.notes if note.kind == "captured"
    ]
    for closure, place in zip(marked.finding.closures, marked.closures, strict=True):
        if place.path is not None and place.keyword is not None and place.sub is not None:
            places.append((place.path, place.keyword, closure_message(marked, closure)))
    return [
        (path, _hint(marked, target.range(path, range_), text))
        for path, range_, text in places
        if (path, range_) != (mark.path, mark.range)
    ]


def _hint(marked: MarkedFinding, range_: types.Range, text: str) -> types.Diagnostic:
    code = marked.finding.code
    return types.Diagnostic(range_, text, severity=types.DiagnosticSeverity.Hint, code=code, source="pmat")
