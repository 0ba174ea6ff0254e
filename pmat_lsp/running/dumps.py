"""Runs a command so that every perl among its processes writes a heap dump when it ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pmat_lsp.errors import PmatError
from pmat_lsp.running.command import run_command
from pmat_lsp.running.trees import remove_tree

DEFAULT_TIMEOUT = 600.0
"""Seconds that a command may take."""
_MODULE = Path(__file__).with_name("PmatLspDump.pm")
_OPTIONS = "PERL5OPT"
_FOLDERS = ("/tmp", "/var/tmp")
"""Where temporary folders can be made if the usual one has a name that PERL5OPT cannot hold."""


@dataclass(frozen=True)
class PerlProcess:
    """A perl that ran."""

    pid: int
    version: str
    """`5.36.0`."""
    script: str
    """Its `$0` when it started."""
    cwd: Path
    """The folder in which it started."""
    has_dumper: bool
    """Whether it found Devel::MAT::Dumper."""
    dump: Path | None
    """What it wrote; None where it ended without its END blocks."""


@dataclass(frozen=True)
class Run:
    """What a command did."""

    status: int | None
    """Its exit status, as a shell tells it; None: it took too long, and was ended."""
    left_running: bool
    """Whether processes that it had started were still running after it, and were ended."""
    stdout: Path
    stderr: Path
    perls: tuple[PerlProcess, ...]
    """Every perl that started, by process id; one with taint checks (-T) is not seen, nor one whose environment was
    emptied."""
    refused: bool
    """Whether PERL5OPT of the user begins with -T: then no perl takes another option from it."""


@contextmanager
def work_folder() -> Iterator[Path]:
    """A temporary folder, private, gone at the end with all that is in it; its path has no blanks.

    Raises:
        PmatError: there is no place for one.
    """
    places = [place for place in (tempfile.gettempdir(), *_FOLDERS) if not any(map(str.isspace, place))]
    place = next((place for place in places if os.access(place, os.W_OK | os.X_OK)), None)
    if place is None:
        raise PmatError("no folder for temporary files without blanks in its name", "Name one in TMPDIR.")
    # By its real path: what runs in it is told so by the system.
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="pmat-lsp-", dir=place)))
    try:
        yield folder
    finally:
        remove_tree(folder)


def run_with_dumps(
    command: Sequence[str],
    folder: Path,
    results: Path,
    timeout: float,
    cancelled: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run `command` in `folder`; what it prints and its dumps go into the folder `results`, which must not exist.

    Args:
        command: the program and its arguments.
        folder: where it starts.
        results: its path must have no blanks.
        timeout: seconds.
        cancelled: asked again and again whether to give up.
        environment: that of this process by default.

    Raises:
        PmatError: the command cannot be run.
        Cancelled: `cancelled` said so.
    """
    dumps = results / "dumps"
    dumps.mkdir(parents=True)
    shutil.copyfile(_MODULE, dumps / _MODULE.name)
    own = dict(os.environ if environment is None else environment)
    usual = own.get(_OPTIONS, "")
    refused = usual.lstrip().startswith("-T")
    if not refused:
        # First, so that its END block is the last one.
        own[_OPTIONS] = f"-I{dumps} -M{_MODULE.stem} {usual}".rstrip()
    # Shells and some programs believe it.
    own["PWD"] = str(folder)
    stdout, stderr = results / "stdout", results / "stderr"
    ended = run_command(command, folder, own, stdout, stderr, timeout, cancelled)
    return Run(ended.status, ended.left_running, stdout, stderr, _perls(dumps), refused)


def _perls(dumps: Path) -> tuple[PerlProcess, ...]:
    found = [_perl(path) for path in dumps.glob("*.perl")]
    return tuple(sorted((perl for perl in found if perl), key=lambda perl: perl.pid))


def _perl(path: Path) -> PerlProcess | None:
    """What a perl said of itself; None where it was ended before it could."""
    words = os.fsdecode(path.read_bytes()).split("\0")
    told = dict(zip(words[::2], words[1::2], strict=False))
    if "dumper" not in told:
        return None
    dump = path.with_suffix(".pmat")
    written = dump.exists() and dump.stat().st_size > 0
    return PerlProcess(
        pid=int(told["pid"]),
        version=told["version"],
        script=told["script"],
        cwd=Path(told["cwd"]),
        has_dumper=told["dumper"] == "1",
        dump=dump if written else None,
    )
