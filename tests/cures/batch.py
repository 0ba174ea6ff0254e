"""Runs many programs in one perl, each in a child of it, and reads their dumps in this process."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.heap.load import load
from pmat_lsp.session import Dump, Settings

_DRIVER = r"""
use strict; use warnings; use Devel::MAT::Dumper (); use Scalar::Util (); use List::Util ();
for my $folder (@ARGV) {
    my $child = fork() // die;
    if ( !$child ) {
        chdir $folder or die;
        open STDOUT, '>', 'out.txt' or die; open STDERR, '>&', \*STDOUT or die;
        $ENV{PMAT_OUT} = 'program.pmat'; $0 = 'program.pl'; @ARGV = (); unshift @INC, 'lib';
        do './program.pl'; die $@ if $@;
        exit 0;
    }
    waitpid $child, 0;
    open my $status, '>', "$folder/status.txt" or die; print $status $?; close $status;
}
"""


@dataclass(frozen=True)
class Ran:
    """What a program did."""

    folder: Path
    output: str
    """Of stdout and stderr."""
    status: int

    @property
    def dump(self) -> Dump:
        """The dump that it wrote."""
        return Dump(load(self.folder / "program.pmat"), Settings(source_roots=(self.folder,)))


def run_all(folder: Path, texts: Mapping[str, str]) -> dict[str, Ran]:
    """Run programs by their names, each in a folder of its own below `folder`."""
    places = {name: folder / name for name in texts}
    for name, place in places.items():
        place.mkdir(parents=True, exist_ok=True)
        (place / "program.pl").write_text(texts[name])
    return run_again(places)


def run_again(places: Mapping[str, Path]) -> dict[str, Ran]:
    """Run the programs that stand in some folders."""
    if places:
        command = ["perl", "-e", _DRIVER, *map(str, places.values())]
        done = subprocess.run(command, capture_output=True, timeout=300, check=False)
        assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return {
        name: Ran(place, (place / "out.txt").read_text(), int((place / "status.txt").read_text()))
        for name, place in places.items()
    }
