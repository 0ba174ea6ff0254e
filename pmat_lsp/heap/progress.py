"""How a long piece of work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, TypeVar

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with (the stage in one word, done, total); may raise to end the work."""
Item = TypeVar("Item")
_OFTEN = 4096


def no_progress(_stage: str, _done: int, _total: int) -> None:
    """Tells nobody."""


def watched(items: Iterable[Item], progress: Progress, stage: str, total: int) -> Iterator[Item]:
    """The items, with a call of `progress` now and then, so that work on many of them can be ended."""
    for done, item in enumerate(items):
        if done % _OFTEN == 0:
            progress(stage, done, total)
        yield item


def never() -> bool:
    """Nobody cancels."""
    return False


class Cancelled(Exception):
    """The opening of a dump was given up because the user said so."""
