"""`pmat-lsp fix`: a diff that patch takes, or changed files; and findings that a comment ignores."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pmat_lsp.cli.main import main
from tests.cures.running import copied, needs_dumper, run, written
from tests.dumps import ROOT

DEMO = ROOT / "pmat_lsp" / "demo"
LEAKY = str(DEMO / "courier.pmat.xz")
HTTP = Path("lib/Courier/HTTP.pm")


@pytest.fixture
def courier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo, to stand in."""
    folder = tmp_path / "courier"
    shutil.copytree(DEMO / "program", folder)
    monkeypatch.chdir(folder)
    return folder


def test_the_diff_is_one_that_patch_takes_and_equals_what_is_written(
    courier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = HTTP.read_text()
    assert main(["fix", LEAKY]) == 0
    diff = capsys.readouterr().out
    assert HTTP.read_text() == before
    assert diff.startswith("--- a/lib/Courier/HTTP.pm\n+++ b/lib/Courier/HTTP.pm\n@@ ")
    subprocess.run(["git", "apply", "-"], input=diff, text=True, check=True, cwd=courier)
    patched = HTTP.read_text()
    HTTP.write_text(before)
    assert main(["fix", LEAKY, "--write"]) == 0
    assert "1 file changed" in capsys.readouterr().out
    assert HTTP.read_text() == patched != before


def test_each_finding_is_told_with_its_cure_and_why_it_is_safe(
    courier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["fix", LEAKY])
    assert capsys.readouterr().out.endswith(
        "leak[container-capture]: 59 Courier::Connection objects can never be freed\n"
        "  Capture a weakened copy of $conns. The closure does nothing with $conns but take things out of it.\n"
    )


def test_without_the_sources_there_is_no_cure_and_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["fix", LEAKY]) == 1
    assert capsys.readouterr().out.endswith("  no cure that is proven to be safe\n")


def test_a_dump_without_a_leak_needs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", str(ROOT / "tests" / "data" / "courier_fixed.pmat.xz")]) == 0
    assert capsys.readouterr().out == "no proven leak: nothing to cure\n"


@needs_dumper
def test_what_a_person_has_to_check_is_taken_only_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = copied(tmp_path, "live_clones.pl")
    run(script)
    monkeypatch.chdir(tmp_path)
    assert main(["fix", "live_clones.pmat"]) == 1
    assert "+" not in capsys.readouterr().out
    assert main(["fix", "live_clones.pmat", "--unproven", "--write"]) == 0
    assert "gets the callback, and what it does with it is not known" in capsys.readouterr().out
    assert run(script).patterns == []


@needs_dumper
@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1"])
def test_a_file_is_written_in_its_own_encoding_and_mode(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "# Gr\u00fc\u00dfe\r\nuse Devel::MAT::Dumper;\r\n"
        "for ( 1 .. 3 ) { my $step; $step = sub { $_[0] ? $step->(0) : 'caf\u00e9' }; $step->(1) }\r\n"
        "Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );\r\n"
    )
    script = written(tmp_path, text.encode(encoding))
    script.chmod(0o750)
    run(script)
    monkeypatch.chdir(tmp_path)
    assert main(["fix", "program.pmat", "--write"]) == 0
    assert script.stat().st_mode & 0o777 == 0o750
    assert script.read_bytes() == text.replace("$step->(0)", "__SUB__->(0)").replace(
        "Dumper;\r\nfor", "Dumper;\r\nuse feature 'current_sub';\r\nfor"
    ).encode(encoding)
    assert run(script).patterns == []


@pytest.mark.parametrize(
    ("comment", "is_ignored"),
    [
        pytest.param("# pmat: ignore the server closes them", True, id="any-pattern"),
        pytest.param("# pmat: ignore[container-capture] the server closes them", True, id="this-pattern"),
        pytest.param("# pmat: ignore[self-callback] the server closes them", False, id="another-pattern"),
        pytest.param("# pmat: ignore", False, id="without-a-reason"),
        pytest.param(";'# pmat: ignore the server closes them';", False, id="in-a-string"),
    ],
)
def test_a_finding_is_ignored_with_a_reason_alone(
    comment: str, is_ignored: bool, courier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = HTTP.read_text().splitlines()
    lines[78] += f" {comment}"
    HTTP.write_text("\n".join(lines) + "\n")
    assert main(["leaks", LEAKY]) == (0 if is_ignored else 1)
    out = capsys.readouterr().out
    line = "1 proven leak ignored by a comment: lib/Courier/HTTP.pm:79 (the server closes them)\n"
    assert out.endswith(line) == is_ignored
    assert out.startswith("no other proven leak. Checked") == is_ignored
    main(["leaks", LEAKY, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["findings"][0]["ignored"] == ("the server closes them" if is_ignored else None)
    assert main(["fix", LEAKY]) == 0
    assert ("nothing to cure" in capsys.readouterr().out) == is_ignored


def test_the_comment_may_stand_in_the_lines_above(courier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = HTTP.read_text().splitlines()
    lines[78:78] = ["    # pmat: ignore[container-capture] the server closes them", "    # and this is more about it"]
    HTTP.write_text("\n".join(lines) + "\n")
    assert main(["leaks", LEAKY]) == 0
