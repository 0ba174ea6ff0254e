"""How long the running server takes to tell of one SV: `python -m tests.benchmarks.inside`.

Opens a dump in the real server, and asks `pmat/run` for `identify`, `inrefs` and `show` of a thousand random SVs, one
after the other. Prints how long the answers took, in milliseconds.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from pmat_lsp.heap.opening import open_heap
from tests.benchmarks.__main__ import CACHE_VARIABLE, FOLDER, count
from tests.benchmarks.dumps import bench_dump
from tests.benchmarks.player import SERVER
from tests.benchmarks.replay import COLUMNS, latencies
from tests.benchmarks.wire import running

ASKED = ("identify", "inrefs", "show")


def answers(dump: Path, folder: Path, svs: int) -> dict[str, list[float]]:
    """By question: the seconds of each answer, about `svs` SVs of a dump."""
    heap = open_heap(dump)
    chosen = random.Random(1).sample(range(heap.n), svs)
    addresses = [f"{heap.address_of(sv):#x}" for sv in chosen]
    taken: dict[str, list[float]] = {}
    with running(SERVER, folder, {}) as server:
        options = {"dump": str(dump.absolute()), "client": {"changed": True}}
        server.ask("initialize", {"processId": None, "capabilities": {}, "initializationOptions": options})
        server.notify("initialized", {})
        server.until(lambda: any(one["params"].get("state") == "ready" for one in server.told))
        for question in ASKED:
            for address in addresses:
                reply = server.ask("pmat/run", {"name": question, "words": [address]})
                assert reply.error is None, reply.error
                taken.setdefault(question, []).append(reply.seconds)
    return taken


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.inside", description=__doc__)
    parser.add_argument("--size", type=count, metavar="N", default=count("2M"), help="SVs of the dump (default: 2M)")
    parser.add_argument("--svs", type=int, default=1000, help="how many are asked about (default: %(default)s)")
    arguments = parser.parse_args()
    os.environ[CACHE_VARIABLE] = str(FOLDER / "cache")
    dump = bench_dump(FOLDER, arguments.size)
    with tempfile.TemporaryDirectory() as folder:
        taken = answers(dump.path, Path(folder), arguments.svs)
    lines = [f"| of a random SV of {arguments.size:,} | {COLUMNS} |", "|---|--:|--:|--:|--:|"]
    lines += [f"| {question} | {latencies(seconds)} |" for question, seconds in taken.items()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
