"""The second pass over a dump: the SVs in the order of their addresses, and what they refer to, piece by piece."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pmat_lsp.errors import DumpError
from pmat_lsp.format.container import forget
from pmat_lsp.format.header import Buffer, Layout
from pmat_lsp.heap.distinct import distinct
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.heap.references import STRENGTHS, Added, nothing_added
from pmat_lsp.heap.survey import Survey, pointer_kinds
from pmat_lsp.kernels import linking
from pmat_lsp.kernels import scan as kernel

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

_ROWS_AT_A_TIME = 1 << 17
"""SVs and references of one piece: what is being worked on stays in the cache of a processor."""
_PIECES_TO_FORGET = 4
"""After so many pieces, the pages of the dump that were read are given back."""
_MOST_WORKERS = 4


@dataclass(frozen=True, eq=False, repr=False)
class Piece:
    """SVs one after the other, and their references: see `kernels.scan.read`."""

    kind: U8
    flags: U8
    refcount: U32
    size: U64
    offset: I64
    length: I64
    ref_end: I32
    ref_address: U64
    ref_kind: U8
    ref_strength: U8
    ref_detail: I64

    @classmethod
    def empty(cls, svs: int, refs: int) -> Piece:
        """Room for so many."""
        return cls(
            kind=np.empty(svs, np.uint8),
            flags=np.empty(svs, np.uint8),
            refcount=np.empty(svs, np.uint32),
            size=np.empty(svs, np.uint64),
            offset=np.empty(svs, np.int64),
            length=np.empty(svs, np.int64),
            ref_end=np.empty(svs, np.int32),
            ref_address=np.empty(refs, np.uint64),
            ref_kind=np.empty(refs, np.uint8),
            ref_strength=np.empty(refs, np.uint8),
            ref_detail=np.empty(refs, np.int64),
        )

    def first(self, svs: int, refs: int) -> Piece:
        """The first so many."""
        of_references = ("ref_address", "ref_kind", "ref_strength", "ref_detail")
        return Piece(
            **{name: column[: refs if name in of_references else svs] for name, column in self.__dict__.items()}
        )


@dataclass(frozen=True, eq=False, repr=False)
class Resolved:
    """A piece whose references lead to SVs: those to anything else are gone."""

    svs: Piece
    ref_end: I32
    target: I32
    kind: U8
    strength: U8
    detail: I64


@dataclass(frozen=True, eq=False, repr=False)
class _Room:
    """Memory for one piece, before and after its references are resolved."""

    piece: Piece
    end: I32
    target: I32

    @classmethod
    def of(cls, svs: int, refs: int) -> _Room:
        """Room for so many."""
        return cls(Piece.empty(svs, refs), np.empty(svs, np.int32), np.empty(refs, np.int32))

    def another(self) -> _Room:
        """As large a one."""
        return _Room.of(len(self.end), len(self.target))

    def suffices(self, svs: int, refs: int) -> bool:
        """Whether there is room for so many."""
        return svs <= len(self.end) and refs <= len(self.target)


class Records:
    """Reads the records of a dump that has been surveyed."""

    def __init__(self, data: Buffer, path: str, layout: Layout, survey: Survey) -> None:
        self._data = data
        self._path = path
        self._layout = layout
        self._survey = survey

    def resolved(self, added: Added, progress: Progress = no_progress) -> Iterator[Resolved]:
        """All SVs in the order of ids, with what they refer to. Each is gone when the next one is asked for.

        Args:
            added: further references of theirs.
            progress: told how far the reading is.

        Raises:
            DumpError: somebody has changed the file since it was surveyed.
        """
        chunks = list(self._chunks())
        # The same memory is used again and again: to get it from the system would take longer than to fill it.
        room = self._room([chunk for chunk in chunks if self._cost(*chunk) <= 2 * _ROWS_AT_A_TIME], added)
        workers = min(_MOST_WORKERS, os.cpu_count() or 1, len(chunks))
        if workers < 2:
            for first, behind in chunks:
                progress("linking", first, len(self._survey.run_svs))
                yield self._resolve(first, behind, added, room)
            return
        # Here, since a small dump needs no threads.
        from concurrent.futures import Future, ThreadPoolExecutor

        rooms = [room, *(room.another() for _ in range(workers))]
        with ThreadPoolExecutor(workers, thread_name_prefix="pmat-read") as pool:
            begun: deque[tuple[_Room, Future[Resolved]]] = deque()
            try:
                for at, (first, behind) in enumerate(chunks):
                    progress("linking", first, len(self._survey.run_svs))
                    if not rooms:
                        room, future = begun.popleft()
                        yield future.result()
                        rooms.append(room)
                    if at % _PIECES_TO_FORGET == 0:
                        forget(self._data)
                    room = rooms.pop()
                    begun.append((room, pool.submit(self._resolve, first, behind, added, room)))
                while begun:
                    yield begun.popleft()[1].result()
            finally:
                for _, future in begun:
                    future.cancel()

    def _cost(self, first: int, behind: int) -> int:
        return int(self._survey.run_svs[first:behind].sum() + self._survey.run_references[first:behind].sum())

    def _room(self, chunks: list[tuple[int, int]], added: Added) -> _Room:
        """Room for the largest of some chunks."""
        bounds = np.array(chunks, np.int64).reshape(-1, 2)
        svs = np.append(np.zeros(1, np.int64), np.cumsum(self._survey.run_svs, dtype=np.int64))[bounds]
        refs = np.append(np.zeros(1, np.int64), np.cumsum(self._survey.run_references))[bounds]
        refs += np.searchsorted(added.source, svs)
        return _Room.of(int(np.diff(svs).max(initial=0)), int(np.diff(refs).max(initial=0)))

    def pieces(self) -> Iterator[tuple[int, Piece]]:
        """(id of the first SV, SVs with all that is in their records), in the order of ids."""
        for first, behind in self._chunks():
            yield int(self._survey.run_start[first]), self._read(np.arange(first, behind), nothing_added())

    def offsets(self, ids: I32) -> I64:
        """int64: where the records of SVs start; -1 for an id that is none."""
        survey = self._survey
        found = np.full(len(ids), -1, np.int64)
        there = np.flatnonzero((ids >= 0) & (ids < survey.addresses.count))
        if not len(there):
            return found
        run_of = np.searchsorted(survey.run_start, ids[there], side="right") - 1
        runs = distinct(run_of)
        at = np.searchsorted(runs, run_of)
        cost = np.cumsum(survey.run_svs[runs] + survey.run_references[runs])
        before = np.cumsum(survey.run_svs[runs]) - survey.run_svs[runs]
        offset = np.concatenate(
            [self._read(runs[first:behind], nothing_added()).offset for first, behind in _cut(cost)]
        )
        found[there] = offset[before[at] + ids[there] - survey.run_start[run_of]]
        return found

    def _chunks(self) -> Iterator[tuple[int, int]]:
        """Runs in pieces of about the same work: (first, behind the last)."""
        return _cut(np.cumsum(self._survey.run_svs + self._survey.run_references))

    def _resolve(self, first: int, behind: int, added: Added, room: _Room) -> Resolved:
        start = int(self._survey.run_start[first])
        svs = int(self._survey.run_svs[first:behind].sum())
        more = added.of(start, start + svs)
        refs = int(self._survey.run_references[first:behind].sum()) + len(more.source)
        if not room.suffices(svs, refs):
            # One huge array or hash.
            room = _Room.of(svs, refs)
        piece = self._read(np.arange(first, behind), more, room.piece)
        end, target = room.end[:svs], room.target[: len(piece.ref_kind)]
        end[:] = piece.ref_end
        kind, strength, detail = piece.ref_kind, piece.ref_strength, piece.ref_detail
        places = self._survey.addresses.places
        left = linking.resolve(*places, end, piece.ref_address, target, kind, strength, detail)
        return Resolved(piece, end, target[:left], kind[:left], strength[:left], detail[:left])

    def _read(self, runs: npt.NDArray[np.intp], added: Added, room: Piece | None = None) -> Piece:
        survey, layout = self._survey, self._layout
        svs = int(survey.run_svs[runs].sum())
        refs = int(survey.run_references[runs].sum()) + len(added.source)
        piece = room.first(svs, refs) if room else Piece.empty(svs, refs)
        result = np.zeros(4, np.int64)
        kernel.read(
            self._data,
            layout.big_endian,
            layout.uint_size,
            layout.ptr_size,
            layout.minor,
            layout.type_sizes,
            layout.extension_sizes,
            pointer_kinds(),
            survey.struct_offset,
            survey.struct_fields,
            STRENGTHS,
            survey.run_offset[runs],
            survey.run_svs[runs],
            added.source,
            added.address,
            added.kind,
            added.strength,
            added.detail,
            **piece.__dict__,
            result=result,
        )
        if result[0] != kernel.OK or int(result[2]) != svs:
            offset = int(result[1])
            problem = f"changed while it was read: the record at byte {offset:,} is not what it was"
            hint = "Wait until the program has written it, and try again."
            raise DumpError(self._path, problem, offset=offset, hint=hint)
        return piece.first(svs, int(result[3]))


def _cut(cost: I64) -> Iterator[tuple[int, int]]:
    """Rows in pieces of about the same cost, at least one row each: (first, behind the last).

    Args:
        cost: int64[any], of all rows up to each.
    """
    first = 0
    while first < len(cost):
        before = int(cost[first - 1]) if first else 0
        behind = max(first + 1, int(np.searchsorted(cost, before + _ROWS_AT_A_TIME, side="right")))
        yield first, behind
        first = behind
