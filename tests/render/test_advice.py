"""The words of an advice: what is written as Perl in them is Perl, whatever the names of the program are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pmat_lsp.format.kinds import Kind
from pmat_lsp.render.advice import advice_pieces, advice_text
from pmat_lsp.session import Dump, Settings
from pmat_lsp.source.advice import Access, Advice, AdviceKind
from tests.cures.running import needs_dumper
from tests.dumps import ROOT, heap_of, own_dumps

PROGRAMS = ROOT / "tests" / "programs"
CHILD = Access("$child", (("key", "kids"), ("index", "0")), "Kid")
ALL = [
    Advice(kind, variables, owner, accesses, is_held, container)
    for kind in AdviceKind
    for variables, container in ((("$x", "$y"), Kind.HASH), (("%state", "@list"), Kind.HASH), (("@list",), Kind.ARRAY))
    for owner in ("Kid", None)
    for accesses in ((CHILD,), (replace(CHILD, variable="%state"), Access("$x", (("field", "$parent"),), None)))
    for is_held in (True, False, None)
]


def perl_in(advice: Advice) -> Iterator[str]:
    """What the words have of Perl."""
    return (piece.text for piece in advice_pieces(advice) if piece.is_perl)


def wrapped(number: int, perl: str) -> str:
    """A sub that has it, with its names declared."""
    names = sorted(set(re.findall(r"[$@%](\w+)", perl)) - {"ISA"})
    declared = ", ".join(f"${name}, @{name}, %{name}" for name in names)
    return f"sub s{number} {{ {f'my ( {declared} );' if names else ''}\n# line 1 {number}\n{perl}\n}}"


def check(pieces: set[str], folder: Path) -> None:
    """Let perl compile them all."""
    listed = sorted(pieces)
    head = "use strict; use utf8; use feature 'current_sub'; use Scalar::Util 'weaken'; our @ISA;\n"
    script = folder / "help.pl"
    script.write_text(head + "\n".join(wrapped(*pair) for pair in enumerate(listed)), encoding="utf-8")
    done = subprocess.run(["perl", "-c", script], capture_output=True, text=True, check=False)
    assert "syntax OK" in done.stderr, (done.stderr, dict(enumerate(listed)))


@needs_dumper
def test_every_advice_of_every_dump_has_perl_that_compiles(tmp_path: Path) -> None:
    found: set[str] = set()
    for path in own_dumps():
        for roots in ((), (PROGRAMS, ROOT / "pmat_lsp" / "demo" / "program")):
            dump = Dump(heap_of(path), Settings(source_roots=roots))
            for marked in (*dump.marked, *dump.marked_self_held):
                assert advice_text(marked.advice)
                found.update(perl_in(marked.advice))
    assert len(found) > 40
    check(found, tmp_path)


@needs_dumper
def test_every_kind_of_advice_has_perl_that_compiles(tmp_path: Path) -> None:
    check({perl for advice in ALL for perl in perl_in(advice)}, tmp_path)


@needs_dumper
def test_any_key_can_be_written(tmp_path: Path) -> None:
    keys = [
        "a b",
        "`",
        "$x",
        "@x",
        "",
        "'",
        '"',
        "\\",
        "}",
        "☃\n",
        "größe",
        "007",
        "-x",
        "x-y",
        "q",
        "\0",
        "a`; die;`b",
    ]
    advices = [Advice(AdviceKind.DELETE, owner=key, accesses=(Access("$self", (("key", key),), key),)) for key in keys]
    found = {perl for advice in advices for perl in perl_in(advice)}
    assert len(found) == 2 * len(keys)
    check(found, tmp_path)


@pytest.mark.parametrize("advice", ALL, ids=lambda advice: str(advice.kind.value))
def test_an_array_or_a_hash_is_never_weakened_itself(advice: Advice) -> None:
    assert not re.search(r"weaken\( (my \$\w+ = )?[@%]", advice_text(advice))


def test_what_is_held_by_nothing_else_is_never_to_be_weakened() -> None:
    about_others = (AdviceKind.WRAPPER, AdviceKind.CHOOSE, AdviceKind.UNTIE)
    told = [advice_text(one) for one in ALL if one.kind not in about_others and one.is_held is False]
    assert not [text for text in told if "weaken" in text]
    wrappers = [advice_text(one) for one in ALL if one.kind is AdviceKind.WRAPPER and one.is_held is False]
    assert not [text for text in wrappers if "weaken( my $weak" in text]


def test_a_weak_copy_stands_under_its_condition() -> None:
    told = [advice_text(advice) for advice in ALL if advice.kind is AdviceKind.WEAK_COPY and advice.is_held is None]
    assert all(text.startswith("if something else holds the ") and "; otherwise " in text for text in told)


def test_a_container_that_is_captured_itself_is_written_with_its_subscript() -> None:
    advice = Advice(AdviceKind.WEAK_COPY, ("%state",), "Kid", (replace(CHILD, variable="%state"),))
    assert "`$state{kids}`" in advice_text(advice)
    assert r"`weaken( my $weak = \%state );`" in advice_text(advice)
