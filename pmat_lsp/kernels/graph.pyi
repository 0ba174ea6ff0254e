import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]

def reach(start: I32, target: I32, follow: U8, seen: U8, queue: I32, queued: int) -> int: ...
def strong_components(
    start: I32,
    target: I32,
    follow: U8,
    component: I32,
    order: I32,
    low: I32,
    stack: I32,
    path: I32,
    edge_at: I32,
) -> int: ...
def sole_owners(start: I32, target: I32, follow: U8, topological: I32, own: U8, owner: I32) -> None: ...
def shortest_cycles(
    start: I32, target: I32, follow: U8, component: I32, first: int, distance: I32, queue: I32
) -> tuple[int, int]: ...
def crossing(start: I32, target: I32, source_in: U8, target_in: U8, rows: I32) -> int: ...
def mark_cyclic(start: I32, target: I32, follow: U8, nodes: I32, component: I32, cyclic: U8) -> None: ...
