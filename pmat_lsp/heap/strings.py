"""Many strings in two arrays: only those that are asked for become objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt


class Strings(Sequence[str]):
    """An immutable sequence of strings over their UTF-8 bytes; lone surrogates (undecodable bytes) are kept."""

    def __init__(self, text: npt.NDArray[np.uint8], start: npt.NDArray[np.int64]) -> None:
        self.text = text
        """uint8: all strings behind each other."""
        self.start = start
        """int64[len + 1]: where each begins; the last entry is where the last one ends."""

    @classmethod
    def of(cls, strings: Iterable[str]) -> Strings:
        """The sequence of these strings."""
        raw = [string.encode("utf-8", "surrogatepass") for string in strings]
        start = np.zeros(len(raw) + 1, np.int64)
        np.cumsum([len(string) for string in raw], out=start[1:])
        return cls(np.frombuffer(b"".join(raw), np.uint8), start)

    def __len__(self) -> int:
        return len(self.start) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Strings: ...

    def __getitem__(self, index: int | slice) -> str | Strings:
        if isinstance(index, slice):
            return Strings.of(self[i] for i in range(*index.indices(len(self))))
        at = range(len(self))[index]
        return self.text[self.start[at] : self.start[at + 1]].tobytes().decode("utf-8", "surrogatepass")
