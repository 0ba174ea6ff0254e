"""`pmat-lsp leaks`: what it prints, its exit statuses, and its errors."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pmat_lsp.cli.main import main
from tests.dumps import ROOT

DEMO = ROOT / "pmat_lsp" / "demo"
LEAKY = str(DEMO / "courier.pmat.xz")
SOUND = str(ROOT / "tests" / "data" / "courier_fixed.pmat.xz")
PARSER = str(ROOT / "tests" / "data" / "parser_handler.pmat.xz")
PROGRAM = str(DEMO / "program")


def run_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program, as a shell starts it."""
    return subprocess.run(
        [sys.executable, "-m", "pmat_lsp", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        encoding="utf-8",
    )


def test_proven_leaks_are_reported_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", LEAKY, "--source-root", PROGRAM]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("leak[container-capture]: 59 Courier::Connection objects can never be freed\n")
    assert "lib/Courier/HTTP.pm:79:22\n" in out
    assert err == ""


def test_no_leak_is_reported_with_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", SOUND]) == 0
    assert capsys.readouterr().out.startswith("no proven leak. Checked ")


def test_the_current_directory_is_the_source_root(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(PROGRAM)
    main(["leaks", LEAKY])
    assert "--> lib/Courier/HTTP.pm:79:22\n" in capsys.readouterr().out


def test_a_path_map_finds_sources_that_lie_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moved").symlink_to(Path(PROGRAM) / "lib")
    main(["leaks", LEAKY, "--path-map", "lib=moved"])
    assert "--> moved/Courier/HTTP.pm:79:22\n" in capsys.readouterr().out


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", "--json", LEAKY]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["dump"]["path"] == LEAKY
    assert [finding["count"] for finding in answer["findings"]] == [59]


def test_unexplained_only_counts_what_perl_holds_in_every_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", "--unexplained", SOUND]) == 0
    out = capsys.readouterr().out
    count = int(out.partition(" roots; ")[2].split(" ")[0])
    assert f"\n{count} SVs (" in out
    left_out = [int(line.split()[2]) for line in out.splitlines() if line.startswith("  left out: ")]
    assert sum(left_out) == count
    assert "suspected" not in out


def test_suspects_are_told_with_their_probable_holder_and_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", PARSER]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.partition(" suspected: ")[2] == (
        "20 Stripper objects (17.8 KiB) are unreachable, and one count on each of 21 SVs that lead to them is not in "
        "the dump; probably held by HTML::Parser (XS): `pmat-lsp leaks --unexplained`"
    )


def test_unexplained_lists_the_outermost_svs_with_what_they_lead_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", "--unexplained", PARSER]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("       21      17.8 KiB  a reference to the closure at parser_handler.pl:17")
    assert [line.strip() for line in lines[at + 1 : at + 3]] == [
        "one count on each is not in the dump; probably held by HTML::Parser (XS)",
        "leads to 20 Stripper objects: the closure at parser_handler.pl:17, $self Stripper, ->{parser} HTML::Parser",
    ]
    assert lines[-1] == "These need not be leaks: a callback that an event loop written in C holds looks the same."


def test_json_has_what_is_unexplained_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", "--json", "--unexplained", PARSER]) == 0
    answer = json.loads(capsys.readouterr().out)
    first = answer["unexplained"][0]
    told = [first[key] for key in ("verdict", "count", "missing", "class", "objects", "holders")]
    assert told == ["unexplained", 21, 1, "Stripper", 20, ["HTML::Parser"]]
    total = sum(group["svs_total"] for group in answer["unexplained"]) + sum(answer["unexplained_rest"].values())
    assert total == answer["checked"]["unexplained"]
    assert main(["leaks", "--json", PARSER]) == 0
    assert "unexplained_rest" not in json.loads(capsys.readouterr().out)


def _not_a_dump(folder: Path) -> Path:
    path = folder / "app.pmat"
    path.write_bytes(b"\x7fELF and more")
    return path


def _cut_off(folder: Path) -> Path:
    path = folder / "cut.pmat.xz"
    path.write_bytes(Path(LEAKY).read_bytes()[:50_000])
    return path


def _odd_name(folder: Path) -> Path:
    return folder / "\x1b[31mred\n\udcff"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda folder: folder / "missing.pmat", "missing.pmat: no such file"),
        (lambda folder: folder, ": is a directory"),
        (_not_a_dump, "app.pmat: not a heap dump"),
        (_cut_off, "cut off or damaged"),
        (_odd_name, "no such file"),
    ],
    ids=["missing", "directory", "no dump", "cut off", "odd name"],
)
def test_a_users_mistake_is_one_sentence_with_status_2(
    make: object, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(make)
    assert main(["leaks", str(make(tmp_path))]) == 2
    out, err = capsys.readouterr()
    first, *hints = err.splitlines()
    assert out == ""
    assert first.startswith("pmat-lsp: ")
    assert problem in first
    assert first.isprintable()
    assert all(hint.startswith(" " * 10) for hint in hints)


def test_a_dump_that_may_not_be_read_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "closed.pmat"
    path.write_bytes(b"PMAT")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert main(["leaks", str(path)]) == 2
    assert "Permission denied" in capsys.readouterr().err


def test_a_source_root_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", LEAKY, "--source-root", "/no/such/folder"]) == 2
    assert "pmat-lsp: /no/such/folder: no such directory\n" in capsys.readouterr().err


def test_a_path_map_without_both_sides_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["leaks", LEAKY, "--path-map", "lib="])
    assert exit_.value.code == 2
    assert "FROM=TO" in capsys.readouterr().err


def test_piped_output_is_plain_and_the_status_is_the_processs() -> None:
    done = run_process("leaks", LEAKY)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_colour_can_be_forced_and_no_color_wins_over_that() -> None:
    forced = run_process("leaks", LEAKY, FORCE_COLOR="1", NO_COLOR="")
    assert "\x1b[" in forced.stdout
    assert "\x1b" not in run_process("leaks", LEAKY, FORCE_COLOR="1", NO_COLOR="1").stdout


def test_a_terminal_that_knows_ascii_only_gets_escapes() -> None:
    done = run_process("leaks", LEAKY, PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert "4, 5, 6 \\u2026 63" in done.stdout


def test_a_reader_that_leaves_is_no_error() -> None:
    command = [sys.executable, "-m", "pmat_lsp", "leaks", LEAKY]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as nobody:
        done = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, timeout=60, check=False, env=environment)
    assert done.returncode == 141
    assert done.stderr == b""


def test_ctrl_c_ends_it_with_130_and_without_a_traceback() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


_INTERRUPTED = f"""
import os, signal, sys
import pmat_lsp.cli.leaks as leaks
from pmat_lsp.cli.main import main
leaks.opened_dump = lambda *arguments: os.kill(os.getpid(), signal.{signal.SIGINT.name})
sys.exit(main(["leaks", "{LEAKY}"]))
"""
