"""Names for findings that stay the same from one dump of a program to the next."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence

from pmat_lsp.analysis.result import Finding, Hop, Location

_DIGITS = 8
_ADDRESS = re.compile(r"\(0x[0-9a-f]+\)")


def finding_ids(findings: Sequence[Finding]) -> tuple[str, ...]:
    """`container-capture-1f0c3a9e`: of each finding, made from its code, classes and cycle, not from its numbers.

    Of findings that are alike in all of these, the later ones have `-2`, `-3` behind it.
    """
    seen: Counter[str] = Counter()
    ids = []
    for finding in findings:
        name = f"{finding.code}-{fingerprint(finding)}"
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return tuple(ids)


def fingerprint(finding: Finding, where: Callable[[Location], str] = str) -> str:
    """A hash of the classes and the steps of the cycle: the same for findings of one bug, whatever the verdict.

    `where` tells a place of code. Dumps of a program that lies elsewhere, or whose text was changed, are comparable
    where it tells what the places have in common.
    """
    steps = sorted(
        (hop.kind, _lasting_name(finding, hop), where(hop.location) if hop.location else "None")
        for hop in finding.cycle
    )
    told = repr((sorted(finding.classes), steps)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(told, digest_size=_DIGITS // 2).hexdigest()


def _lasting_name(finding: Finding, hop: Hop) -> str:
    """The name of a hop, without what differs from one run to the next."""
    # The same object is the first element today, and the third tomorrow.
    if hop.kind == "index":
        return ""
    # So it is with the keys of a hash that is no object, where something else tells the bug.
    if hop.kind == "key" and hop.source_desc not in finding.classes and (finding.classes or finding.closures):
        return ""
    return _ADDRESS.sub("", hop.name)
