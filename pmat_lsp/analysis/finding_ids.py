"""Names for findings that stay the same from one dump of a program to the next."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

from pmat_lsp.analysis.blanks import blanked, numberless
from pmat_lsp.analysis.result import Finding, Hop, Location, is_plain

_DIGITS = 8


def finding_ids(findings: Sequence[Finding]) -> tuple[str, ...]:
    """`container-capture-1f0c3a9e`: of each finding, made from its code, classes and cycle, not from its numbers.

    Of findings that are alike in all of these, all but one have `-2`, `-3` behind it.
    """
    seen: Counter[str] = Counter()
    ids = [f"{finding.code}-{fingerprint(finding)}" for finding in findings]
    # Which of them is the heaviest may change from one dump to the next.
    for at in sorted(range(len(ids)), key=lambda at: _subs(findings[at])):
        name = ids[at]
        seen[name] += 1
        if seen[name] > 1:
            ids[at] = f"{name}-{seen[name]}"
    return tuple(ids)


def fingerprint(finding: Finding, where: Callable[[Location], str] = str) -> str:
    """A hash of the classes and the steps of the cycle: the same for findings of one bug, whatever the verdict.

    `where` tells a place of code. Dumps of a program that lies elsewhere, or whose text was changed, are comparable
    where it tells what the places have in common.
    """
    steps = sorted(
        {
            (hop.kind, _step_name(finding, hop), blanked(where(hop.location)) if hop.location else "")
            for hop in finding.cycle
        }
    )
    told = repr((sorted(map(blanked, finding.classes)), steps)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(told, digest_size=_DIGITS // 2).hexdigest()


def _step_name(finding: Finding, hop: Hop) -> str:
    """What a step is called in every run: the island that is told is another one the next time."""
    # An index says nothing: the same object is the first element today, and the third tomorrow.
    if hop.kind == "index":
        return ""
    if hop.kind != "key":
        return hop.name
    # Where there is a class or a sub, keys of plain hashes tell no shape: they are often data.
    if is_plain(hop.source_desc) and (finding.classes or finding.closures):
        return ""
    return numberless(hop.name)


def _subs(finding: Finding) -> list[tuple[str, tuple[str, ...]]]:
    """What is on its cycles besides the one that the name is made of."""
    return [(blanked(str(closure.location)), closure.padnames) for closure in finding.closures]
