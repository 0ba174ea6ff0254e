"""The fixes of the findings of an open dump, as far as they may be offered."""

from __future__ import annotations

from pmat_lsp.analysis.result import LEAKED
from pmat_lsp.cures.model import Cure
from pmat_lsp.cures.offers import as_of
from pmat_lsp.server.dumps import Stamp
from pmat_lsp.session import Dump
from pmat_lsp.source.marks import MarkedFinding

_NANOSECONDS = 1e9


def fixes_of(dump: Dump, stamp: Stamp | None, marked: MarkedFinding) -> tuple[Cure, ...]:
    """The fixes of a finding in the texts as they are now, the safe ones first; none for what only holds itself.

    Runs in the worker. `stamp` tells when the dump was written; None: nobody knows, so every source may be newer.
    """
    if marked.finding.verdict != LEAKED:
        return ()
    written = stamp[0] / _NANOSECONDS if stamp else 0.0
    cures = as_of(written, marked, dump.cures(marked), dump.places.sources.is_unsaved)
    return tuple(sorted(cures, key=lambda cure: not cure.is_safe))
