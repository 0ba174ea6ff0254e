import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

def count_sort(key: I32, start: I64, order: I32) -> None: ...
def find(address: U64, first: I32, bits: int, wanted: U64, found: I32) -> None: ...
