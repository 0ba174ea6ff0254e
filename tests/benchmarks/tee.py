"""Stands between an editor and its language server, and notes what goes through: `tee.py LOG COMMAND [WORD…]`.

A line of LOG is the JSON of one message: `{"at": seconds since the start, "from": "client", "message": {…}}`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from tests.benchmarks.wire import read_frame, write_frame


def main(log: Path, command: list[str]) -> int:
    """Run the server until it leaves; its exit status."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    lock = threading.Lock()
    with log.open("w", encoding="utf-8", buffering=1) as noted:

        def pass_on(name: str, source: IO[bytes], target: IO[bytes]) -> None:
            while (content := read_frame(source)) is not None:
                at = round(time.monotonic() - began, 3)
                with lock:
                    noted.write(json.dumps({"at": at, "from": name, "message": json.loads(content)}) + "\n")
                write_frame(target, content)
            target.close()

        client = threading.Thread(
            target=pass_on, args=("client", sys.stdin.buffer, process.stdin), daemon=True, name="client"
        )
        client.start()
        pass_on("server", process.stdout, sys.stdout.buffer)
        return process.wait()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
