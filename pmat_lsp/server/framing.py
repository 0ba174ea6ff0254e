"""Reads what a client sends, and passes over messages that are longer than any editor's: pygls would end at one."""

from __future__ import annotations

import logging
import re
from typing import BinaryIO, cast

LONGEST_MESSAGE = 1 << 28
"""Bytes. The longest messages bring the whole text of a file."""
_LONGEST_LINE = 1 << 16
_HEADER = re.compile(rb"Content-Length: 0*(\d+)\r\n\Z")
_DIGITS = len(str(LONGEST_MESSAGE))
_logger = logging.getLogger(__name__)


def framed(stream: BinaryIO) -> BinaryIO:
    """A stream of messages as pygls reads one: with `readline` and `read` alone."""
    return cast("BinaryIO", _Framed(stream))


class _Framed:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readline(self) -> bytes:
        """The next line of a header; an empty one, which pygls passes over, instead of a length that is too great."""
        line = self._stream.readline(_LONGEST_LINE)
        header = _HEADER.search(line)
        if header is None:
            return line
        if len(header[1]) <= _DIGITS and int(header[1]) <= LONGEST_MESSAGE:
            # Without the content of a message that was passed over, which may stand before it.
            return header[0]
        _logger.error("a message of more than %d bytes is passed over", LONGEST_MESSAGE)
        return b"\r\n"

    def read(self, size: int) -> bytes:
        return self._stream.read(size)
