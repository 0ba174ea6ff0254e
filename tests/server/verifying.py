"""A program with a leak whose fix holds, and one with a leak whose fix changes what it prints."""

from __future__ import annotations

import subprocess
from pathlib import Path

MODULE = """package Thing;
use strict; use warnings;
our @held;
sub new { my ( $class, $n ) = @_; return bless { n => $n }, $class }
sub hook {
    my ($self) = @_;
    $self->{on_hook} = sub {
        return "thing $self->{n}";
    };
    return $self;
}
sub take { my ($self) = @_; return $self->{on_hook} }
1;
"""
CALLS = """use strict; use warnings; use Thing;
push @Thing::held, Thing->new(0)->hook;
my @seen = map { my $thing = Thing->new($_)->hook; $thing->take->() } 1 .. 5;
print "$_\\n" for @seen;
"""
"""Calls each callback while the object lives."""
KEEPS = """use strict; use warnings; use Thing;
push @Thing::held, Thing->new(0)->hook;
sub try { my $take = Thing->new( $_[0] )->hook->take; return $take->() // 'gone' }
print "begin\\n";
print try($_), "\\n" for 1 .. 5;
"""
"""Calls each callback when nothing else holds its object."""
FILE = "lib/Thing.pm"
COMMAND = "perl -Ilib app.pl"


def program(folder: Path, script: str) -> Path:
    """A folder with a program and its dump."""
    (folder / "lib").mkdir(parents=True)
    (folder / FILE).write_text(MODULE)
    (folder / "app.pl").write_text(script)
    command = ["perl", "-MDevel::MAT::Dumper=-dump_at_END,-file,app.pmat", "-Ilib", "app.pl"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return folder
