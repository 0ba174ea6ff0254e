"""Where the reference along an edge of a cycle was stored: the places that may have done so, and how far that is known.

The class of the object is searched first, then its parents and roles, then whatever of the program names the key. Data
without a class were stored by a sub that names all keys of the cycle.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import islice
from pathlib import Path

from tree_sitter import Node

from pmat_lsp.analysis.leading_back import way_of
from pmat_lsp.analysis.result import Edge, Finding
from pmat_lsp.errors import PmatError
from pmat_lsp.source.key_stores import KeyStore, StoreKind, class_made, edge_stores, has_own_value, ties
from pmat_lsp.source.model import Range
from pmat_lsp.source.parameters import invocant_of, sub_around
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.places import Places
from pmat_lsp.source.reassigned import assignments_of
from pmat_lsp.source.syntax import everything, list_items, literal
from pmat_lsp.source.words import packages_of

MOST_TEXTS = 60
"""So many texts that name a key are looked at; where there are more, nothing is certain."""
_INHERITS = frozenset({"with", "extends"})
_ORDER = {
    StoreKind.ASSIGNED: 0,
    StoreKind.ADDED: 0,
    StoreKind.TIED: 0,
    StoreKind.SET: 1,
    StoreKind.ARGUMENT: 1,
    StoreKind.ATTRIBUTE: 2,
    StoreKind.INITIAL: 2,
}
"""Who does it by a statement of its own comes before what an object begins with."""


class Certainty(Enum):
    """How far a place is known."""

    CERTAIN = "certain"
    """It is the only one that the text allows."""
    PROBABLE = "probable"
    """There are others; or the text has changed."""
    UNKNOWN = "unknown"
    """There is none."""


@dataclass(frozen=True, slots=True)
class FoundStore:
    """A place that may have stored the reference."""

    path: Path
    store: KeyStore

    @property
    def range(self) -> Range:
        """Of the key."""
        return self.store.range


@dataclass(frozen=True, slots=True)
class FoundStores:
    """All of them, the likeliest first; one alone where that is certain."""

    stores: tuple[FoundStore, ...]
    certainty: Certainty


_Rank = tuple[int, int, int]


class StorePlaces:
    """Finds the places of one finding."""

    def __init__(self, places: Places, finding: Finding) -> None:
        self._places = places
        self._finding = finding
        self._classes = {source.name: source for source in finding.class_sources}
        self._known: dict[tuple[object, ...], FoundStores] = {}

    def of(self, edge: Edge, closure: tuple[Path, Range] | None = None) -> FoundStores:
        """The places that may have stored the reference along an edge.

        Args:
            edge: of the finding's cycle.
            closure: the file and the word `sub` of the closure that it leads to, where that is known.
        """
        # A long cycle has many edges that are alike.
        alike = (*map(way_of, edge.hops), edge.hops[-1].target_kind, edge.target, closure)
        if alike not in self._known:
            self._known[alike] = self._look(edge, closure)
        return self._known[alike]

    def _look(self, edge: Edge, closure: tuple[Path, Range] | None) -> FoundStores:
        if edge.hops[0].kind == "magic":
            return self._ties(edge)
        texts = self._naming(edge)
        ranked = self._of_data(edge, texts) if edge.holder is None else self._of_class(edge, edge.holder, texts)
        if closure is not None:
            ranked = [((0, *rank[1:]) if _is_sub(one, *closure) else rank, one) for rank, one in ranked]
            ranked += self._closure_itself(edge, *closure)
        ranked.sort(key=lambda pair: pair[0])
        stores = _without_declarations({(one.path, one.range): one for _, one in ranked}.values())
        is_itself = bool(ranked) and ranked[0][0][0] == 0
        is_only = len(stores) == 1 and len(texts) <= MOST_TEXTS and (edge.holder is not None or len(self._keys) > 1)
        return _found(stores, is_itself or is_only)

    def _of_class(
        self, edge: Edge, package: str, texts: Sequence[tuple[Path, PerlSource]]
    ) -> list[tuple[_Rank, FoundStore]]:
        """In the text of the object's own class, in those of its parents and roles, then in all others."""
        related = self._related(package)
        steps: list[tuple[Iterable[tuple[Path, PerlSource]], Collection[str] | None]] = [
            (self._files_of([package]), [package]),
            (self._files_of(related), related),
            (texts, None),
        ]
        found = []
        for step, (sources, packages) in enumerate(steps, 1):
            for path, source in sources:
                own = 0 if self._places.is_own(path) else 1
                for store in edge_stores(source, edge):
                    inside = packages is None or store.package in packages
                    if inside and self._is_of(store, package, {package, *related}) and self._may_be(store, edge):
                        found.append(((step, own, _ORDER[store.kind]), FoundStore(path, store)))
        return found

    def _of_data(self, edge: Edge, texts: Sequence[tuple[Path, PerlSource]]) -> list[tuple[_Rank, FoundStore]]:
        """In a sub that names all keys of the cycle; the one that stores the fewest things under the key first."""
        around: dict[tuple[Path, int], list[FoundStore]] = {}
        outside: list[FoundStore] = []
        for path, source in texts:
            for store in edge_stores(source, edge):
                if store.of_class is not None or not _names_all(source, source.root, self._keys):
                    continue
                sub = _innermost_with(source, store.node, self._keys)
                into = outside if sub is None else around.setdefault((path, sub.start_byte), [])
                into.append(FoundStore(path, store))
        stores = list(around.values()) or [outside]
        return [((1, len(some), _ORDER[one.store.kind]), one) for some in stores for one in some]

    def _closure_itself(self, edge: Edge, path: Path, keyword: Range) -> list[tuple[_Rank, FoundStore]]:
        """`key => sub { … }` of the closure that is held, whatever it stands in."""
        found = [FoundStore(path, store) for path, source in self._source(path) for store in edge_stores(source, edge)]
        return [((0, 0, 0), one) for one in found if _is_sub(one, path, keyword)]

    @cached_property
    def _keys(self) -> list[str]:
        """Of the cycle."""
        return list(dict.fromkeys(hop.name for hop in self._finding.cycle if hop.kind == "key"))

    @staticmethod
    def _is_of(store: KeyStore, package: str, related: set[str]) -> bool:
        """Whether the object that takes the value may be one of `package`."""
        if store.of_class is not None:
            # What a constructor of a parent blesses may be of any class below it.
            return store.of_class == package or (store.kind is StoreKind.INITIAL and store.of_class in related)
        if store.kind is StoreKind.ATTRIBUTE:
            return store.package in related
        if store.kind is StoreKind.INITIAL:
            return _is_blessed_later(store)
        made = _class_of_base(store)
        if made is not None:
            return made == package or made in related
        if store.base is not None and store.package not in related:
            sub = sub_around(store.source, store.node)
            invocant = invocant_of(store.source, sub) if sub is not None and sub.name is not None else None
            meant = store.source.lexicals.declaration_at(store.base)
            return invocant is None or meant is not invocant
        return store.kind is not StoreKind.SET or _is_set_by_accessor(store)

    def _may_be(self, store: KeyStore, edge: Edge) -> bool:
        """Whether the value may be an object of the class to which the edge leads: the text may say that it is not."""
        made = _class_of_value(store)
        return made is None or edge.target is None or made == edge.target or made in self._related(edge.target)

    def _related(self, package: str) -> list[str]:
        """Parents and roles: as the heap has them, and as the text of the class names them."""
        known = self._classes.get(package)
        found = list(known.related) if known is not None else []
        for _, source in self._files_of([package]):
            found += [name for name in _inherited(source, package) if name not in found]
        return found

    def _files_of(self, packages: Sequence[str]) -> Iterator[tuple[Path, PerlSource]]:
        """The files in which packages are written."""
        paths: dict[Path | None, None] = {}
        for name in packages:
            recorded = self._classes[name].files if name in self._classes else ()
            paths.update((self._places.locate(file).path, None) for file in recorded)
            paths[self._places.module(name)] = None
        for path in paths:
            if path is not None:
                yield from self._source(path)

    def _source(self, path: Path) -> Iterator[tuple[Path, PerlSource]]:
        try:
            yield path, self._places.source(path)
        except PmatError:
            return

    def _naming(self, edge: Edge) -> list[tuple[Path, PerlSource]]:
        """The program's own texts that may store something under the key of an edge; `MOST_TEXTS` and one more.

        Those of the classes on the cycle where there is no key.
        """
        hop = edge.hops[0]
        if hop.kind != "key":
            return list(self._files_of([*self._classes]))
        return list(islice(self._places.own_sources(_naming(hop.name)), MOST_TEXTS + 1))

    def _ties(self, edge: Edge) -> FoundStores:
        if edge.target is None:
            return _found((), False)
        own = self._places.own_sources(re.compile(r"\btie\b"))
        found = [FoundStore(path, store) for path, source in own for store in ties(source, edge.target)]
        named = [one for one in found if one.store.of_class is not None]
        stores = tuple(named or found)
        return _found(stores, len(stores) == 1 and bool(named))


