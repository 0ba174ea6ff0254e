"""An answer that is longer than the terminal, a page at a time."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text


def cut(text: Text, columns: int, rows: int) -> tuple[Text, Text]:
    """The whole lines that fill at most `rows` of a terminal of so many columns, at least one line; and the rest."""
    end = used = 0
    while end < len(text.plain):
        stop = text.plain.find("\n", end) + 1 or len(text.plain)
        used += max(-(-cell_len(text.plain[end:stop].rstrip("\n")) // columns), 1)
        if used > rows and end:
            break
        end = stop
    page, *rest = text.divide([end]) if end < len(text.plain) else [text]
    return page, rest[0] if rest else Text()
