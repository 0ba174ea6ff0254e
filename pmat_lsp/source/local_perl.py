"""The library folders of the perl on this machine: its own `@INC`, not that of a dump."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

_TIMEOUT = 5
"""Seconds."""
_ASK = r'print map { "$_\0" } grep { !ref } @INC'


@cache
def library_folders() -> tuple[Path, ...]:
    """The folders, resolved, in which the `perl` of the PATH looks for modules; () where there is no perl.

    Perl is asked once, since no rule tells where an installation keeps them. It runs in the root folder, without what
    PERL5OPT would load; folders of PERL5LIB are the user's choice, and relative ones are none.
    """
    perl = shutil.which("perl")
    if perl is None or not os.path.isabs(perl):
        return ()
    environment = {name: value for name, value in os.environ.items() if name != "PERL5OPT"}
    try:
        done = subprocess.run(
            [perl, "-e", _ASK],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    named = [os.fsdecode(name) for name in done.stdout.split(b"\0")]
    folders = (Path(os.path.realpath(name)) for name in named if os.path.isabs(name))
    return tuple(dict.fromkeys(folder for folder in folders if folder.parent != folder))
