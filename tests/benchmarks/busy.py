"""A language server that knows nothing: `python -m tests.benchmarks.busy` computes a while, and answers with null."""

from __future__ import annotations

import json
import sys
import time

from tests.benchmarks.wire import read_frame, write_frame

WORK_SECONDS = 0.0004
"""Of each request: what a real server takes to name a definition."""


def main() -> None:
    """Answer until the client says `exit`, or has gone."""
    while (content := read_frame(sys.stdin.buffer)) is not None:
        message = json.loads(content)
        if message.get("method") == "exit":
            return
        if "id" in message:
            begun = time.perf_counter()
            while time.perf_counter() < begun + WORK_SECONDS:
                pass
            result = '{"capabilities":{}}' if message["method"] == "initialize" else "null"
            answer = f'{{"jsonrpc":"2.0","id":{json.dumps(message["id"])},"result":{result}}}'
            write_frame(sys.stdout.buffer, answer.encode())


if __name__ == "__main__":
    main()