def _found(stores: tuple[FoundStore, ...], is_certain: bool) -> FoundStores:
    if not stores:
        return FoundStores((), Certainty.UNKNOWN)
    return FoundStores(stores[:1], Certainty.CERTAIN) if is_certain else FoundStores(stores, Certainty.PROBABLE)


def _without_declarations(stores: Iterable[FoundStore]) -> tuple[FoundStore, ...]:
    """Without attributes that have no value of their own, if there is anything else: what sets them stores it."""
    found = tuple(stores)
    others = tuple(one for one in found if one.store.kind is not StoreKind.ATTRIBUTE or has_own_value(one.store))
    return others or found


def _naming(key: str) -> re.Pattern[str]:
    """What a text has that stores something under a key: `{key}`, `key =>`."""
    # The key may be a blank, and a text full of blanks would be gone through from each of them.
    return re.compile(rf"(?<!\w){re.escape(key)}(?!\w)['\"]?\s{{0,100}}(?:=>|\}}|\()")


def _is_sub(found: FoundStore, path: Path, keyword: Range) -> bool:
    """Whether the value is the anonymous sub whose word `sub` stands there."""
    value = found.store.value
    return found.path == path and value is not None and found.store.source.range(value).start == keyword.start


def _is_blessed_later(store: KeyStore) -> bool:
    """`my $self = { … }; bless $self, $class;`, and a hash that is filled: `%$self = ( … )`."""
    if store.base is None:
        return False
    meant = store.source.lexicals.declaration_at(store.base)
    sub = sub_around(store.source, store.node)
    inside = sub.whole if sub is not None else store.source.root
    if store.base.type != "scalar":
        return True
    return any(
        node.type == "function"
        and store.source.string(node) == "bless"
        and node.parent is not None
        and any(store.source.lexicals.declaration_at(item) is meant for item in _first_argument(node.parent))
        for node in everything(inside)
    )


