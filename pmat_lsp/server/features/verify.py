"""`pmat/fixes` and `pmat/verify`: what the fixes of a finding are, and whether they hold on the program itself.

docs/protocol.md describes them. It is an interface: keys stay; new ones may come.
"""

from __future__ import annotations

import shlex
from typing import Any

from pygls.exceptions import JsonRpcRequestCancelled

from pmat_lsp.errors import PmatError
from pmat_lsp.heap.progress import Progress as HeapProgress
from pmat_lsp.running.dumps import DEFAULT_TIMEOUT
from pmat_lsp.server.language_server import PmatServer, answered
from pmat_lsp.server.params import Params
from pmat_lsp.server.progress import Cancelled, Progress
from pmat_lsp.server.verifying import Json, fixes_data, verification_data

FIXES = "pmat/fixes"
VERIFY = "pmat/verify"
_LONGEST_TIMEOUT = 24 * 3600


@answered
async def fixes(ls: PmatServer, params: Any) -> Json:
    """Tell what the fixes of a finding are."""
    return await fixes_data(ls, Params(FIXES, params).text("finding"))


@answered
async def verify(ls: PmatServer, params: Any) -> Json:
    """Run a command without and with the fixes of a finding."""
    read = Params(VERIFY, params)
    name, typed = read.text("finding"), read.text_if_given("command")
    command = _words(ls.state.settings.verify_command or "" if typed is None else typed)
    timeout = read.number("timeout", int(DEFAULT_TIMEOUT), 1, _LONGEST_TIMEOUT)
    async with Progress(ls, "Verifying the fix", read.token()) as progress:
        work = verification_data(ls, name, command, timeout, _counted(progress.from_thread()))
        try:
            return await progress.or_cancelled(work)
        except Cancelled:
            raise JsonRpcRequestCancelled from None


def _words(typed: str) -> list[str]:
    """The words of a command line, as a shell splits it."""
    try:
        words = shlex.split(typed)
    except ValueError as error:
        raise PmatError(f"the command cannot be read: {error}", f"It is: {typed}") from None
    if not words:
        raise PmatError("there is no command to run", "Name one, such as prove -l t, or set pmat.verifyCommand.")
    return words


def _counted(report: HeapProgress) -> HeapProgress:
    """The same, told in which run it is."""

    def progress(stage: str, done: int, total: int) -> None:
        report(f"run {done}" if stage == "running" else stage, done, total)

    return progress
