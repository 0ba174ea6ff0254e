import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]

def count_sort(key: I32, start: I32, order: I32) -> None: ...
def find(
    key: U64,
    bits: U64,
    rank: I32,
    alignment: int,
    first: I32,
    bucket: int,
    immortals: U64,
    wanted: U64,
    found: I32,
) -> None: ...
def addresses(key: U64, bits: U64, rank: I32, alignment: int, ids: I64, found: U64) -> None: ...
def resolve(
    key: U64,
    bits: U64,
    rank: I32,
    alignment: int,
    first: I32,
    bucket: int,
    immortals: U64,
    end: I32,
    address: U64,
    target: I32,
    kind: U8,
    strength: U8,
    detail: I64,
) -> int: ...
