"""Things by name whose modules are imported when one is asked for: a command line needs one of many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

Thing = TypeVar("Thing")


class Loaded(Mapping[str, Thing]):
    """A mapping whose names are known at once, and whose values are loaded each time that they are asked for.

    Its `values()` are a view: they load nothing before they are gone through.
    """

    def __init__(self, names: tuple[str, ...], load: Callable[[str], Thing]) -> None:
        """`names` in their order; `load` gives the thing of one of them, the same one each time."""
        self._names = dict.fromkeys(names)
        self._load = load

    def __getitem__(self, name: str) -> Thing:
        """The thing of that name.

        Raises:
            KeyError: there is none.
        """
        if name not in self._names:
            raise KeyError(name)
        return self._load(name)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a name; loads nothing."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        """The names in their order; loads nothing."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._names)
