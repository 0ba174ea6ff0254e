"""What is computed once for each heap, and forgotten with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from pmat_lsp.heap.model import Heap

Result = TypeVar("Result")


class OnceAHeap(Generic[Result]):
    """A function of a heap that keeps its result as long as the heap lives.

    The result must not refer to the heap, which would keep both alive.
    """

    def __init__(self, compute: Callable[[Heap], Result]) -> None:
        self._compute = compute
        self._known: WeakKeyDictionary[Heap, Result] = WeakKeyDictionary()
        update_wrapper(self, compute)

    def __call__(self, heap: Heap) -> Result:
        """The result for a heap, computed when it is first asked for."""
        if heap not in self._known:
            self._known[heap] = self._compute(heap)
        return self._known[heap]
