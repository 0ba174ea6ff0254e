import numpy as np
import numpy.typing as npt

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

def first_equal(data: npt.NDArray[np.uint8], start: I64, end: I64, seed: int, table: I32, first: I32) -> None: ...
