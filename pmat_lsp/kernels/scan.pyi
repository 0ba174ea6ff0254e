import mmap
from typing import Final

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

OK: Final = 0
TRUNCATED: Final = 1
UNKNOWN_TYPE: Final = 2
UNKNOWN_EXTENSION: Final = 3
UNKNOWN_CODE_PART: Final = 4
UNKNOWN_CLASS_PART: Final = 5
UNKNOWN_STRUCT: Final = 6
UNKNOWN_STRUCT_FIELD: Final = 7
MORE: Final = 8
FULL: Final = 9
UNALIGNED: Final = 10
CHANGED: Final = 11
PART_CONSTANT_INDEX: Final = 2
PART_GLOB_INDEX: Final = 4
PART_PADNAME: Final = 5
PART_PAD: Final = 8
PART_PADNAME_FLAGS: Final = 9
PART_PADNAME_FIELD: Final = 10
PART_CLASS_FIELD: Final = 64
MAX_STRUCTS: Final = 65536

def gather(data: U8, offsets: I64, size: int, big: bool, found: U64) -> int: ...
def survey(
    data: bytes | mmap.mmap,
    start: int,
    stop: int,
    big: bool,
    uint_size: int,
    ptr_size: int,
    minor: int,
    type_sizes: U8,
    type_count: int,
    extension_sizes: U8,
    extension_count: int,
    pointer_kinds: U8,
    alignment: int,
    apart: bool,
    word_key: U64,
    word_bits: U64,
    run_first: U64,
    run_last: U64,
    run_offset: I64,
    run_svs: I32,
    run_references: I64,
    listed_address: U64,
    listed_kind: U8,
    listed_offset: I64,
    listed_copy: I64,
    part_source: I32,
    part_type: U8,
    part_index: I64,
    part_value: I64,
    extension_address: U64,
    extension_type: U8,
    extension_offset: I64,
    copied: U8,
    struct_name: I64,
    struct_offset: I64,
    struct_fields: I64,
    kinds: I64,
    result: I64,
) -> None: ...
def read(
    data: bytes | mmap.mmap,
    big: bool,
    uint_size: int,
    ptr_size: int,
    minor: int,
    type_sizes: U8,
    extension_sizes: U8,
    pointer_kinds: U8,
    struct_offset: I64,
    struct_fields: I64,
    strengths: U8,
    run_offset: I64,
    run_svs: I32,
    added_row: I32,
    added_address: U64,
    added_kind: U8,
    added_strength: U8,
    added_detail: I64,
    kind: U8,
    flags: U8,
    refcount: U32,
    size: U64,
    offset: I64,
    length: I64,
    ref_end: I32,
    ref_address: U64,
    ref_kind: U8,
    ref_strength: U8,
    ref_detail: I64,
    result: I64,
) -> None: ...
