"""`pmat-lsp fix`: a diff that patch takes, or changed files; and findings that a comment ignores."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pmat_lsp.cli.main import main
from pmat_lsp.cures.find import Fixes
from pmat_lsp.cures.model import Cure, Safety
from pmat_lsp.cures.offers import as_of
from tests.cures.running import copied, needs_dumper, replacing, run, written
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


@pytest.fixture
def newer_dump(courier: Path) -> str:
    """The demo's dump, written after its sources."""
    dump = courier.parent / "courier.pmat.xz"
    shutil.copyfile(LEAKY, dump)
    return str(dump)


def test_each_finding_is_told_with_its_place_its_fix_and_why_that_is_safe(
    newer_dump: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["fix", newer_dump])
    told = capsys.readouterr().out.split("\n\n", 1)[1]
    assert re.fullmatch(
        r"fix   lib/Courier/HTTP\.pm:79   capture a weakened copy of \$conns\s+safe: [^\n]+\n"
        r"      leak\[container-capture\]: 59 Courier::Connection objects can never be freed\n"
        r"\n"
        r"1 finding: 1 with a fix that is safe or verified\n",
        told,
    )


def test_a_source_that_is_newer_than_the_dump_is_told(newer_dump: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", newer_dump]) == 0
    assert capsys.readouterr().err == ""
    later = Path(newer_dump).stat().st_mtime + 10
    os.utime(HTTP, (later, later))
    assert main(["fix", newer_dump]) == 0
    assert capsys.readouterr().err.startswith("pmat-lsp: note: lib/Courier/HTTP.pm was written after the dump; ")


@needs_dumper
def test_a_safe_fix_in_a_newer_source_needs_review_where_nothing_shows_that_its_place_is_the_same(
    tmp_path: Path,
) -> None:
    ran = run(copied(tmp_path, "self_ref.pl"))
    (marked,) = ran.dump.marked
    (cure,) = ran.dump.cures(marked)
    safe = replace(cure, safety=Safety.SAFE)
    written = (tmp_path / "self_ref.pl").stat().st_mtime
    assert as_of(written + 1, marked, [safe]) == (safe,)
    (doubted,) = as_of(written - 1, marked, [safe])
    assert doubted.safety is Safety.REVIEW
    assert doubted.reason.startswith("self_ref.pl was written after the dump, and nothing shows")


def test_without_the_sources_there_is_no_fix_but_why_and_what_to_do_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["fix", LEAKY]) == 1
    out = capsys.readouterr().out
    assert out.startswith("none  lib/Courier/Connection.pm:43 (as recorded)\n      no fix: the source is not here: ")
    assert "\n      by hand: " in out
    assert out.endswith("\n1 finding: 1 without a fix\n")


def test_a_dump_without_a_leak_needs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", str(ROOT / "tests" / "data" / "courier_fixed.pmat.xz")]) == 0
    assert capsys.readouterr().out == "no proven leak: nothing to fix\n"