def _class_of_value(store: KeyStore) -> str | None:
    """The class of what is stored, or one above it: that of a method's own object, of `Kid->new`; None: unknown."""
    value, source = store.value, store.source
    if value is None:
        return None
    declaration = source.lexicals.declaration_at(value)
    if declaration is None:
        return class_made(source, value)
    if declaration.keyword == "method":
        return store.package
    sub = sub_around(source, declaration.node)
    if sub is not None and sub.name is not None and invocant_of(source, sub) is declaration:
        return sub.name.rpartition("::")[0] if declaration.name == "$self" else None
    values = assignments_of(source, declaration)
    value = values[0].child_by_field_name("right") if len(values) == 1 else None
    return class_made(source, value) if value is not None else None


def _class_of_base(store: KeyStore) -> str | None:
    """The class of what the variable was made as: `my $self = bless {}, …`, `my $kid = Kid->new`; None: unknown."""
    declaration = store.source.lexicals.declaration_at(store.base) if store.base is not None else None
    values = assignments_of(store.source, declaration) if declaration is not None else []
    value = values[0].child_by_field_name("right") if len(values) == 1 else None
    return class_made(store.source, value) if value is not None else None


def _first_argument(call: Node) -> list[Node]:
    return list_items(call.child_by_field_name("arguments"))[:1]


def _is_set_by_accessor(store: KeyStore) -> bool:
    """Whether no sub of the text that sets it is the method itself."""
    name = store.source.string(store.node)
    return all(sub.name is None or sub.name.rpartition("::")[2] != name for sub in store.source.lexicals.subs)


def _inherited(source: PerlSource, package: str) -> list[str]:
    """The names behind `with` and `extends` in a package."""
    extents = [one.extent for one in packages_of(source) if one.name == package]
    found = []
    for word in sorted(_INHERITS):
        for node in source.nodes_of_word(word):
            call = node.parent
            at = source.range(node).start
            if node.type != "function" or call is None or not any(at in extent for extent in extents):
                continue
            items = list_items(call.child_by_field_name("arguments"))
            found += [name for item in items if (name := literal(item)) and re.fullmatch(r"\w+(?:::\w+)*", name)]
    return found


def _innermost_with(source: PerlSource, node: Node, keys: Iterable[str]) -> Node | None:
    """The innermost sub around a node that names all of some keys."""
    sub = sub_around(source, node)
    while sub is not None:
        if _names_all(source, sub.whole, keys):
            return sub.whole
        sub = sub_around(source, sub.whole)
    return None


def _names_all(source: PerlSource, inside: Node, keys: Iterable[str]) -> bool:
    text = source.string(inside)
    return all(re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) for key in keys)
