"""Skips messages that are longer than any editor sends; pygls would stop at one."""

from __future__ import annotations

import logging
import re
from typing import BinaryIO, cast

LONGEST_MESSAGE = 1 << 28
"""Bytes. The longest messages contain the whole text of a file."""
_LONGEST_LINE = 1 << 16
_HEADER = re.compile(rb"Content-Length: 0*([1-9]\d*|0)\r\n\Z")
_DIGITS = len(str(LONGEST_MESSAGE))
_logger = logging.getLogger(__name__)


def framed(stream: BinaryIO) -> BinaryIO:
    """A stream of messages without those that are too long; it has `readline` and `read` only, which pygls calls."""
    return cast("BinaryIO", _Framed(stream))


class _Framed:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readline(self) -> bytes:
        """The next header line; an empty one, which pygls ignores, in place of a length that is too large."""
        line = self._stream.readline(_LONGEST_LINE)
        header = _HEADER.search(line)
        if header is None:
            return line
        if len(header[1]) <= _DIGITS and int(header[1]) <= LONGEST_MESSAGE:
            # The content of a skipped message may precede the header on the same line.
            return header[0]
        _logger.error("skipped a message of more than %d bytes", LONGEST_MESSAGE)
        return b"\r\n"

    def read(self, size: int) -> bytes:
        return self._stream.read(size)
