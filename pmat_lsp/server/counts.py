"""The short counts that code lenses and inlay hints show: where, and what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from pmat_lsp.analysis.closures import clones_at
from pmat_lsp.render.hover import class_title, counts_title
from pmat_lsp.server.features.references import leads_somewhere
from pmat_lsp.server.positions import Encoding, Lines
from pmat_lsp.server.state import OpenDump
from pmat_lsp.source.words import packages_of


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a sub or a class."""

    range: types.Range
    """Of the word `sub`, or of the name of the class."""
    title: str
    is_sub: bool
    address: str
    """Of a clone, or of the object that keeps most alive, as people write it."""


def counts_in(opened: OpenDump, path: Path, encoding: Encoding) -> list[Counts]:
    """The counts of every closure, every leaked sub and every class with objects, in the order of the text."""
    source = opened.sites.text(path)
    if source is None:
        return []
    lines, sites = Lines(source.text, encoding), opened.sites
    found = []
    for known in sites.all_known(path, source):
        if leads_somewhere(known):
            title = counts_title(known.facts.live, known.facts.leaked, sites.retained(known))
            address = _address(opened, int(clones_at(opened.dump.heap, known.facts.site)[0]))
            found.append(Counts(lines.range(known.sub.keyword), title, is_sub=True, address=address))
    for package in packages_of(source):
        if len(sites.classes.objects(package.name)):
            facts = sites.class_facts(package.name)
            title = class_title(facts)
            address = _address(opened, facts.biggest)
            found.append(Counts(lines.range(package.range), title, is_sub=False, address=address))
    return sorted(found, key=lambda counts: (counts.range.start.line, counts.range.start.character))


def _address(opened: OpenDump, sv: int) -> str:
    return f"{opened.dump.heap.address_of(sv):#x}"
