"""How a long piece of work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with (the stage in one word, done, total); may raise to end the work."""


def no_progress(_stage: str, _done: int, _total: int) -> None:
    """Tells nobody."""


def never() -> bool:
    """Nobody cancels."""
    return False


class Cancelled(Exception):
    """The opening of a dump was given up because the user said so."""
