"""`find` finds what a slow look at every SV finds; names of subs are among those that the reference tells."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pmat_lsp.analysis.find import find_table, found_count
from pmat_lsp.catalogue.filters import parse_filters
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.describe import code_place
from pmat_lsp.heap.magic import magics_of
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.symbols import symbol_names
from pmat_lsp.heap.values import ScalarValue, scalar_value
from pmat_lsp.render.reference_text import found_text
from tests.dumps import corpus_dumps, heap_of, named, needs_corpus, own_dumps

Is = Callable[[Heap, int], bool]
_VALUES = next(path for path in own_dumps() if path.name.startswith("odd_strings"))
_KINDS = next(path for path in own_dumps() if path.name.startswith("many_values"))


def found(heap: Heap, *words: str) -> list[int]:
    """The SVs that `find` tells."""
    table = find_table(heap, parse_filters(words))
    assert found_count(heap, parse_filters(words)).rows == ((len(table.rows),),)
    return [heap.id_at(int(str(row[0]))) for row in table.rows]


def _scalar(is_it: Callable[[ScalarValue], bool]) -> Is:
    return lambda heap, sv: bool(heap.kind[sv] == Kind.SCALAR) and is_it(scalar_value(heap, sv))


def _kind(kind: Kind, also: Is = lambda heap, sv: True) -> Is:
    return lambda heap, sv: bool(heap.kind[sv] == kind) and also(heap, sv)


def _is_five(value: ScalarValue) -> bool:
    return value.number == 5 or (value.number is None and value.integer == 5)


_SLOWLY: tuple[tuple[tuple[str, ...], Is], ...] = (
    ((), lambda heap, sv: True),
    (("num",), _scalar(lambda value: value.integer is not None or value.number is not None)),
    (("num", "--iv"), _scalar(lambda value: value.integer is not None and not value.unsigned)),
    (("num", "--uv"), _scalar(lambda value: value.integer is not None and value.unsigned)),
    (("num", "--nv"), _scalar(lambda value: value.number is not None)),
    (("num", "5"), _scalar(_is_five)),
    (("num", "0x5"), _scalar(_is_five)),
    (("pv", "Http", "-i"), _scalar(lambda value: "http" in (value.text or "").lower())),
    (("pv", "--eq", "main"), _scalar(lambda value: value.text == "main")),
    (("pv", "-r", r"^\w+::"), _scalar(lambda value: bool(re.search(r"^\w+::", value.text or "")))),
    (("pv", "::", "num"), _scalar(lambda value: "::" in (value.text or "") and value.integer is not None)),
    (("cv", "--xsub"), _kind(Kind.CODE, lambda heap, sv: bool(heap.flags[sv] & 4))),
    (("io",), _kind(Kind.IO)),
    (("io", "1"), _kind(Kind.IO, lambda heap, sv: any(word[1] == 1 for word in _filenos(heap, sv)))),
    (("blessed", "IO::File"), lambda heap, sv: heap.class_of(sv) == "IO::File"),
    (("magic",), lambda heap, sv: any(True for _ in magics_of(heap, sv))),
    (("blessed", "IO::File", "io", "-f", "2"), _kind(Kind.IO, lambda heap, sv: ("o", 2) in _filenos(heap, sv))),
)


def _filenos(heap: Heap, sv: int) -> list[tuple[str, int]]:
    row = heap.ios.sv.tolist().index(sv)
    return [("i", int(heap.ios.ifileno[row])), ("o", int(heap.ios.ofileno[row]))]


@pytest.mark.parametrize("dump", named(own_dumps()[::15]))
def test_find_finds_what_a_look_at_every_sv_finds(dump: Path) -> None:
    heap = heap_of(dump)
    for words, is_it in _SLOWLY:
        assert found(heap, *words) == [sv for sv in range(heap.n) if is_it(heap, sv)], words


@needs_corpus
@pytest.mark.parametrize("dump", named([path for path in corpus_dumps() if path.name.startswith("h_values")]))
def test_find_num_finds_every_number_of_every_format(dump: Path) -> None:
    heap = heap_of(dump)
    svs = found(heap, "num")
    assert len(svs) > 500
    # The largest addresses are those of the program's own numbers.
    for sv in svs[-40:]:
        value = scalar_value(heap, sv)
        number = value.integer if value.number is None else value.number
        if number == number and number is not None:
            word = str(number) if isinstance(number, int) else repr(number)
            assert sv in found(heap, "num", word), (word, value)


def test_find_num_tells_big_integers_apart_that_a_double_does_not() -> None:
    heap = heap_of(_KINDS)
    whole = [sv for sv in found(heap, "num", "--iv", "--uv") if (scalar_value(heap, sv).integer or 0) > 1 << 53]
    for sv in whole:
        integer = scalar_value(heap, sv).integer
        assert integer is not None
        assert sv in found(heap, "num", "--iv", "--uv", str(integer))
        assert sv not in found(heap, "num", "--iv", "--uv", str(integer + 1))


def test_find_cv_by_file_and_package(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    subs = found(heap, "cv", "--file", "lib/Courier/HTTP.pm", "--package", "Courier::HTTP")
    assert len(subs) > 59
    assert {code_place(heap, sv)[0] for sv in subs} == {"lib/Courier/HTTP.pm"}
    assert found(heap, "cv", "-p", "Courier::HTTP", "cv", "-f", "lib/Courier/HTTP.pm") == subs
    assert found(heap, "cv", "-p", "No::Such") == found(heap, "cv", "-f", "HTTP.pm") == []


def test_find_lexical_goes_on_with_the_variables(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    table = find_table(heap, parse_filters(["lexical", "--inactive", "$on_closed"]))
    assert len(table.rows) >= 59
    assert all("$on_closed at depth 1 [inactive] of CODE(" in str(row[2]) for row in table.rows)
    assert found(heap, "lexical", "-I", "$on_closed", "io") == []
    running = find_table(heap, parse_filters(["lexical", "$on_closed"]))
    assert all("[inactive]" not in str(row[2]) for row in running.rows)


def test_what_is_left_out_is_counted(demo_dump: Path) -> None:
    heap = heap_of(demo_dump)
    table = find_table(heap, parse_filters(["cv"]), most=3)
    assert len(table.rows) == 3
    assert table.more == len(heap.codes.sv) - 3
    assert found_text(table).plain.endswith(f"and {table.more:,} more\n")
    assert found_text(found_count(heap, ())).plain == f"Total: {heap.n} SVs\n"


def test_hostile_strings_stay_on_their_line() -> None:
    heap = heap_of(_VALUES)
    table = find_table(heap, parse_filters(["pv", "-r", "."]))
    text = found_text(table).plain
    assert len(text.splitlines()) == len(table.rows)
    assert text.isascii()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing"], "find does not know 'nothing'"),
        (["pv"], "find pv needs pattern"),
        (["blessed", "--"], "find blessed needs a value for package"),
        (["cv", "--file"], "find cv needs a value for file"),
        (["cv", "--iv"], "find cv has no option --iv"),
        (["pv", "-r", "("], "find pv: '(' is no regular expression"),
        (["io", "--fileno", "x"], "find: fileno must be a number, not 'x'"),
        (["magic", "--vtbl", "zz"], "find: vtbl must be a number"),
    ],
)
def test_what_is_no_filter_is_an_error(words: list[str], says: str) -> None:
    with pytest.raises(PmatError, match=re.escape(says)):
        parse_filters(words)


def _expected(dump: Path) -> Path:
    return dump.parent / dump.name.replace(".pmat.xz", ".expected")


@needs_corpus
@pytest.mark.parametrize("dump", named([path for path in corpus_dumps() if _expected(path).is_dir()][::9]))
def test_the_reference_tells_one_of_the_names_of_a_sub(dump: Path) -> None:
    heap = heap_of(dump)
    told = (_expected(dump) / "find_cv.txt").read_text("utf-8", "replace")
    lines = re.findall(r" at 0x([0-9a-f]+)\S*: (&.*|__ANON__)$", told, re.MULTILINE)
    assert len(lines) > 500
    wrong = []
    for address, name in lines:
        names = symbol_names(heap, heap.id_at(int(address, 16)))
        if name not in (names or ["__ANON__"]) and name.isprintable():
            wrong.append((address, name, names))
    assert wrong == []
