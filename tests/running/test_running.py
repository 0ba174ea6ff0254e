"""Running a command with a heap dump of each of its perls: what is written, and that the program does not notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Cancelled, never
from pmat_lsp.running.dumps import PerlProcess, Run, run_with_dumps, work_folder
from pmat_lsp.session import Settings, open_dump
from tests.cures.running import needs_dumper

LEAK = "sub leak { for ( 1 .. $_[0] ) { my $node = bless {}, 'Node'; $node->{self} = $node } } "


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def ran(results: Path, *command: str, timeout: float = 60, **environment: str) -> Run:
    return run_with_dumps(command, results.parent, results, timeout, never, {"PATH": os.environ["PATH"], **environment})


def leaked(perl: PerlProcess) -> int:
    assert perl.dump is not None
    findings = open_dump(perl.dump, Settings()).leaks.report.findings
    return sum(finding.count for finding in findings)


@needs_dumper
def test_a_perl_writes_its_heap_at_its_end(results: Path) -> None:
    run = ran(results, "perl", "-e", f"{LEAK} leak(3)")
    assert (run.status, run.stdout.read_bytes(), run.stderr.read_bytes()) == (0, b"", b"")
    (perl,) = run.perls
    assert (perl.script, perl.cwd, perl.has_dumper) == ("-e", results.parent, True)
    assert perl.version.startswith("5.")
    assert leaked(perl) == 3


@needs_dumper
@pytest.mark.parametrize(
    ("code", "counts"),
    [
        pytest.param("leak(2); if ( my $pid = fork ) { waitpid $pid, 0 } else { leak(1) }", [2, 3], id="fork"),
        pytest.param("leak(2); system $^X, '-e', 'our $x = 1'", [0, 2], id="another-perl"),
        pytest.param("leak(2); exec $^X, '-e', 'our $x = 1'", [0, None], id="exec"),
        pytest.param("leak(2); require POSIX; POSIX::_exit(0)", [None], id="posix-exit"),
        pytest.param("leak(2); kill TERM => $$; sleep 9", [None], id="signal"),
        pytest.param("leak(2); die 'the end'", [2], id="die"),
        pytest.param("leak(2); chdir '/'; exit 3", [2], id="chdir-and-exit"),
        pytest.param("leak(2); %ENV = (); @INC = (); undef $SIG{__DIE__}", [2], id="nothing-in-INC"),
    ],
)
def test_every_process_that_ends_by_itself_writes_a_dump_of_its_own(
    code: str, counts: list[int | None], results: Path
) -> None:
    run = ran(results, "perl", "-e", LEAK + code)
    found = [None if perl.dump is None else leaked(perl) for perl in run.perls]
    assert sorted(found, key=str) == sorted(counts, key=str)


@needs_dumper
@pytest.mark.parametrize(
    "code",
    [
        pytest.param("print sort { $a cmp $b } @INC; print $0, __FILE__, __LINE__", id="its-world"),
        pytest.param("open my $file, '<', '/dev/null'; print fileno $file", id="file-numbers"),
        pytest.param("print 'out'; warn 'careful'; die 'the end'", id="die"),
        pytest.param("$! = 7; die 'with errno'", id="errno"),
        pytest.param("END { print $?; $? = 9 } exit 4", id="end-block"),
        pytest.param(
            "$SIG{__WARN__} = sub { print 'W', @_ }; $SIG{__DIE__} = sub { print 'D', @_ }; die 1", id="handlers"
        ),
        pytest.param("sub X::DESTROY { warn $?, $! + 0 } our $x = bless [], 'X'; $! = 5; exit 3", id="destroy"),
        pytest.param(
            "$, = '-'; $\\ = '!'; print 1, 2; if ( my $p = fork ) { waitpid $p, 0; print $? } else { exit 5 }",
            id="fork",
        ),
        pytest.param("sub f { local $_ = 1; local ( $a, $b ); local $! = 4; exit 6 } f()", id="exit-within-local"),
        pytest.param("my @y = sort { exit 3 } 2, 1", id="exit-within-sort"),
        pytest.param("kill KILL => $$", id="killed"),
        pytest.param("syntax error here (", id="does-not-compile"),
        pytest.param("use strict; use warnings FATAL => 'all'; my $x; print \"$x\"", id="fatal-warning"),
        pytest.param("close STDERR; close STDOUT; exit 2", id="closed-output"),
        pytest.param("alarm 1; END { select undef, undef, undef, 0.2 }", id="alarm"),
    ],
)
def test_the_program_does_not_notice(code: str, results: Path) -> None:
    environment = {"PATH": os.environ["PATH"]}
    plain = subprocess.run(
        ["perl", "-e", code], cwd=results.parent, env=environment, capture_output=True, timeout=60, check=False
    )
    run = ran(results, "perl", "-e", code)
    expected = plain.returncode if plain.returncode >= 0 else 128 - plain.returncode
    assert (run.status, run.stdout.read_bytes(), run.stderr.read_bytes()) == (expected, plain.stdout, plain.stderr)


@needs_dumper
def test_a_program_without_free_file_numbers_is_dumped(results: Path) -> None:
    code = f"{LEAK} leak(4); while ( open my $file, '<', '/dev/null' ) {{ push our @open, $file }} print $!"
    run = ran(results, "sh", "-c", 'ulimit -n 40; exec perl -e "$0"', code)
    assert run.stdout.read_bytes() == b"Too many open files"
    assert [leaked(perl) for perl in run.perls] == [4]


@needs_dumper
def test_a_daemon_that_closes_all_files_keeps_those_that_it_opens_then(results: Path) -> None:
    code = (
        f"{LEAK} leak(4); require POSIX; POSIX::close($_) for 3 .. 1100;"
        "my @mine = map { open my $file, '>', qq(mine$_) or die; $file } 3 .. 1020;"
    )
    run = ran(results, "perl", "-e", code)
    assert run.status == 0
    assert sum(path.stat().st_size for path in results.parent.glob("mine*")) == 0
    assert [leaked(perl) for perl in run.perls] == [4]


@needs_dumper
def test_options_in_perl5opt_stay(results: Path) -> None:
    run = ran(results, "perl", "-e", "print $INC{'integer.pm'} ? 7 / 2 : 'none'", PERL5OPT="-Minteger -w")
    assert run.stdout.read_bytes() == b"3"
    assert len(run.perls) == 1
    assert not run.refused


def test_taint_checks_leave_no_way_in(results: Path) -> None:
    run = ran(results, "perl", "-T", "-e", "print 1")
    assert (run.stdout.read_bytes(), run.perls, run.refused) == (b"1", (), False)


def test_nothing_is_added_to_a_perl5opt_that_turns_taint_checks_on(results: Path) -> None:
    run = ran(results, "perl", "-e", "print ${^TAINT}", PERL5OPT="-T")
    assert (run.stdout.read_bytes(), run.perls, run.refused) == (b"1", (), True)


def test_a_perl_without_the_dumper_runs_all_the_same(results: Path) -> None:
    broken = results.parent / "broken" / "Devel" / "MAT"
    broken.mkdir(parents=True)
    (broken / "Dumper.pm").write_text("die 'not for this perl';")
    run = ran(results, "perl", "-e", "print 'out'; exit 3", PERL5LIB=str(results.parent / "broken"))
    assert (run.status, run.stdout.read_bytes(), run.stderr.read_bytes()) == (3, b"out", b"")
    assert [(perl.has_dumper, perl.dump) for perl in run.perls] == [(False, None)]


def test_a_command_that_is_not_there_is_told(results: Path) -> None:
    with pytest.raises(PmatError, match="no-such-command: cannot be run: No such file"):
        ran(results, "no-such-command")


SLEEPER = "if ( !fork ) { $SIG{TERM} = 'IGNORE' if @ARGV; open my $f, '>', 'child'; print $f $$; close $f; sleep 60 } "


def child(folder: Path) -> int:
    """The process id that the sleeper has written."""
    for _ in range(600):
        text = (folder / "child").read_text() if (folder / "child").exists() else ""
        if text:
            return int(text)
        time.sleep(0.05)
    raise AssertionError("the child has not started")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # One that nobody waits for is still listed.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("stubborn", [(), ("stubborn",)], ids=["asked", "killed"])
def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(
    stubborn: tuple[str, ...], results: Path
) -> None:
    run = ran(results, "perl", "-e", f"$| = 1; print 'begun'; {SLEEPER} sleep 60", *stubborn, timeout=2)
    assert run.status is None
    assert run.stdout.read_bytes() == b"begun"
    assert not is_running(child(results.parent))


def test_what_a_command_leaves_running_is_ended(results: Path) -> None:
    run = ran(results, "perl", "-e", f"{SLEEPER} sleep 1 until -s 'child'; exit 3")
    assert (run.status, run.left_running) == (3, True)
    assert not is_running(child(results.parent))


def test_what_ends_soon_after_its_parent_is_waited_for(results: Path) -> None:
    run = ran(results, "perl", "-e", "if ( !fork ) { sleep 1; print 'late' }")
    assert (run.status, run.left_running, run.stdout.read_bytes()) == (0, False, b"late")


def test_who_cancels_leaves_no_process(results: Path) -> None:
    stop = threading.Event()

    def cancelled() -> bool:
        if (results.parent / "child").exists():
            stop.set()
        return stop.is_set()

    with pytest.raises(Cancelled):
        run_with_dumps(["perl", "-e", f"{SLEEPER} sleep 60"], results.parent, results, 60, cancelled)
    assert not is_running(child(results.parent))


def test_much_output_on_both_streams_is_kept_apart(results: Path) -> None:
    code = "for ( 1 .. 50000 ) { print STDOUT 'o' x 20; print STDERR 'e' x 20 }"
    run = ran(results, "perl", "-e", code)
    assert run.stdout.read_bytes() == b"o" * 1_000_000
    assert run.stderr.read_bytes() == b"e" * 1_000_000


def test_the_work_folder_has_no_blanks_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blank = tmp_path / "with blanks"
    blank.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(blank))
    with work_folder() as folder:
        assert " " not in str(folder)
        closed = folder / "closed"
        closed.mkdir()
        (closed / "file").write_text("x")
        closed.chmod(0o500)
    assert not folder.exists()


def test_the_perl_module_is_part_of_the_package() -> None:
    if shutil.which("perl") is None:
        pytest.skip("perl is not here")
    import pmat_lsp.running

    module = Path(pmat_lsp.running.__file__).with_name("PmatLspDump.pm")
    done = subprocess.run(["perl", "-wc", str(module)], capture_output=True, text=True, check=False)
    assert "syntax OK" in done.stderr, done.stderr
    patterns = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert '"pmat_lsp.running" = ["*.pm"]' in patterns
