"""Names for findings that stay the same from one dump of a program to the next."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from pmat_lsp.analysis.result import Finding

_DIGITS = 8


def finding_ids(findings: Sequence[Finding]) -> tuple[str, ...]:
    """`container-capture-1f0c3a9e`: of each finding, made from its code, classes and cycle, not from its numbers.

    Of findings that are alike in all of these, the later ones have `-2`, `-3` behind it.
    """
    seen: Counter[str] = Counter()
    ids = []
    for finding in findings:
        name = _name(finding)
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return tuple(ids)


def _name(finding: Finding) -> str:
    # An index says nothing: the same object is the first element today, and the third tomorrow.
    steps = sorted((hop.kind, "" if hop.kind == "index" else hop.name, str(hop.location)) for hop in finding.cycle)
    told = repr((sorted(finding.classes), steps)).encode("utf-8", "backslashreplace")
    return f"{finding.code}-{hashlib.blake2b(told, digest_size=_DIGITS // 2).hexdigest()}"
