import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]

def grow(
    start: I32,
    target: I32,
    kind: U8,
    beyond: U8,
    tops: I32,
    unreached: U8,
    passed: U8,
    order: I32,
    parent: I32,
    depth: I32,
) -> int: ...
