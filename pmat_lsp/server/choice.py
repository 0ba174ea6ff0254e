"""The dumps that a client can offer to choose from: those that are open, and those that the settings let find."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from pmat_lsp.render.escape import visible
from pmat_lsp.server.dumps import Stamp
from pmat_lsp.server.paths import same_file_key, uri_of
from pmat_lsp.server.state import State

_LONGEST = 1000


def choice_data(state: State) -> list[dict[str, object]]:
    """The value of `dumps` in `pmat/leaks`, the dump that was written last first."""
    opened = {same_file_key(one.dump.path): one for one in state.dumps}
    front = next(iter(opened), None)
    # What is open and no glob matches, or is gone, is as it was when it was opened.
    rows: dict[str, tuple[Path, Stamp | None]] = {key: (one.dump.path, one.stamp) for key, one in opened.items()}
    rows |= {same_file_key(one.path): (one.path, one.stamp) for one in state.watch.found}
    newest_first = sorted(rows.items(), key=lambda row: (-(row[1][1] or (0, 0))[0], row[1][0]))
    return [
        {
            "uri": uri_of(path),
            "name": visible(path.name),
            "path": visible(str(path), _LONGEST),
            "when": time_text(stamp),
            "open": key in opened,
            "front": key == front,
        }
        for key, (path, stamp) in newest_first
    ]


def time_text(stamp: Stamp | None) -> str | None:
    """When a file was last changed, as ISO 8601 in UTC; None for one that is not there."""
    if stamp is None:
        return None
    return datetime.fromtimestamp(stamp[0] // 1_000_000_000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
