"""Fixes tried on the program itself: what holds, what changes the program, what a command does not show."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pmat_lsp.cures.model import Cure
from pmat_lsp.cures.offers import WhyNone, choose
from pmat_lsp.cures.verified import Difference, Obstacle, Outcome, Verification
from pmat_lsp.cures.verify import Task
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Cancelled, never
from pmat_lsp.session import Dump, Settings, open_dump
from tests.cures.running import needs_dumper, replacing

pytestmark = needs_dumper

MODULE = """package Thing;
use strict; use warnings;
use Scalar::Util 'weaken';
our $made = 0;
sub new { my ( $class, $n ) = @_; return bless { n => $n }, $class }
sub hook {
    my ($self) = @_;
    $self->{on_hook} = sub { return "thing $self->{n}" };
    return $self;
}
sub other {
    my ($self) = @_;
    $self->{on_other} = sub {
        return "other $self->{n}";
    };
    return $self;
}
sub take { my ($self) = @_; return $self->{on_hook} }
1;
"""
HOOK = '    $self->{on_hook} = sub { return "thing $self->{n}" };\n'
WEAK_HOOK = (
    "    weaken( my $weak = $self );\n"
    "    $self->{on_hook} = sub {\n"
    "        my $self = $weak // return 'gone';\n"
    '        return "thing $self->{n}" };\n'
)
NOTHING_ABOVE_3 = "if ( $self->{n} > 3 ) { $self->{on_hook} = sub { return }; return $self }"
OTHER = '    $self->{on_other} = sub {\n        return "other $self->{n}";\n'
PRINTS = """use strict; use warnings; use Thing;
my @seen = map { my $thing = Thing->new($_)->hook; $thing->{on_hook}->() } 1 .. 5;
print "$_\\n" for @seen;
"""
GETS = """use strict; use warnings; use Thing;
sub try { my $get = Thing->new( $_[0] )->hook->take; return $get->() }
print "begin\\n";
print try($_), "\\n" for 1 .. 5;
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program's folder, and a place for temporary files that can be looked into."""
    here = tmp_path / "program"
    (here / "lib").mkdir(parents=True)
    (here / "lib" / "Thing.pm").write_text(MODULE)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    return here


