"""The symbol table: the packages of a program, and what they name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pmat_lsp.analysis.tables import Column, Table, Unit, Value
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import STASH_KINDS, Kind
from pmat_lsp.heap.describe import referent
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.naming import described
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.symbols import SLOTS, find_stash, find_symbol
from pmat_lsp.heap.tables import decode_name
from pmat_lsp.heap.values import hash_entries, text_of

_IS = (Column("sv", Unit.SV), Column("is", Unit.TEXT))


@dataclass(frozen=True, slots=True)
class _Symbol:
    """What one slot of an entry of a package holds."""

    sigil: str
    package: str
    """`Net::Client`; "" for the default one."""
    name: str
    """`pool`, or `Conn::` for a package inside this one."""
    sv: int

    @property
    def is_package(self) -> bool:
        """Whether it is another package."""
        return self.sigil == "%" and self.name.endswith("::")

    @property
    def text(self) -> str:
        """`@Net::Client::pool`, `%Net::Client::`, `${^W}`."""
        if self.name[:1] and self.name[0] < " ":
            return f"{self.sigil}{{^{chr(64 + ord(self.name[0]))}{self.name[1:]}}}"
        return self.sigil + self.path

    @property
    def path(self) -> str:
        """Without the sigil."""
        return f"{self.package}::{self.name}" if self.package else self.name


def symbols_table(
    heap: Heap,
    package: str = "main",
    recurse: bool = False,
    count: int | None = None,
    progress: Progress = no_progress,
) -> Table:
    """What a package names, in the order of the names: scalars, arrays, hashes and subs, and the packages inside it.

    Args:
        heap: of the dump.
        package: `Net::Client`, also with `::` behind or `%` before it.
        recurse: go into the packages inside it; each is told once, however many names lead to it.
        count: rows to tell; None for all.
        progress: called now and then.

    Raises:
        PmatError: there is no such package.
    """
    bare = package.removeprefix("%").removesuffix("::")
    stash = find_stash(heap, bare)
    if stash < 0:
        raise PmatError(f"{heap.path}: no package {bare}", "`packages` lists them all.")
    prefix = "" if bare in ("", "main") else bare.removeprefix("main::")
    symbols = list(_walk(heap, stash, prefix, progress, recurse))
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (symbol.text, heap.address_of(symbol.sv), described(heap, symbol.sv)) for symbol in symbols[:count]
    )
    columns = (Column("symbol", Unit.TEXT), *_IS)
    return Table(f"Symbols of {bare or 'main'}", columns, rows, len(symbols) - len(rows))


def packages_table(
    heap: Heap, versions: bool = False, count: int | None = None, progress: Progress = no_progress
) -> Table:
    """Every package that the symbol table leads to, in the order of the names.

    Args:
        heap: of the dump.
        versions: tell `$VERSION` of each too.
        count: rows to tell; None for all.
        progress: called now and then.
    """
    found = [symbol for symbol in _walk(heap, find_stash(heap, ""), "", progress) if symbol.is_package]
    rows: list[tuple[Value, ...]] = []
    for symbol in found[:count]:
        name = symbol.path.removesuffix("::")
        version = (_version(heap, name),) if versions else ()
        rows.append((name, *version, heap.address_of(symbol.sv), described(heap, symbol.sv)))
    columns = (Column("package", Unit.TEXT), *(Column("version", Unit.TEXT),) * versions, *_IS)
    return Table("Packages", columns, tuple(rows), len(found) - len(rows))


def _walk(heap: Heap, stash: int, package: str, progress: Progress, recurse: bool = True) -> Iterator[_Symbol]:
    """The symbols of a package; behind each inner package, if wanted, those of that one."""
    seen = {stash}
    stack = [_symbols_in(heap, stash, package)]
    while stack:
        symbol = next(stack[-1], None)
        if symbol is None:
            stack.pop()
            continue
        yield symbol
        # Packages can name each other, and themselves.
        if recurse and symbol.is_package and heap.kind[symbol.sv] in STASH_KINDS and symbol.sv not in seen:
            seen.add(symbol.sv)
            progress("packages", len(seen), 0)
            stack.append(_symbols_in(heap, symbol.sv, symbol.path.removesuffix("::")))


def _symbols_in(heap: Heap, stash: int, package: str) -> Iterator[_Symbol]:
    if stash < 0 or heap.kind[stash] not in STASH_KINDS:
        return
    for entry in sorted(hash_entries(heap, stash), key=lambda entry: entry.key):
        name = decode_name(entry.key)
        if (name == "main::" and not package) or name.startswith("_<"):
            # The default package itself, and what perl keeps for the debugger of each file.
            continue
        if entry.value >= 0 and heap.kind[entry.value] == Kind.GLOB:
            slots = {int(heap.out_kind[row]): int(heap.out_target[row]) for row in heap.out_rows(entry.value)}
            for sigil, slot in SLOTS.items():
                if slot in slots:
                    yield _Symbol(sigil, package, name, slots[slot])
        elif entry.value >= 0 and (held := referent(heap, entry.value)):
            # perl keeps many subs and constants without a glob.
            yield _Symbol("&", package, name, held[0])


def _version(heap: Heap, package: str) -> str | None:
    """`$VERSION` of a package; of a version object, the text that it was made from."""
    sv = find_symbol(heap, f"${package}::VERSION")
    held = referent(heap, sv) if sv >= 0 else None
    if held and heap.kind[held[0]] == Kind.HASH:
        sv = next((entry.value for entry in hash_entries(heap, held[0]) if entry.key == b"original"), -1)
    return text_of(heap, sv) if sv >= 0 else None
