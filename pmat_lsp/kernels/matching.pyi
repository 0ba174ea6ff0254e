import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]

def match(wanted: U64, among: U64, found: I32) -> None: ...
