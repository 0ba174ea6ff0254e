"""Which values and keys are hidden, and that no output shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pmat_lsp.analysis.finding_ids import finding_ids
from pmat_lsp.catalogue.questions import QUESTIONS
from pmat_lsp.errors import PmatError
from pmat_lsp.format.kinds import Kind
from pmat_lsp.heap.likely_secrets import is_likely_secret, names_a_secret
from pmat_lsp.heap.privacy import held_as_secrets, hidden_key, hidden_value
from pmat_lsp.heap.symbols import find_symbol
from pmat_lsp.heap.values import hash_entries, scalar_value
from pmat_lsp.query.views import VIEWS
from pmat_lsp.render.json import leaks_json
from pmat_lsp.render.report import leaks_text
from pmat_lsp.render.report_parts import ReportSource
from pmat_lsp.render.tables import answer_csv, answer_json
from pmat_lsp.render.unexplained import unexplained_text
from pmat_lsp.session import Dump, Settings, Shown
from tests.catalogue.test_every_question import all_given
from tests.dumps import ROOT, heap_of, named, own_dumps

SECRETS = ROOT / "tests" / "data" / "secrets.pmat.xz"
_HIDDEN = {"API-Key", "claim", "db_password", "dsn", "login", "mirror", "pem", "request"}
"""The keys of `%CONFIG` in tests/programs/secrets.pl whose values are likely secrets."""
_SECRET_TEXTS = (
    *("battery staple", "swordfish", "hunter2", "MIIEow", "c2ln", "YWxpY2U6aG9yc2U", "opaque-alice", "correcthorse"),
    "abcdefghijklmnopqrstuvwxyz0123456789",
)
_VALUES = (*_SECRET_TEXTS, "db.example.org", "alice@example.org", "three passes", "carol")


@pytest.mark.parametrize(
    "name",
    ["$password", "db_password", "DBPassword", "apiKey", "X-Api-Key", "Authorization", "%session_ids", "main::TOKENS"],
)
def test_a_name_that_ends_in_a_word_for_a_secret_names_one(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize("name", ["", "$self", "password_file", "token_count", "author", "compass", "$key", "0"])
def test_other_names_name_none(name: str) -> None:
    assert not names_a_secret(name)


@pytest.mark.parametrize(
    "text",
    [
        *("-----BEGIN " + "PRIVATE KEY-----", "-----BEGIN EC " + "PRIVATE KEY-----", "AKIA" + "Q3EGRHKVCW6BTZZY"),
        *("id=ghp_" + "a1" * 18, "github_pat_" + "a1" * 20, "glpat-" + "a1" * 10, "xoxb-" + "1" * 12),
        *("sk_live_" + "a1" * 12, "AIza" + "a1b2c" * 7, "Bearer " + "abcdefghijkl", "Cookie: sid=1"),
        *("https://me:secret@host/", "$6$" + "saltsaltsaltsalt" + "$" + "hash", "{SSHA}" + "a1b2" * 8),
        *("dbi:Pg:dbname=x;password=open", '{"api_key": "12345678"}', "eyJhbGciOiJI" + "." + "eyJzdWIiOiJh" + ".x"),
    ],
)
def test_a_text_in_the_form_of_a_secret_is_a_likely_one(text: str) -> None:
    assert is_likely_secret(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        *("", "hello", "https://example.org/path?x=1", "Foo::Bar::Baz", "a@b.example", "the password is wrong"),
        *("12345678901234567890", "/usr/share/perl5/Mojo/Base.pm", "d41d8cd98f00b204e9800998ecf8427e", "skip-this"),
    ],
)
def test_other_texts_are_none(text: str) -> None:
    assert not is_likely_secret(text.encode())


def test_values_that_look_like_secrets_are_hidden_and_no_others() -> None:
    heap = heap_of(SECRETS)
    config = find_symbol(heap, "%main::CONFIG")
    hidden = {
        entry.key.decode(): hidden_value(heap, entry.value, scalar_value(heap, entry.value))
        for entry in hash_entries(heap, config)
        if heap.kind[entry.value] == Kind.SCALAR
    }
    assert {key for key, stand_in in hidden.items() if stand_in} == _HIDDEN
    assert hidden["db_password"] == "<likely secret, 12 bytes>"


def test_elements_of_an_array_under_a_secret_name_are_hidden() -> None:
    heap = heap_of(SECRETS)
    config = find_symbol(heap, "%main::CONFIG")
    passwords = next(entry.value for entry in hash_entries(heap, config) if entry.key == b"passwords")
    array = int(heap.out_target[next(row for row in heap.out_rows(passwords))])
    for row in heap.out_rows(array):
        sv = int(heap.out_target[row])
        assert hidden_value(heap, sv, scalar_value(heap, sv)) == "<likely secret, 9 bytes>"


def test_redaction_hides_every_value_and_the_keys_that_are_data() -> None:
    heap = replace(heap_of(SECRETS), shown=Shown.NO_VALUES)
    balance, config = find_symbol(heap, "%main::BALANCE"), find_symbol(heap, "%main::CONFIG")
    for entry in hash_entries(heap, balance):
        assert hidden_key(heap, balance, entry.key) == f"<key, {len(entry.key)} bytes>"
        assert hidden_value(heap, entry.value, scalar_value(heap, entry.value)) == "<integer>"
    # The program's code names these keys.
    assert {hidden_key(heap, config, entry.key) for entry in hash_entries(heap, config)} == {None}


@pytest.mark.parametrize("path", named([SECRETS, *own_dumps()[::6]]))
def test_what_names_that_mean_secrets_hold_is_the_same_one_by_one_and_at_once(path: Path) -> None:
    heap = heap_of(path)
    at_once, differ = held_as_secrets(heap), []
    for sv in np.flatnonzero(heap.kind[: heap.n] == Kind.SCALAR).tolist():
        value = scalar_value(heap, sv)
        # Of those with many holders, one by one looks at the first few alone.
        if value.string and len(heap.in_rows(sv)) < 8 and not is_likely_secret(value.string):
            alone = hidden_value(heap, sv, value)
            if alone != hidden_value(heap, sv, value, at_once):
                differ.append((sv, alone))
    assert differ == []


def _outputs(dump: Dump) -> Iterator[tuple[str, str]]:
    """(what it is, its text) of everything that can be had of a dump."""
    every_view = [{"sql": f"select * from {view.name}", "all": True} for view in VIEWS]
    for question in QUESTIONS:
        for given in every_view if question.name == "query" else all_given(dump.heap, question):
            with_dumps = (dump, dump, dump)[: max(question.dumps[0], 1)]
            try:
                answer = question.answer(question.asked(with_dumps, given if len(with_dumps) == 1 else {}))
            except PmatError as error:
                yield question.name, f"{error.message} {error.hint}"
                continue
            yield f"{question.name} {given}", question.text(answer).plain + answer_json(answer) + answer_csv(answer)
    report, marked, self_held = dump.leaks.report, dump.marked, dump.marked_self_held
    yield "leaks --json", leaks_json(dump.heap, report, marked, self_held, dump.unexplained)
    source = ReportSource(dump.places, ROOT)
    yield "leaks", leaks_text(report, marked, self_held, source, dump.suspects).plain
    yield "leaks --unexplained", unexplained_text(dump.unexplained).plain
    for one in marked:
        yield "fixes", repr(dump.fixes(one))


def _dump(shown: Shown) -> Dump:
    return Dump(heap_of(SECRETS), Settings(source_roots=(ROOT / "tests" / "programs",))).showing(shown)


@pytest.mark.parametrize(("shown", "texts"), [(Shown.NO_SECRETS, _SECRET_TEXTS), (Shown.NO_VALUES, _VALUES)])
def test_no_output_shows_what_is_hidden(shown: Shown, texts: tuple[str, ...]) -> None:
    seen = [(what, one) for what, text in _outputs(_dump(shown)) for one in texts if one in text]
    assert seen == []


def test_outputs_show_everything_where_that_is_asked_for() -> None:
    not_seen = set(_VALUES)
    for _, text in _outputs(_dump(Shown.EVERYTHING)):
        not_seen = {one for one in not_seen if one not in text}
    assert not_seen == set()


def test_findings_have_the_same_ids_whatever_is_shown() -> None:
    ids = {finding_ids(_dump(shown).leaks.report.findings) for shown in Shown}
    assert len(ids) == 1
    assert next(iter(ids))


def test_what_does_not_depend_on_values_is_computed_once() -> None:
    dump = _dump(Shown.NO_SECRETS)
    redacted = dump.showing(Shown.NO_VALUES)
    assert dump.ownership is dump.showing(Shown.NO_VALUES).ownership
    assert redacted.heap.out_target is dump.heap.out_target
    assert redacted.showing(Shown.NO_VALUES) is redacted
