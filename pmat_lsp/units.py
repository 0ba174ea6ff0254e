"""Numbers as people read them."""

from __future__ import annotations

_BINARY_UNITS = ("KiB", "MiB", "GiB", "TiB")


def format_bytes(count: int) -> str:
    """`count` bytes as Devel::MAT prints them: `96 bytes`, `82.6 KiB`, `1.0 MiB`."""
    if count < 1024:
        return f"{count} bytes"
    size = float(count)
    for unit in _BINARY_UNITS:
        size /= 1024
        if size < 1024 or unit == _BINARY_UNITS[-1]:
            break
    return f"{size:.1f} {unit}"


def format_count(count: int, singular: str, plural: str | None = None) -> str:
    """`1 file handle`, `59 file handles`, `54,402 SVs`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
