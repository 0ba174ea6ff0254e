"""Every case has the verdicts, places, advice and fixes that `tests/cases.py` says, whatever its classes are called."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cases import (
    CASES,
    CASES_FOLDER,
    Renaming,
    judge,
    packages_of,
    restore,
    run_case,
    sources_of,
    texts_of,
    unknown_commands,
)
from tests.cures.running import make, run
from tests.dumps import ROOT
from tests.perl import require_modules

NAMES = {"as-is": "", "first": "Aaa", "last": "Zzz"}
"""What the classes are called: as they are, or in reverse order, before or after those of every module."""


def variants() -> list[object]:
    """Each case with its own names, and with others where it has classes."""
    return [
        pytest.param(case, variant, id=f"{case}-{variant}")
        for case in CASES
        for variant, prefix in NAMES.items()
        if not prefix or any(packages_of(path) for path in sources_of(CASES_FOLDER / case))
    ]


@pytest.mark.parametrize(("name", "variant"), variants())
def test_a_case_is_told_as_it_is(name: str, variant: str, tmp_path: Path) -> None:
    case = CASES[name]
    require_modules("Devel::MAT::Dumper", *case.modules.split())
    wrong = judge(case, run_case(name, tmp_path, NAMES[variant]))
    assert wrong == {}


PROGRAMS = ROOT / "tests" / "programs"
LEAKING = [path for path in sorted(PROGRAMS.glob("*.pl")) if "# expect: none" not in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("program", [pytest.param(path, id=path.stem) for path in LEAKING])
def test_a_safe_fix_of_a_small_program_frees_what_leaked_and_changes_no_output(program: Path, tmp_path: Path) -> None:
    require_modules("Devel::MAT::Dumper")
    script = Path(shutil.copy(program, tmp_path))
    shutil.copytree(PROGRAMS / "lib", tmp_path / "lib")
    before, texts = run(script), texts_of(tmp_path)
    leaked = sum(finding.count for finding in before.findings)
    for marked in before.dump.marked:
        for cure in before.dump.cures(marked):
            if cure.is_safe:
                make(cure)
                after = run(script)
                restore(texts)
                assert after.output == before.output, cure.title
                assert sum(finding.count for finding in after.findings) == leaked - marked.finding.count, cure.title


def test_every_folder_is_a_case() -> None:
    assert {path.name for path in CASES_FOLDER.iterdir()} == set(CASES)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("ask `largest --retained`, and `compare` with an earlier dump", [], id="commands"),
        pytest.param(
            "`pmat-lsp leaks --unexplained` lists them (--unexplained)", [], id="with-the-name-of-the-program"
        ),
        pytest.param("a `local @ISA` leaks; `weaken` it", [], id="perl"),
        pytest.param("take more dumps and ask `growth`", ["growth"], id="no-command"),
        pytest.param("ask `pmat-lsp growth OLD NEW`", ["growth OLD NEW"], id="no-command-with-arguments"),
        pytest.param(
            "`leaks --everything` tells more (--nothing)", ["leaks --everything", "leaks --nothing"], id="option"
        ),
    ],
)
def test_commands_that_do_not_exist_are_found_in_a_text(text: str, wrong: list[str]) -> None:
    assert unknown_commands(text) == [f"no such command: {snippet}" for snippet in wrong]


def test_renaming_turns_the_order_of_the_classes_round(tmp_path: Path) -> None:
    (tmp_path / "lib" / "Shop").mkdir(parents=True)
    (tmp_path / "lib" / "Shop" / "Desk.pm").write_text("package Shop::Desk; our $n; sub shop { $_[0]{shop} } 1;\n")
    (tmp_path / "prog.pl").write_text(
        "use Shop::Desk; package Shop; Shop::Desk->new; $Shop::Desk::n; $Shop::all; Shops();\n"
    )
    renaming = Renaming.of(tmp_path, "Zzz")
    renaming.rename(tmp_path)
    assert renaming.names == {"Shop::Desk": "Zzz0ShopDesk", "Shop": "Zzz1Shop"}
    assert renaming.path(r"lib/Shop/Desk\.pm:1") == r"lib/Zzz0ShopDesk\.pm:1"
    assert (
        (tmp_path / "lib" / "Zzz0ShopDesk.pm")
        .read_text()
        .startswith("package Zzz0ShopDesk; our $n; sub shop { $_[0]{shop} }")
    )
    assert (tmp_path / "prog.pl").read_text() == (
        "use Zzz0ShopDesk; package Zzz1Shop; Zzz0ShopDesk->new; $Zzz0ShopDesk::n; $Zzz1Shop::all; Shops();\n"
    )
