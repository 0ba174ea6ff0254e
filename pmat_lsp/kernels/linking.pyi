import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]

def count_sort(key: I32, start: I32, order: I32) -> None: ...
def find(address: U64, immortals: U64, first: I32, bits: int, wanted: U64, found: I32) -> None: ...
def resolve(
    address: U64,
    immortals: U64,
    first: I32,
    bits: int,
    wanted: U64,
    row: I32,
    source: I32,
    target: I32,
    kind: U8,
    detail: I64,
) -> int: ...