def dumped(folder: Path, program: str, *options: str) -> Dump:
    """The heap of a program at its end, as somebody else has made it."""
    (folder / "app.pl").write_text(program)
    dump = folder.parent / "app.pmat"
    command = ["perl", f"-MDevel::MAT::Dumper=-dump_at_END,-file,{dump}", "-Ilib", *options, "app.pl"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return open_dump(dump, Settings(source_roots=(folder,)))


def weak_hook(folder: Path) -> Cure:
    return replacing(folder / "lib" / "Thing.pm", HOOK, WEAK_HOOK)


def verified(
    dump: Dump,
    folder: Path,
    *cures: Sequence[Cure],
    command: Sequence[str] = ("perl", "-Ilib", "app.pl"),
    timeout: float = 60,
    cancelled: Callable[[], bool] = never,
) -> Verification:
    """Try the fixes of each finding, and see that the folder is as it was, and that nothing is left of the runs."""
    before = contents(folder)
    marked = dump.marked
    assert len(marked) >= len(cures)
    task = Task(tuple(command), folder, timeout)
    try:
        return dump.verify(list(zip(marked, cures, strict=False)), task, cancelled=cancelled)
    finally:
        assert contents(folder) == before
        assert list((folder.parent / "temporary").iterdir()) == []


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def only(verification: Verification) -> Outcome:
    (trial,) = verification.trials
    assert verification.together is None
    return trial.outcome


def test_a_fix_that_holds_is_verified(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    result = verified(dump, folder, [weak_hook(folder)])
    trial = only(result)
    assert (trial.verified, trial.changes, trial.islands, trial.others) == (True, False, (5, 0), (0, 0))
    assert (trial.compared, trial.status, trial.obstacle) == (("stdout", "stderr"), (0, 0), None)
    assert result.runs == 3
    assert (result.unchanged.perls, result.unchanged.dumps, result.unchanged.differences) == (1, 1, ())


def test_a_fix_that_loses_output_is_found_out(folder: Path) -> None:
    dump = dumped(folder, GETS)
    trial = only(verified(dump, folder, [weak_hook(folder)]))
    assert (trial.verified, trial.changes) == (False, True)
    assert trial.differences == (Difference("stdout", (2, 6), (2, 6)),)


@pytest.mark.parametrize(
    ("new", "difference"),
    [
        pytest.param("warn qq(hook\\n) if $self->{n} == 5;", Difference("stderr", None, (1, 1)), id="a-new-message"),
        pytest.param("$self->{n}++ if $self->{n} == 2;", Difference("stdout", (2, 2), (2, 2)), id="another-line"),
        pytest.param(
            "if ( $self->{n} > 3 ) { $self->{on_hook} = sub { return }; return $self }",
            Difference("stdout", (4, 5), None),
            id="lines-are-missing",
        ),
    ],
)
def test_what_differs_is_told_by_stream_and_line(new: str, difference: Difference, folder: Path) -> None:
    dump = dumped(folder, PRINTS.replace("use warnings;", "no warnings;"))
    changed = WEAK_HOOK.replace("    weaken(", f"    no warnings; {new}\n    weaken(")
    trial = only(verified(dump, folder, [replacing(folder / "lib" / "Thing.pm", HOOK, changed)]))
    assert (trial.verified, trial.differences) == (False, (difference,))


def test_a_fix_that_does_not_compile_changes_the_exit_status(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    trial = only(verified(dump, folder, [replacing(folder / "lib" / "Thing.pm", HOOK, "syntax error (")]))
    assert (trial.verified, trial.changes, trial.obstacle) == (False, True, None)
    assert trial.status[0] == 0
    assert trial.status[1] not in (0, None)


def test_a_fix_with_which_the_program_does_not_end_changes_it(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    hanging = replacing(folder / "lib" / "Thing.pm", HOOK, "    sleep 60;\n" + WEAK_HOOK)
    trial = only(verified(dump, folder, [hanging], timeout=8))
    assert (trial.verified, trial.changes, trial.status) == (False, True, (0, None))


def test_a_fix_that_does_not_help_leaves_its_islands(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    idle = HOOK.replace("sub {", "sub {\n        my $first = 1;\n       ").replace("    $self", "\n\n    $self", 1)
    trial = only(verified(dump, folder, [replacing(folder / "lib" / "Thing.pm", HOOK, idle)]))
    assert (trial.verified, trial.changes, trial.islands, trial.others) == (False, False, (5, 5), (0, 0))


def test_a_fix_that_puts_another_leak_in_its_place_is_not_verified(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    worse = WEAK_HOOK.replace("    weaken(", "    $self->{again} = $self;\n    weaken(")
    trial = only(verified(dump, folder, [replacing(folder / "lib" / "Thing.pm", HOOK, worse)]))
    assert (trial.verified, trial.changes, trial.islands, trial.others) == (False, False, (5, 0), (0, 5))


def test_a_fix_above_another_leak_moves_it_but_that_stays_the_same(folder: Path) -> None:
    both = PRINTS + "for ( 1 .. 7 ) { my $t = Thing->new($_)->other; $t->{on_other}->() }\n"
    dump = dumped(folder, both)
    by_count = {marked.finding.count: number for number, marked in enumerate(dump.marked)}
    cures: list[Sequence[Cure]] = [(), ()]
    cures[by_count[5]] = [weak_hook(folder)]
    weak = OTHER.replace("sub {", "do { weaken( my $w = $self ); sub { my $self = $w;").replace('";\n', '";\n }')
    cures[by_count[7]] = [replacing(folder / "lib" / "Thing.pm", OTHER, weak)]
    result = verified(dump, folder, *cures)
    assert result.runs == 5
    outcomes = [trial.outcome for trial in result.trials]
    assert sorted((outcome.islands, outcome.others, outcome.verified) for outcome in outcomes) == [
        ((5, 0), (0, 0), True),
        ((7, 0), (0, 0), True),
    ]
    assert result.together is not None
    assert (result.together.islands, result.together.verified) == ((12, 0), True)


TWO_HOLDERS = """package Core;
use strict; use warnings; use Scalar::Util 'weaken';
our @jobs;
sub new {
    my $self = bless { n => $_[1] }, $_[0];
    weaken( my $weak = $self );
    push @jobs, sub { $weak ? $weak->{n} : 'lost' };
    return $self;
}
package One;
sub keep {
    my ($core) = @_;
    my $self = bless { core => $core }, 'One';
    $self->{one} = $self;
}
package Two;
sub keep {
    my ($core) = @_;
    my $self = bless { core => $core }, 'Two';
    $self->{two} = $self;
}
1;
"""


def test_fixes_that_hold_alone_and_not_together_are_found_out(folder: Path) -> None:
    module = folder / "lib" / "Core.pm"
    module.write_text(TWO_HOLDERS)
    keeps = "sub make { my $core = Core->new( $_[0] ); One::keep($core); Two::keep($core); return }\n"
    dump = dumped(folder, f"use Core;\n{keeps}make($_) for 1 .. 3;\nprint $_->(), qq(\\n) for @Core::jobs;\n")
    cures = {key: replacing(module, f"    $self->{{{key}}} = $self;\n", "") for key in ("one", "two")}
    wanted = [cures[hop.name] for marked in dump.marked for hop in marked.finding.cycle]
    result = verified(dump, folder, *([cure] for cure in wanted))
    assert [trial.outcome.verified for trial in result.trials] == [True, True]
    assert result.together is not None
    assert (result.together.verified, result.together.differences) == (
        False,
        (Difference("stdout", (1, 3), (1, 3)),),
    )
    candidates = [(marked, [cure]) for marked, cure in zip(dump.marked, wanted, strict=True)]
    one, two = choose(candidates, ["a", "b"], result.trials, result.together)
    assert (one.is_taken, one.is_settled, one.why_none) == (True, True, None)
    assert (two.is_taken, two.is_settled, two.why_none) == (False, False, WhyNone.NOT_TOGETHER)


def test_the_next_fix_is_tried_only_where_the_one_before_does_not_hold(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    wrong = replacing(folder / "lib" / "Thing.pm", HOOK, WEAK_HOOK.replace("thing", "THING"))
    right = weak_hook(folder)
    result = verified(dump, folder, [wrong, right])
    assert [(trial.cure, trial.outcome.verified) for trial in result.trials] == [(wrong, False), (right, True)]
    assert [trial.cure for trial in verified(dump, folder, [right, wrong]).trials] == [right]


def test_islands_of_all_processes_are_added_up(folder: Path) -> None:
    forking = PRINTS + "$| = 1; if ( my $pid = fork ) { waitpid $pid, 0 } else { Thing->new(9)->hook; exit }\n"
    dump = dumped(folder, forking.replace("if ( my", "exit; if ( my"))
    (folder / "app.pl").write_text(forking.replace("use Thing;", "use Thing; $| = 1;"))
    trial = only(verified(dump, folder, [weak_hook(folder)], command=["sh", "-c", "perl -Ilib app.pl"]))
    assert (trial.verified, trial.islands) == (True, (11, 0))


def test_of_output_that_differs_by_itself_only_the_rest_is_compared(folder: Path) -> None:
    dump = dumped(folder, PRINTS + 'print "process $$\\n";\n')
    result = verified(dump, folder, [weak_hook(folder)])
    assert result.unchanged.differences == (Difference("stdout", (6, 6), (6, 6)),)
    trial = only(result)
    assert (trial.verified, trial.compared, trial.islands) == (True, ("stderr",), (5, 0))


def test_two_exit_statuses_of_the_unchanged_program_say_nothing(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    command = ["sh", "-c", 'perl -Ilib app.pl; n=$(cat "$0" 2>/dev/null); echo x$n > "$0"; exit ${#n}']
    counter = folder.parent / "counter"
    result = verified(dump, folder, [weak_hook(folder)], command=[*command, str(counter)])
    assert (only(result).verified, only(result).obstacle) == (None, Obstacle.STATUS_VARIES)
    assert result.runs == 2


def test_a_path_in_the_output_is_the_same_in_each_run(folder: Path) -> None:
    dump = dumped(folder, PRINTS + 'use Cwd; print getcwd(), " $0 $INC{q(Thing.pm)}\\n"; warn "here";\n')
    trial = only(verified(dump, folder, [weak_hook(folder)], command=["sh", "-c", 'perl -I"$PWD/lib" "$PWD/app.pl"']))
    assert (trial.verified, trial.compared) == (True, ("stdout", "stderr"))


def test_what_a_run_writes_into_its_folder_does_not_meet_the_next(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    command = ["sh", "-c", "perl -Ilib app.pl; test ! -e made && : > made"]
    assert only(verified(dump, folder, [weak_hook(folder)], command=command)).verified


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["perl", "-I{folder}/lib", "app.pl"], id="in-the-command"),
        pytest.param(["env", "PERL5LIB={folder}/lib", "perl", "app.pl"], id="in-perl5lib"),
        pytest.param(["sh", "-c", "cd {folder} && perl -Ilib app.pl"], id="by-changing-there"),
    ],
)
def test_a_fix_is_not_verified_where_the_original_file_was_loaded(command: list[str], folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    named = [word.format(folder=folder) for word in command]
    trial = only(verified(dump, folder, [weak_hook(folder)], command=named))
    assert (trial.verified, trial.obstacle) == (None, Obstacle.LOADED_ELSEWHERE)
    assert trial.file == folder / "lib" / "Thing.pm"


def test_a_link_to_a_file_elsewhere_is_never_written_through(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (folder / "lib" / "Thing.pm").rename(elsewhere / "Thing.pm")
    os.symlink(elsewhere / "Thing.pm", folder / "lib" / "Thing.pm")
    dump = dumped(folder, PRINTS)
    trial = only(verified(dump, folder, [weak_hook(folder)]))
    assert (trial.verified, trial.obstacle) == (None, Obstacle.OUTSIDE)
    assert (elsewhere / "Thing.pm").read_text() == MODULE


def test_a_link_within_the_folder_leads_to_the_copy(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "lib" / "Thing.pm").rename(folder / "real" / "Thing.pm")
    os.symlink("../real/Thing.pm", folder / "lib" / "Thing.pm")
    dump = dumped(folder, PRINTS)
    assert only(verified(dump, folder, [weak_hook(folder)])).verified


@pytest.mark.parametrize(
    ("command", "obstacle"),
    [
        pytest.param(["true"], Obstacle.NO_PERL, id="no-perl"),
        pytest.param(["perl", "-T", "-Ilib", "app.pl"], Obstacle.NO_PERL, id="taint-checks"),
        pytest.param(["env", "-i", sys.executable, "-c", ""], Obstacle.NO_PERL, id="empty-environment"),
        pytest.param(["perl", "-e", "use POSIX; POSIX::_exit(0)"], Obstacle.NO_DUMP, id="no-dump"),
        pytest.param(["perl", "-e", "1"], Obstacle.NOT_LOADED, id="another-program"),
        pytest.param(["perl", "-Ilib", "-MThing", "-e", "1"], Obstacle.NOT_SHOWN, id="without-the-leak"),
        pytest.param(["perl", "-e", "sleep 60"], Obstacle.TOO_SLOW, id="too-slow"),
    ],
)
def test_a_command_that_does_not_show_the_leak_says_nothing(
    command: list[str], obstacle: Obstacle, folder: Path
) -> None:
    dump = dumped(folder, PRINTS)
    result = verified(dump, folder, [weak_hook(folder)], command=command, timeout=4)
    assert (only(result).verified, only(result).obstacle) == (None, obstacle)
    assert result.runs <= 2


def test_a_leak_that_is_not_in_every_run_is_not_verified(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    command = ["sh", "-c", 'if test -e "$0"; then perl -Ilib -MThing -e 1; else : > "$0"; perl -Ilib app.pl; fi']
    trial = only(verified(dump, folder, [weak_hook(folder)], command=[*command, str(folder.parent / "was-here")]))
    assert (trial.obstacle, trial.islands) == (Obstacle.NOT_SHOWN, (5, 0))


def test_a_run_with_fewer_dumps_is_not_verified(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    (folder / "app.pl").write_text(PRINTS.replace("use Thing;", "use Thing; $| = 1;"))
    silent = WEAK_HOOK + "    END { require POSIX; POSIX::_exit(0) if $ENV{SECOND} }\n"
    command = ["sh", "-c", "perl -Ilib app.pl; SECOND=1 perl -Ilib app.pl"]
    trial = only(verified(dump, folder, [replacing(folder / "lib" / "Thing.pm", HOOK, silent)], command=command))
    assert (trial.verified, trial.obstacle) == (None, Obstacle.DUMPS_VARY)


def test_a_dump_of_another_machine_is_compared_by_what_its_files_are_here(folder: Path) -> None:
    there = folder.parent / "there"
    there.mkdir()
    (there / "lib").mkdir()
    (there / "lib" / "Thing.pm").write_text(MODULE)
    dump = dumped(there, PRINTS, f"-I{there}/lib")
    settings = Settings(source_roots=(folder,), path_map=((str(there), str(folder)),))
    (folder / "app.pl").write_text(PRINTS)
    moved = open_dump(dump.path, settings)
    trial = only(verified(moved, folder, [weak_hook(folder)]))
    assert (trial.verified, trial.islands) == (True, (5, 0))


def test_a_command_that_is_not_there_is_an_error(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    with pytest.raises(PmatError, match="no-such-thing: cannot be run"):
        verified(dump, folder, [weak_hook(folder)], command=["no-such-thing"])


def test_who_cancels_leaves_nothing_behind(folder: Path) -> None:
    dump = dumped(folder, PRINTS)
    begun = folder.parent / "begun"
    command = ["perl", "-e", "open my $f, '>', shift; sleep 60", str(begun)]
    with pytest.raises(Cancelled):
        verified(dump, folder, [weak_hook(folder)], command=command, cancelled=begun.exists)
