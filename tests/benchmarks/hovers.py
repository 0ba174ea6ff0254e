"""How long a hover on the open dump takes while another one is loaded: `python -m tests.benchmarks.hovers DUMP`.

Starts the real server on the demo in a folder of its own, with an empty cache, loads DUMP, and asks for a hover again
and again as long as the demo's dump answers. Prints the number of hovers, their 95th percentile and the longest, in
milliseconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from lsprotocol import types

from pmat_lsp.cli.demonstration import put_demo
from pmat_lsp.cli.editor import open_editor

_PAUSE = 0.02
_REST = 2.0
"""Seconds for the server to come to rest after the demo's dump was loaded."""


async def hovers_while_loading(folder: Path, dump: Path) -> tuple[list[float], float]:
    """(milliseconds of each hover, seconds of the load)."""
    put_demo(folder)
    async with open_editor(folder) as editor:
        for path in sorted(folder.rglob("*.pm")):
            editor.open_file(path)
        place = (await editor.leaks())[0].place
        await asyncio.sleep(_REST)
        started = time.perf_counter()
        load = asyncio.ensure_future(editor.execute(types.ExecuteCommandParams("pmat.load", [str(dump.absolute())])))
        taken = []
        while not load.done():
            asked = time.perf_counter()
            # The new dump knows nothing of the demo.
            if await editor.hover(place.path, place.range.start):
                taken.append((time.perf_counter() - asked) * 1000)
            await asyncio.sleep(_PAUSE)
        return taken, time.perf_counter() - started


def main(dump: Path) -> None:
    """Measure once, and print a line."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PMAT_LSP_CACHE"] = str(Path(folder) / "cache")
        taken, seconds = asyncio.run(hovers_while_loading(Path(folder) / "demo", dump))
    ordered = sorted(taken)
    p95 = ordered[int(len(ordered) * 0.95)]
    times = f"p95 {p95:.1f} ms, longest {ordered[-1]:.1f} ms"
    print(f"{len(taken)} hovers while {dump.name} was loaded in {seconds:.1f} s: {times}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
