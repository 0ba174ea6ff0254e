import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]

def walk(start: I32, target: I32, follow: U8, entry: U8, order: I32, place: I32, above: I32, edge_at: I32) -> int: ...
def immediate_dominators(
    in_start: I32,
    in_ref: I32,
    source: I32,
    follow: U8,
    entry: U8,
    reached: int,
    order: I32,
    place: I32,
    above: I32,
    semi: I32,
    label: I32,
    bucket: I32,
    stack: I32,
    idom: I32,
    high: int,
    low: int,
) -> None: ...
def sum_up(idom: I32, nodes: I32, weight: U64) -> None: ...
def number_subtrees(idom: I32, nodes: I32, free: I32, position: I32) -> None: ...