@needs_dumper
def test_a_fix_that_needs_review_is_told_and_made_only_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = copied(tmp_path, "live_clones.pl")
    before = script.read_text()
    run(script)
    monkeypatch.chdir(tmp_path)
    assert main(["fix", "live_clones.pmat", "--write"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("fix   live_clones.pl:18   capture a weakened copy of $self\n      review: ")
    assert "\n      by hand: " in out
    assert out.endswith("\n0 files changed; run the program again, and look at a new dump\n")
    assert script.read_text() == before
    assert main(["fix", "live_clones.pmat"]) == 1
    assert "needs review (--review shows its changes, --verify -- COMMAND tries it" in capsys.readouterr().out
    assert main(["fix", "live_clones.pmat", "--review"]) == 1
    assert "\n+        weaken( my $weak_self = $self );\n" in capsys.readouterr().out
    assert script.read_text() == before
    assert main(["fix", "live_clones.pmat", "--review", "--write"]) == 0
    assert run(script).patterns == []


@needs_dumper
def test_the_old_name_of_review_still_works_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = copied(tmp_path, "live_clones.pl")
    run(script)
    monkeypatch.chdir(tmp_path)
    assert main(["fix", "live_clones.pmat", "--unproven", "--write"]) == 0
    assert capsys.readouterr().err == "pmat-lsp: note: --unproven is now called --review, and will go\n"
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
    line = "1 finding ignored by a comment: lib/Courier/HTTP.pm:79 (the server closes them)\n"
    assert out.endswith(line) == is_ignored
    assert out.startswith("no other proven leak. Checked") == is_ignored
    main(["leaks", LEAKY, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["findings"][0]["ignored"] == ("the server closes them" if is_ignored else None)
    assert main(["fix", LEAKY]) == 0
    assert ("nothing to fix" in capsys.readouterr().out) == is_ignored


def test_the_comment_may_stand_in_the_lines_above(courier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = HTTP.read_text().splitlines()
    lines[78:78] = ["    # pmat: ignore[container-capture] the server closes them", "    # and this is more about it"]
    HTTP.write_text("\n".join(lines) + "\n")
    assert main(["leaks", LEAKY]) == 0


JOB = """package Job;
use strict; use warnings; use Scalar::Util;
our @waiting;
sub new { my ( $class, $n ) = @_; return bless { n => $n }, $class }
sub on_done {
    my ($self) = @_;
    $self->{on_done} = sub { return "job $self->{n} is done" };
    push @waiting, $self->{on_done};
    return $self;
}
1;
"""
HOLDS = """use strict; use warnings; use Job;
our @kept = map { Job->new($_)->on_done } 1 .. 3;
sub run { my $job = Job->new( $_[0] )->on_done; print $job->{on_done}->(), "\\n" }
run($_) for 4 .. 8;
@Job::waiting = ();
"""
CHANGES = """use strict; use warnings; use Job;
our @kept = map { Job->new($_)->on_done } 1 .. 3;
@Job::waiting = ();
print "begin\\n";
sub run { Job->new( $_[0] )->on_done; my $next = shift @Job::waiting; print $next->() // 'nothing', "\\n" }
run($_) for 4 .. 8;
"""
RECURSIVE = "for ( 1 .. 3 ) { my $step; $step = sub { $_[0] ? $step->(0) : 1 }; $step->(1) }"
COMMAND = ["--verify", "--", "perl", "-Ilib", "app.pl"]


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program, to stand in, whose one fix needs review; temporary files are in a folder beside it."""
    folder = tmp_path / "job"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "Job.pm").write_text(JOB)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr("pmat_lsp.session.Dump.fixes", lambda _dump, _marked: Fixes((weak_copy(Safety.REVIEW),), ()))
    return folder


def weak_copy(safety: Safety) -> Cure:
    """The fix of the job, whatever the analysis thinks of it."""
    old = '    $self->{on_done} = sub { return "job $self->{n} is done" };\n'
    new = (
        "    Scalar::Util::weaken( my $weak = $self );\n"
        '    $self->{on_done} = sub { my $self = $weak or return; return "job $self->{n} is done" };\n'
    )
    return replacing(Path.cwd() / "lib" / "Job.pm", old, new, safety)


def dumped(folder: Path, program: str) -> str:
    (folder / "app.pl").write_text(program)
    dump = str(folder.parent / "app.pmat")
    options = [f"-MDevel::MAT::Dumper=-dump_at_END,-file,{dump}", "-Ilib"]
    subprocess.run(["perl", *options, "app.pl"], cwd=folder, check=True, capture_output=True, timeout=60)
    return dump


@needs_dumper
def test_a_verified_fix_is_written_whatever_the_analysis_says(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = dumped(job, HOLDS)
    assert main(["fix", dump, "--write"]) == 1
    capsys.readouterr()
    assert main(["fix", dump, "--write", *COMMAND]) == 0
    out, err = capsys.readouterr()
    assert "\n      verified with `perl -Ilib app.pl`: same output, 5 islands → 0\n" in out
    assert "`perl -Ilib app.pl` runs at least three times, in copies of " in err
    assert "(2 files, " in err
    dumped(job, HOLDS)
    assert main(["leaks", dump]) == 0
    assert list((job.parent / "temporary").iterdir()) == []


@needs_dumper
@pytest.mark.parametrize("safety", Safety)
@pytest.mark.parametrize("options", [["--write"], ["--write", "--review"]])
def test_a_fix_that_changes_the_output_is_never_written(
    options: list[str],
    safety: Safety,
    job: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pmat_lsp.session.Dump.fixes", lambda _dump, _marked: Fixes((weak_copy(safety),), ()))
    dump = dumped(job, CHANGES)
    assert main(["fix", dump, *options, *COMMAND]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^fix   lib/Job.pm:7   \S.*   changes the output: lines 2–6 of stdout$", out, re.MULTILINE)
    assert "safe:" not in out
    assert "\n      by hand: " in out
    assert Path("lib/Job.pm").read_text() == JOB


@needs_dumper
def test_a_safe_fix_is_written_where_the_command_does_not_show_the_leak(
    job: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pmat_lsp.session.Dump.fixes", lambda _dump, _marked: Fixes((weak_copy(Safety.SAFE),), ()))
    dump = dumped(job, HOLDS)
    assert main(["fix", dump, "--write", "--verify", "--", "perl", "-e", "1"]) == 0
    assert "not verified: this command does not show the leak" in capsys.readouterr().out
    assert "weaken" in Path("lib/Job.pm").read_text()


@needs_dumper
def test_the_answer_as_json_has_the_fix_and_what_its_run_has_shown(
    job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump = dumped(job, HOLDS)
    assert main(["fix", dump, "--json"]) == 1
    (fix,) = json.loads(capsys.readouterr().out)["fixes"]
    assert (fix["safety"], fix["verified"], fix["trial"], fix["taken"]) == ("review", None, None, False)
    assert main(["fix", dump, "--json", *COMMAND]) == 0
    answer = json.loads(capsys.readouterr().out)
    (fix,), (finding,) = answer["fixes"], answer["findings"]
    assert (fix["safety"], fix["verified"], fix["taken"], fix["finding"]) == ("review", True, True, finding["id"])
    assert (fix["file"], fix["line"]) == (str(job / "lib" / "Job.pm"), 7)
    assert fix["trial"]["islands"] == [5, 0]
    assert {edit["file"] for edit in fix["edits"]} == {fix["file"]}
    assert (finding["settled"], finding["why_none"]) == (True, None)
    assert answer["verification"]["runs"] == 3
    assert keys_of(answer) <= told_keys()
    dumped(job, CHANGES)
    assert main(["fix", dump, "--json", *COMMAND]) == 1
    (fix,) = json.loads(capsys.readouterr().out)["fixes"]
    assert (fix["verified"], fix["trial"]["differences"]) == (
        False,
        [{"stream": "stdout", "before": [2, 6], "after": [2, 6]}],
    )


def keys_of(value: object, name: str = "") -> set[str]:
    """Every key, as the page of the JSON names it."""
    if isinstance(value, list):
        return {key for one in value for key in keys_of(one, f"{name}[]")}
    if not isinstance(value, dict) or name == "dump":
        return {name} if name.removesuffix("[]") == name else set()
    inner = {key for under, one in value.items() for key in keys_of(one, f"{name}.{under}".removeprefix("."))}
    return inner | ({name} if name and not name.endswith("[]") else set())


def told_keys() -> set[str]:
    page = (ROOT / "docs" / "json.md").read_text()
    section = page[page.index("# The JSON of `pmat-lsp fix --json`") : page.index("# The JSON of the other commands")]
    cells = re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@needs_dumper
@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["perl", "-Ilib", "-MJob", "-e", "1"], "not verified: this command does not show the leak\n"),
        (["perl", "-e", "1"], "not verified: this command does not show the leak: no perl of it loaded lib/Job.pm\n"),
        (["perl", "-T", "-e", "1"], "not verified: no perl was seen that could write a dump: a perl with taint checks"),
        (["perl", "-I{job}/lib", "app.pl"], "not verified: the command loaded {job}/lib/Job.pm, not its copy:"),
        (["sh", "-c", "perl -Ilib app.pl; sleep 60"], "not verified: the unchanged command did not end within 4 s;"),
    ],
)
def test_why_a_fix_is_not_verified_is_told(
    command: list[str], told: str, job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump = dumped(job, HOLDS)
    words = [word.format(job=job) for word in command]
    assert main(["fix", dump, "--timeout", "4", "--verify", "--", *words]) == 1
    told = f"\n      {told.format(job=job)}"
    assert " ".join(told.split()) in " ".join(capsys.readouterr().out.split())


@needs_dumper
def test_output_that_differs_by_itself_is_told(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump = dumped(job, HOLDS + 'print "process $$\\n";')
    assert main(["fix", dump, *COMMAND]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "`perl -Ilib app.pl`: same stderr, 5 islands → 0" in out
    assert "note two runs of the unchanged command differ (line 6 of stdout), so stdout cannot be compared" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--verify"], "--verify needs a command to run"),
        (["--", "perl", "x"], "'perl' stands behind --, but nothing is to be run"),
    ],
)
def test_a_command_goes_with_verify(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", LEAKY, *words]) == 2
    assert capsys.readouterr().err.startswith(f"pmat-lsp: {message}\n")


@needs_dumper
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["INT", "TERM", "HUP"],
)
def test_who_ends_it_leaves_no_process_and_no_file(number: int, status: int, job: Path) -> None:
    dump = dumped(job, RECURSIVE)
    begun = job.parent / "begun"
    code = "$SIG{TERM} = 'IGNORE'; open my $file, '>', shift; print $file $$; close $file; sleep 60"
    words = [sys.executable, "-m", "pmat_lsp", "fix", dump, "--write", "--verify", "--", "perl", "-e", code, str(begun)]
    environment = {**os.environ, "TMPDIR": str(job.parent / "temporary")}
    with subprocess.Popen(
        words,
        cwd=job,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Tests that run behind nohup would hand down that it is ignored.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as process:
        try:
            while not (begun.exists() and begun.read_text()):
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(number)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == status
    assert b"Traceback" not in err
    assert list((job.parent / "temporary").iterdir()) == []
    assert Path("lib/Job.pm").read_text() == JOB
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text()), 0)


@needs_dumper
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_file_keeps_its_line_ends_its_end_without_one_and_the_link_to_it(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "use Devel::MAT::Dumper;",
        "for ( 1 .. 3 ) { my $step; $step = sub { $_[0] ? $step->(0) : 1 }; $step->(1) }",
        "Devel::MAT::Dumper::dump( $ENV{PMAT_OUT} );",
    ]
    (tmp_path / "real").mkdir()
    real = written(tmp_path / "real", ending.join(lines).encode())
    (tmp_path / "program.pl").symlink_to("real/program.pl")
    run(tmp_path / "program.pl")
    monkeypatch.chdir(tmp_path)
    assert main(["fix", "program.pmat", "--write"]) == 0
    assert (tmp_path / "program.pl").is_symlink()
    text = real.read_bytes().decode()
    assert not text.endswith("\n")
    assert text.count("\n") == text.count(ending) == 3
    assert "__SUB__->(0)" in text


@needs_dumper
def test_a_file_of_a_library_is_changed_only_where_it_is_named(tmp_path: Path) -> None:
    folder, module = tmp_path / "job", tmp_path / "library" / "Walk.pm"
    folder.mkdir()
    module.parent.mkdir()
    module.write_text(f"package Walk; sub walk {{ {RECURSIVE} }} 1;\n")
    before = module.read_text()
    dump = dumped(folder, f"use lib '{module.parent}'; use Walk; Walk::walk();")
    words = [sys.executable, "-m", "pmat_lsp", "fix", dump, "--write", "--review"]
    # A library of the local perl: its text may be read.
    environment = {**os.environ, "PERL5LIB": str(module.parent)}

    def fixed(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, *more], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    refused = fixed()
    assert refused.returncode == 1
    assert f"no fix: it would change {module}, which lies outside of the source roots: " in " ".join(
        refused.stdout.split()
    )
    assert module.read_text() == before
    assert fixed("--allow-outside", str(module)).returncode == 0
    assert module.read_text() != before
