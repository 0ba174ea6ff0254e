"""A language server that knows nothing: `python -m tests.benchmarks.silent` answers every request with null at once."""

from __future__ import annotations

import json
import sys

from tests.benchmarks.wire import read_frame, write_frame


def main() -> None:
    """Answer until the client says `exit`, or has gone."""
    while (content := read_frame(sys.stdin.buffer)) is not None:
        message = json.loads(content)
        if message.get("method") == "exit":
            return
        if "id" in message:
            result = '{"capabilities":{}}' if message["method"] == "initialize" else "null"
            answer = f'{{"jsonrpc":"2.0","id":{json.dumps(message["id"])},"result":{result}}}'
            write_frame(sys.stdout.buffer, answer.encode())


if __name__ == "__main__":
    main()
