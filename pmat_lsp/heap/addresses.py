"""Where the SVs of a heap are: addresses to ids and back."""

from __future__ import annotations

from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from pmat_lsp.kernels import linking

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

_BITS_OF_BYTE = np.array([byte.bit_count() for byte in range(256)], np.uint8)


class Addresses:
    """The addresses of all SVs, in ascending order, then those of the immortals: indexing by ids gives uint64.

    They are a set of bits: an arena of perl's has an SV every 24 bytes, so that this takes a byte an SV, not eight, and
    stays in the cache of a processor where references are looked up.
    """

    def __init__(self, key: U64, bits: U64, rank: I32, alignment: int, immortals: U64) -> None:
        """As `kernels.linking.find` describes them; `immortals` has three, 0 for none."""
        self.key = key
        self.bits = bits
        self.rank = rank
        self.alignment = alignment
        self.immortals = immortals

    @classmethod
    def of_words(cls, key: U64, bits: U64, alignment: int, immortals: U64) -> Addresses:
        """From words in any order, in which a key may stand several times."""
        order = np.argsort(key, kind="stable")
        key, bits = key[order], bits[order]
        first = np.flatnonzero(np.diff(key, prepend=~key[:1]))
        if len(first) < len(key):
            key, bits = key[first], np.bitwise_or.reduceat(bits, first)
        rank = np.zeros(len(key) + 1, np.int64)
        np.cumsum(bits_set(bits), out=rank[1:])
        return cls(key, bits, rank.astype(np.int32), alignment, immortals)

    @property
    def count(self) -> int:
        """How many SVs there are, without the immortals."""
        return int(self.rank[-1])

    def __len__(self) -> int:
        return self.count + len(self.immortals)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> np.uint64: ...

    @overload
    def __getitem__(self, index: slice | npt.NDArray[np.integer[Any]] | npt.NDArray[np.bool_]) -> U64: ...

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, (slice, np.ndarray)):
            return self._one(int(index))
        ids: I64
        if isinstance(index, slice):
            ids = np.arange(*index.indices(len(self)), dtype=np.int64)
        else:
            ids = np.flatnonzero(index) if index.dtype == np.bool_ else index.astype(np.int64)
            if len(ids) and not -len(self) <= int(ids.min()) <= int(ids.max()) < len(self):
                raise IndexError(f"no such SV: there are {len(self)}")
            ids = np.where(ids < 0, ids + len(self), ids)
        found = np.empty(len(ids), np.uint64)
        is_immortal = ids >= self.count
        if not is_immortal.any():
            linking.addresses(self.key, self.bits, self.rank, self.alignment, ids, found)
            return found
        others = np.empty(len(ids) - int(is_immortal.sum()), np.uint64)
        linking.addresses(self.key, self.bits, self.rank, self.alignment, ids[~is_immortal], others)
        found[~is_immortal] = others
        found[is_immortal] = self.immortals[ids[is_immortal] - self.count]
        return found

    def _one(self, sv: int) -> np.uint64:
        if not -len(self) <= sv < len(self):
            raise IndexError(f"no such SV: there are {len(self)}")
        sv = sv + len(self) if sv < 0 else sv
        if sv >= self.count:
            immortal: np.uint64 = self.immortals[sv - self.count]
            return immortal
        word = int(self.rank.searchsorted(np.int32(sv), side="right")) - 1
        bits = int(self.bits[word])
        for _ in range(sv - int(self.rank[word])):
            bits &= bits - 1
        return np.uint64(((int(self.key[word]) << 6) + (bits & -bits).bit_length() - 1) << self.alignment)

    def ids(self, addresses: U64) -> I32:
        """int32: the id at each address, -1 where there is no SV (0 included)."""
        found = np.empty(len(addresses), np.int32)
        linking.find(*self.places, np.ascontiguousarray(addresses), found)
        return found

    @cached_property
    def places(self) -> tuple[U64, U64, I32, int, I32, int, U64]:
        """What the kernels want first: see `kernels.linking.find`."""
        if not len(self.key):
            return self.key, self.bits, self.rank, self.alignment, np.zeros(2, np.int32), 0, self.immortals
        span = int(self.key[-1] - self.key[0])
        # About one word a bucket, and never more buckets than words.
        bucket = (span // len(self.key)).bit_length()
        starts = self.key[0] + (np.arange((span >> bucket) + 1, dtype=np.uint64) << np.uint64(bucket))
        first = np.append(np.searchsorted(self.key, starts), len(self.key)).astype(np.int32)
        return self.key, self.bits, self.rank, self.alignment, first, bucket, self.immortals


def bits_set(words: U64) -> npt.NDArray[np.uint8]:
    """uint8: how many bits of each word are set."""
    counts: npt.NDArray[np.uint8] = _BITS_OF_BYTE[words.view(np.uint8)].reshape(-1, 8).sum(axis=1, dtype=np.uint8)
    return counts
