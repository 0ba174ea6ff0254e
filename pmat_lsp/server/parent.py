"""Leaves when the client's process is gone, even where something else still holds its end of the pipe."""

from __future__ import annotations

import asyncio
import os
import sys

from pmat_lsp.server.language_server import PmatServer

PARENT_SECONDS = 3.0
"""Between two looks at whether the client lives."""


async def leave_with_client(ls: PmatServer) -> None:
    """End this process when that of the client has ended.

    A client that does not tell its process, or one that is not seen from here, as from a container, is passed over.
    """
    process = ls.process_id
    if process is None or not _lives(process):
        return
    while _lives(process):
        await asyncio.sleep(PARENT_SECONDS)
    ls.state.close()
    # Nothing less ends the thread that waits for the next message.
    os._exit(1)


def _lives(process: int) -> bool:
    # There is no signal 0 on Windows: what stands for it ends the process.
    if sys.platform == "win32" or process <= 0:
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
