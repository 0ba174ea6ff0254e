"""A fix that could free an object too early is never called safe; it needs review, for a reason with a place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pmat_lsp.cures.model import Cure
from pmat_lsp.source.escapes import EscapeKind as Kind
from tests.cures.batch import Ran, run_again, run_all
from tests.cures.escapes import ESCAPES, HEAD
from tests.cures.grid import combined, programs
from tests.cures.running import make, needs_dumper

pytestmark = needs_dumper
PROGRAMS = Path(__file__).parent.parent / "programs" / "escapes"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.pl"))
BY_NAME = {one.name: one for one in ESCAPES}
ONLY_POSSIBLE = {
    "weakened-by-another-name",
    "tied",
    "text-that-is-not-understood",
    "dropped-at-once",
    "dropped-at-the-end-of-its-block",
    "key-is-a-number",
    "data-from-somewhere",
    "calls-each-other",
    "passed-to-a-library",
    "code-in-a-regular-expression",
    "in-another-object",
    "goto",
    "address-as-a-key",
    "address-in-a-string",
    "refaddr",
}
"""Here the fix is not seen to change the output: an address is not used again, or nothing happens later."""
SELF_HELD = {"weak-reference", "weak-element"}
"""Here something alive has a weak reference to the object: it only holds itself, so there is nothing to fix."""
LEAKING = [one for one in ESCAPES if one.name not in SELF_HELD]


def cures_of(ran: Ran) -> list[Cure]:
    dump = ran.dump
    assert ran.status == 0, ran.output
    assert dump.all_marked, ran.output
    return [cure for marked in dump.marked for cure in dump.cures(marked)]


@pytest.fixture(scope="module")
def escaping(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    return run_all(tmp_path_factory.mktemp("escapes"), {one.name: one.text() for one in ESCAPES})


@pytest.mark.parametrize("name", sorted(SELF_HELD))
def test_what_live_code_can_reach_by_a_weak_reference_is_not_fixed(name: str, escaping: dict[str, Ran]) -> None:
    assert cures_of(escaping[name]) == []
    assert escaping[name].dump.leaks.report.self_held


@pytest.mark.parametrize("name", [one.name for one in LEAKING])
def test_each_way_out_needs_a_review_with_its_kind_and_place(name: str, escaping: dict[str, Ran]) -> None:
    wanted = BY_NAME[name]
    cures = cures_of(escaping[name])
    assert cures
    assert not any(cure.is_safe for cure in cures)
    (escape,) = cures[0].escapes
    assert escape.kind is wanted.kind
    assert (escape.range.start.line if escape.range else None) == wanted.line
    assert cures[0].reason.endswith(".")
    if wanted.line is not None:
        assert f"at program.pl:{wanted.line}" in cures[0].reason


def test_with_the_fix_each_of_them_prints_something_else(tmp_path: Path) -> None:
    before = run_all(tmp_path, {one.name: one.text() for one in LEAKING if one.name not in ONLY_POSSIBLE})
    for ran in before.values():
        make(cures_of(ran)[0])
    after = run_again({name: ran.folder for name, ran in before.items()})
    assert [name for name, ran in after.items() if ran.output == before[name].output] == []


def test_another_name_of_the_class_changes_nothing(tmp_path: Path) -> None:
    renamed = run_all(tmp_path, {one.name: one.text("Aaa::Zzz") for one in LEAKING})
    for one in LEAKING:
        kinds = [escape.kind for cure in cures_of(renamed[one.name]) for escape in cure.escapes]
        assert kinds[0] is one.kind, one.name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("getter", "`take` at program.pl:9 returns the callback, so a caller can use it after the object is gone."),
        (
            "wrapped",
            "A closure captures `$cb` at program.pl:12, which has the callback, so it can outlive the object.",
        ),
        (
            "whole-hash",
            "`%$o` at program.pl:14 takes values of the object without naming them, so the callback may be among them.",
        ),
        (
            "string-eval",
            "`eval '$self->{heard}'` at program.pl:9 evaluates a string as code, "
            "which may get at the callback or its object.",
        ),
        ("autoload", "`Radio` has an AUTOLOAD, which may get at the callback for any method call."),
        (
            "destroy-prints",
            "`Radio::DESTROY` at program.pl:10 would run earlier, and does more than to clear its own object.",
        ),
    ],
)
def test_a_reason_is_one_sentence_for_a_person(name: str, reason: str, escaping: dict[str, Ran]) -> None:
    assert cures_of(escaping[name])[0].reason == reason


@pytest.fixture(scope="module")
def adversaries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    texts = {name: (PROGRAMS / f"{name}.pl").read_text() for name in NAMES}
    return run_all(tmp_path_factory.mktemp("adversaries"), texts)


@pytest.mark.parametrize("name", NAMES)
def test_no_fix_is_called_safe_that_breaks_a_program(name: str, adversaries: dict[str, Ran]) -> None:
    cures = cures_of(adversaries[name])
    assert not any(cure.is_safe for cure in cures)
    assert all(cure.reason for cure in cures)


def test_each_store_with_each_way_out_needs_a_review(tmp_path: Path) -> None:
    texts = combined()
    ran = run_all(tmp_path, texts)
    assert len(texts) >= 70
    assert [name for name in texts if any(cure.is_safe for cure in cures_of(ran[name]))] == []


def test_what_is_called_safe_changes_nothing_but_the_leak(tmp_path: Path) -> None:
    before = run_all(tmp_path, programs())
    assert len(before) >= 50
    for name, ran in before.items():
        cures = cures_of(ran)
        assert cures, name
        assert cures[0].is_safe, (name, cures[0].reason)
        make(cures[0])
    after = run_again({name: ran.folder for name, ran in before.items()})
    for name, ran in after.items():
        assert (ran.output, ran.status) == (before[name].output, before[name].status), name
        assert ran.dump.leaks.report.findings == (), name


def test_a_file_of_the_program_that_is_not_here_may_use_the_object(tmp_path: Path) -> None:
    ran = run_all(tmp_path, {"one": HEAD + "use lib 'lib';\nrequire Plugin;\n" + ESCAPES[0].text().removeprefix(HEAD)})
    assert ran["one"].status != 0
    plugin = tmp_path / "one" / "lib" / "Plugin.pm"
    plugin.parent.mkdir()
    plugin.write_text("package Plugin; sub load { return 1 } 1;")
    text = (tmp_path / "one" / "program.pl").read_text().replace("->tune->take", "->tune").replace("$f->()", "$f->name")
    (tmp_path / "one" / "program.pl").write_text(re.sub(r"sub take .*", "", text))
    now = run_again({"one": tmp_path / "one"})["one"]
    (cure,) = cures_of(now)
    assert cure.is_safe
    plugin.unlink()
    (cure,) = cures_of(now)
    assert [escape.kind for escape in cure.escapes] == [Kind.NO_TEXT]
    assert cure.reason == "The source of `lib/Plugin.pm` is not here, and may use the callback or its object."


def test_a_parent_class_elsewhere_is_not_read_and_may_use_the_object(tmp_path: Path) -> None:
    library = tmp_path / "library" / "Device.pm"
    library.parent.mkdir()
    library.write_text("package Device; sub reset { my ($self) = @_; return $self } 1;")
    text = f"use lib '{library.parent}';\nuse parent 'Device';\n"
    radio = ESCAPES[0].text().replace("package Radio {", "package Radio { " + text).replace("->tune->take", "->tune")
    radio = re.sub(r"sub take .*", "", radio).replace("$f->()", "$f->name")
    (cure,) = cures_of(run_all(tmp_path / "work", {"one": radio})["one"])
    assert [(escape.kind, escape.names) for escape in cure.escapes] == [(Kind.UNKNOWN_CLASS, ("Device",))]


def test_every_kind_of_escape_has_a_program_or_a_test() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    shown = {one.kind for one in ESCAPES} | {Kind[name] for name in re.findall(r"Kind\.([A-Z_]+)", tests)}
    assert set(Kind) - shown == set()
