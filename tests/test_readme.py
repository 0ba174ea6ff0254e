"""What the README shows is what happens: every command in it is run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmat_lsp.cli.main import main
from pmat_lsp.format.container import read_dump
from tests.dumps import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
COMMANDS = [line.removeprefix("$ ") for block in BLOCKS for line in block.splitlines() if line.startswith("$ ")]
RUN_HERE = [command for command in COMMANDS if command.startswith("pmat-lsp ") and command != "pmat-lsp serve"]
LEAKY = """
    use strict; use warnings;
    for ( 1 .. 3 ) { my $node = {}; $node->{again} = sub { $node } }
    kill QUIT => $$ if ( $ARGV[0] // '' ) eq 'quit';
    die "the end\\n" if ( $ARGV[0] // '' ) eq 'die';
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the README's reader has it: sources, and dumps beside them."""
    demo = ROOT / "pmat_lsp" / "demo"
    shutil.copytree(demo / "program", tmp_path, dirs_exist_ok=True)
    (tmp_path / "local" / "lib" / "perl5").mkdir(parents=True)
    for name in ("courier.pmat", "app.pl.pmat"):
        (tmp_path / name).write_bytes(read_dump(demo / "courier.pmat.xz"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def test_there_are_commands_of_every_sort() -> None:
    programs = {command.split()[0] for command in COMMANDS}
    assert programs == {"pmat-lsp", "make", "perl"}
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("command", RUN_HERE)
@pytest.mark.usefixtures("folder")
def test_every_pmat_lsp_command_works(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "--verify" in command and not _perl_can_dump():
        pytest.skip("perl with Devel::MAT::Dumper is not here")
    try:
        status = main(shlex.split(command)[1:])
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    out, err = capsys.readouterr()
    assert status == (1 if " leaks " in command else 0)
    assert out
    assert ("verified with" in out) == ("--verify" in command)
    # Whoever has a command run is warned of what that does.
    assert err.startswith("pmat-lsp: warning: ") if "--verify" in command else err == ""


@pytest.mark.usefixtures("folder")
def test_the_picture_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    command, _, picture = BLOCKS[0].partition("\n")
    main(shlex.split(command)[2:])
    assert capsys.readouterr().out == picture


def test_serve_starts_and_ends_when_its_editor_leaves(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "pmat_lsp", "serve"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert done.stdout == b""
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_every_make_target_is_there(command: str) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not here")
    done = subprocess.run(
        [*shlex.split(command), "--dry-run"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("perl ")])
def test_every_way_to_make_a_dump_makes_one_that_can_be_read(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not _perl_can_dump():
        pytest.skip("perl with Devel::MAT::Dumper is not here")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "app.pl").write_text(LEAKY, encoding="utf-8")
    when = {"-dump_at_DIE": "die", "-dump_at_SIGQUIT": "quit"}
    words = shlex.split(command)
    arguments = [argument for option, argument in when.items() if words[1].endswith(option)]
    subprocess.run([*words, *arguments], capture_output=True, timeout=60, check=False)
    assert main(["leaks", "app.pl.pmat"]) == 1
    assert "3 closures can never be freed" in capsys.readouterr().out


def _perl_can_dump() -> bool:
    perl = shutil.which("perl")
    check = [perl or "", "-MDevel::MAT::Dumper", "-e1"]
    return perl is not None and subprocess.run(check, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)]+)\)", README))
def test_every_link_leads_to_a_file(target: str) -> None:
    assert (ROOT / target).is_file()
