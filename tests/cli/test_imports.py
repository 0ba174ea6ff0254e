"""A command imports what it needs and no more: most of the time that a short answer takes is that of imports."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from pmat_lsp.catalogue.questions import BY_NAME, QUESTIONS
from pmat_lsp.cli.main import BY_NAME as COMMANDS
from pmat_lsp.cli.main import HELP, build_parser
from tests.dumps import ROOT

DUMP = str(ROOT / "pmat_lsp" / "demo" / "courier.pmat.xz")
HEAVY = frozenset({"rich.console", "tree_sitter", "pygls", "prompt_toolkit", "duckdb", "asyncio", "lsprotocol"})
BUILDING = frozenset({"subprocess", "pmat_lsp.heap.building", "pmat_lsp.heap.load"})
LINKS = frozenset({"pmat_lsp.cli.targets", "pmat_lsp.render.links"})
"""What only a terminal needs."""
SOURCE = frozenset({"pmat_lsp.source.places", "pmat_lsp.source.perl"})
PROOF = frozenset({"pmat_lsp.analysis.leaks", "pmat_lsp.analysis.closures", "pmat_lsp.analysis.retained"})
_TELL = """\
import sys
from pmat_lsp.cli.main import main
try:
    sys.exit(main(sys.argv[1:]))
finally:
    sys.stderr.write(" ".join(sys.modules))
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that has the index of the dump."""
    folder = tmp_path_factory.mktemp("cache")
    imported(folder, "summary", DUMP)
    return folder


def imported(cache: Path, *arguments: str, succeeds: bool = True) -> set[str]:
    """The modules of a process after it has run one command, or has said what is wrong with it."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", _TELL, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**environment, "PMAT_LSP_CACHE": str(cache)},
    )
    assert done.returncode == (0 if succeeds else 2), done.stderr
    assert bool(done.stdout) is succeeds
    return set(done.stderr.splitlines()[-1].split())


@lru_cache(maxsize=1)
def brought_by_numpy() -> frozenset[str]:
    """What numpy imports by itself: older ones import subprocess."""
    command = [sys.executable, "-c", "import sys, numpy; print(*sys.modules)"]
    return frozenset(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("arguments", "needed", "unneeded"),
    [
        (("summary",), "pmat_lsp.catalogue.summary", PROOF | {"pmat_lsp.catalogue.find", "pmat_lsp.cli.leaks"}),
        (("count",), "pmat_lsp.catalogue.count", frozenset({"pmat_lsp.analysis.leaks", "pmat_lsp.query.database"})),
        (
            ("largest", "--retained"),
            "pmat_lsp.analysis.retained",
            PROOF - {"pmat_lsp.analysis.retained"} | {"numpy.ma", "pmat_lsp.cli.shell.command"},
        ),
    ],
)
def test_a_question_imports_only_what_it_needs(
    arguments: tuple[str, ...], needed: str, unneeded: frozenset[str], cache: Path
) -> None:
    modules = imported(cache, *arguments, DUMP)
    assert needed in modules
    assert sorted((modules & (HEAVY | BUILDING | LINKS | SOURCE | unneeded)) - brought_by_numpy()) == []


def test_a_dump_without_an_index_is_read_by_the_child_alone(tmp_path: Path) -> None:
    modules = imported(tmp_path, "summary", DUMP)
    assert "pmat_lsp.heap.building" in modules
    assert "pmat_lsp.heap.load" not in modules
    if sys.platform == "linux":
        # The child is forked.
        assert "subprocess" not in modules - brought_by_numpy()


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["help"], []])
def test_what_is_about_no_dump_imports_nothing_that_reads_one(words: list[str], tmp_path: Path) -> None:
    modules = imported(tmp_path, *words, succeeds=bool(words))
    ours = {name for name in modules if name.startswith("pmat_lsp.") and name.count(".") == 1}
    assert ours <= {f"pmat_lsp.{name}" for name in ("cli", "catalogue", "errors")}
    assert not modules & (HEAVY | {"numpy", "rich", "dataclasses"})


def test_a_word_that_is_no_command_imports_no_command(tmp_path: Path) -> None:
    modules = imported(tmp_path, "leek", succeeds=False)
    assert not modules & (HEAVY | {"numpy", "rich", "pmat_lsp.session", "pmat_lsp.catalogue.question"})


def test_names_are_those_of_what_is_loaded() -> None:
    assert list(BY_NAME) == [question.name for question in QUESTIONS]
    assert list(COMMANDS) == [command.NAME for command in COMMANDS.values()]
    assert [name for name in COMMANDS if name in BY_NAME] == list(BY_NAME)
    assert list(HELP) == list(COMMANDS)
    assert all(BY_NAME[name].help == HELP[name] for name in BY_NAME)
    with pytest.raises(KeyError):
        BY_NAME["leek"]


@pytest.mark.parametrize("name", ["leaks", "largest", "cache"])
def test_a_command_alone_says_the_same_of_itself_as_among_all(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for parser in (build_parser([name]), build_parser(["help", name])):
        with pytest.raises(SystemExit):
            parser.parse_args([name, "--help"])
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] != ""
