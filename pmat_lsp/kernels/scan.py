"""Two passes over the heap section of a dump, neither of which keeps more than it must.

The section is a list of records, each a TYPE byte followed by

- an SV (types 1 to 0x7F, and 0xFF): the header, pointers and strings common to all types, those of its own type
  (lengths in the dump's own tables), then a body that depends on the type: elements, entries, pads, fields;
- an extension (0x80 up to 0xEF): the address of the SV that it is about, then header, pointers, strings;
- META_STRUCT (0xF0): the fields of a type of C structure.

Type 0 ends the list. perl allocates SVs in arenas, and the dumper walks one arena after the other, so the records come
in **runs** of ascending addresses. `survey` walks the file once and notes the runs, which addresses there are, and
where the few records lie that need a second look. Then the runs are sorted by address: there are thousands of them,
where there are millions of SVs. `read` walks the runs in that order, so that every column is made front to back.

Every length is checked against the end of the data before it is used, in both passes, so a damaged file, or one that
changes while it is read, ends a pass with a status and nothing is read outside the buffer.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython

# Statuses, in RESULT[0]; RESULT[1..5] tell more.
OK = 0
TRUNCATED = 1
"""RESULT: offset of the record, its type, the count that was read or -1, bytes needed from RESULT[5] on."""
UNKNOWN_TYPE = 2
UNKNOWN_EXTENSION = 3
UNKNOWN_CODE_PART = 4
UNKNOWN_CLASS_PART = 5
UNKNOWN_STRUCT = 6
UNKNOWN_STRUCT_FIELD = 7
MORE = 8
"""The survey has stopped between two records, because it came to where the caller told it to stop."""
FULL = 9
"""The survey has stopped before a record, because one of the arrays has no room for what it says."""
UNALIGNED = 10
"""An address is no multiple of the alignment that the caller expects."""
CHANGED = 11
"""A record does not say what it said in the survey: somebody writes to the file."""

# Types of records, as in format.kinds (a kernel imports nothing of ours). Declared, since the loop compares with them:
# a module's other names are Python objects to it.
_GLOB = cython.declare(cython.int, 1)
_SCALAR = cython.declare(cython.int, 2)
_REF = cython.declare(cython.int, 3)
_ARRAY = cython.declare(cython.int, 4)
_HASH = cython.declare(cython.int, 5)
_STASH = cython.declare(cython.int, 6)
_CODE = cython.declare(cython.int, 7)
_IO = cython.declare(cython.int, 8)
_LVALUE = cython.declare(cython.int, 9)
_UNDEF = cython.declare(cython.int, 13)
_OBJECT = cython.declare(cython.int, 16)
_CLASS = cython.declare(cython.int, 17)
_C_STRUCT = cython.declare(cython.int, 0x7F)
_META_STRUCT = cython.declare(cython.int, 0xF0)
_UNKNOWN = cython.declare(cython.int, 0xFF)
_HAS_VALUE = cython.declare(cython.int, 0x0D)

# Kinds of references, and strengths, as in format.kinds.
_REF_REFERENT = cython.declare(cython.int, 1)
_REF_ELEMENT = cython.declare(cython.int, 10)
_REF_VALUE = cython.declare(cython.int, 11)
_REF_CODE_CONSTANT = cython.declare(cython.int, 22)
_REF_CODE_GLOBREF = cython.declare(cython.int, 23)
_REF_CODE_PADNAMES = cython.declare(cython.int, 24)
_REF_CODE_PAD = cython.declare(cython.int, 25)
_REF_FIELD = cython.declare(cython.int, 37)
_REF_STRUCT_FIELD = cython.declare(cython.int, 39)
_REF_MAGIC_OBJECT = cython.declare(cython.int, 40)
_REF_BLESSED = cython.declare(cython.int, 53)
_WEAK = cython.declare(cython.int, 2)

# Parts of a CODE's body that are rows of the table of parts, as in the file; and one of ours.
PART_CONSTANT_INDEX = 2
PART_GLOB_INDEX = 4
PART_PADNAME = 5
PART_PAD = 8
PART_PADNAME_FLAGS = 9
PART_PADNAME_FIELD = 10
PART_CLASS_FIELD = 64

MAX_STRUCTS = 65536

# A run ends where the next address is further away than any two of one arena, and before it is too much for one piece.
_LARGEST_GAP = cython.declare(cython.ulonglong, 4096)
_MOST_SVS = cython.declare(cython.int, 4096)
_MOST_REFERENCES = cython.declare(cython.longlong, 65536)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.boundscheck(False)
@cython.wraparound(False)
@cython.exceptval(check=False)
def number(
    data: cython.const[cython.uchar][::1],
    position: cython.Py_ssize_t,
    size: cython.Py_ssize_t,
    big: cython.bint,
) -> cython.ulonglong:
    """The unsigned number of `size` (4 or 8) bytes at `position`; the caller has checked that they are there."""
    if not cython.compiled:
        return int.from_bytes(data[position : position + size], "big" if big else "little")
    p: cython.Py_ssize_t = position
    # Written out, so that the C compiler makes one load (and one byte swap) of each.
    if size == 8:
        if big:
            return (
                (cython.cast(cython.ulonglong, data[p]) << 56)
                | (cython.cast(cython.ulonglong, data[p + 1]) << 48)
                | (cython.cast(cython.ulonglong, data[p + 2]) << 40)
                | (cython.cast(cython.ulonglong, data[p + 3]) << 32)
                | (cython.cast(cython.ulonglong, data[p + 4]) << 24)
                | (cython.cast(cython.ulonglong, data[p + 5]) << 16)
                | (cython.cast(cython.ulonglong, data[p + 6]) << 8)
                | cython.cast(cython.ulonglong, data[p + 7])
            )
        return (
            cython.cast(cython.ulonglong, data[p])
            | (cython.cast(cython.ulonglong, data[p + 1]) << 8)
            | (cython.cast(cython.ulonglong, data[p + 2]) << 16)
            | (cython.cast(cython.ulonglong, data[p + 3]) << 24)
            | (cython.cast(cython.ulonglong, data[p + 4]) << 32)
            | (cython.cast(cython.ulonglong, data[p + 5]) << 40)
            | (cython.cast(cython.ulonglong, data[p + 6]) << 48)
            | (cython.cast(cython.ulonglong, data[p + 7]) << 56)
        )
    if big:
        return (
            (cython.cast(cython.ulonglong, data[p]) << 24)
            | (cython.cast(cython.ulonglong, data[p + 1]) << 16)
            | (cython.cast(cython.ulonglong, data[p + 2]) << 8)
            | cython.cast(cython.ulonglong, data[p + 3])
        )
    return (
        cython.cast(cython.ulonglong, data[p])
        | (cython.cast(cython.ulonglong, data[p + 1]) << 8)
        | (cython.cast(cython.ulonglong, data[p + 2]) << 16)
        | (cython.cast(cython.ulonglong, data[p + 3]) << 24)
    )


@cython.boundscheck(False)
@cython.wraparound(False)
def gather(
    data: cython.const[cython.uchar][::1],
    offsets: cython.const[cython.longlong][::1],
    size: cython.Py_ssize_t,
    big: cython.bint,
    found: cython.ulonglong[::1],
) -> cython.Py_ssize_t:
    """Read the unsigned number at each of many offsets.

    Args:
        data: the whole dump.
        offsets: int64[any].
        size: bytes of each number: 1, 2, 4 or 8.
        big: big-endian numbers.
        found: uint64[any], out: the numbers.

    Returns:
        How many were read: it ends before the first that does not lie inside the data.
    """
    read: cython.Py_ssize_t = 0
    wanted: cython.Py_ssize_t = len(offsets)
    last: cython.Py_ssize_t = len(data) - size
    at: cython.Py_ssize_t
    first: cython.ulonglong
    second: cython.ulonglong
    with cython.nogil:
        while read < wanted and 0 <= offsets[read] <= last:
            at = cython.cast(cython.Py_ssize_t, offsets[read])
            if size >= 4:
                found[read] = number(data, at, size, big)
            elif size == 1:
                found[read] = data[at]
            else:
                first = cython.cast(cython.ulonglong, data[at])
                second = cython.cast(cython.ulonglong, data[at + 1])
                found[read] = (first << 8) | second if big else first | (second << 8)
            read += 1
    return read


@cython.boundscheck(False)
@cython.wraparound(False)
@cython.cdivision(True)
def survey(
    data: cython.const[cython.uchar][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    big: cython.bint,
    uint_size: cython.Py_ssize_t,
    ptr_size: cython.Py_ssize_t,
    minor: cython.int,
    type_sizes: cython.const[cython.uchar][:, ::1],
    type_count: cython.int,
    extension_sizes: cython.const[cython.uchar][:, ::1],
    extension_count: cython.int,
    pointer_kinds: cython.const[cython.uchar][:, ::1],
    alignment: cython.int,
    apart: cython.bint,
    word_key: cython.ulonglong[::1],
    word_bits: cython.ulonglong[::1],
    run_first: cython.ulonglong[::1],
    run_last: cython.ulonglong[::1],
    run_offset: cython.longlong[::1],
    run_svs: cython.int[::1],
    run_references: cython.longlong[::1],
    listed_address: cython.ulonglong[::1],
    listed_kind: cython.uchar[::1],
    listed_offset: cython.longlong[::1],
    listed_copy: cython.longlong[::1],
    part_source: cython.int[::1],
    part_type: cython.uchar[::1],
    part_index: cython.longlong[::1],
    part_value: cython.longlong[::1],
    extension_address: cython.ulonglong[::1],
    extension_type: cython.uchar[::1],
    extension_offset: cython.longlong[::1],
    copied: cython.uchar[::1],
    struct_name: cython.longlong[::1],
    struct_offset: cython.longlong[::1],
    struct_fields: cython.longlong[::1],
    kinds: cython.longlong[::1],
    result: cython.longlong[::1],
) -> None:
    """Walk the records from `start` on until the first that begins at or behind `stop`; note what there is.

    The arrays are filled from their starts. A survey that ended with MORE or FULL goes on when it is called again with
    `start` where it ended.

    Args:
        data: the whole dump.
        start: offset of the first record.
        stop: offset from which on no record is begun.
        big: big-endian numbers.
        uint_size: bytes of a UINT.
        ptr_size: bytes of a PTR.
        minor: minor version of the format.
        type_sizes: uint8[256, 3], see `format.header.Layout`.
        type_count: rows of it that the dump gave.
        extension_sizes: uint8[128, 3], likewise.
        extension_count: rows of it that the dump gave.
        pointer_kinds: uint8[256, 16], the kind of reference that each pointer of a type is, 0 for none.
        alignment: the lowest so many bits of every address are 0.
        apart: every SV is a run of its own.
        word_key: uint64, one row a word of 64 addresses: the address of the first one, shifted right by `alignment`
            and 6. A key may have several rows.
        word_bits: uint64, which of the 64 have an SV.
        run_first: uint64, one row a run: address of its first SV. The addresses of a run ascend.
        run_last: uint64, address of its last SV.
        run_offset: int64, where the record of its first SV starts.
        run_svs: int32, how many SVs it has.
        run_references: int64, at most so many references are in its records, null pointers left out.
        listed_address: uint64, one row a GLOB, STASH, CODE, IO or CLASS, as are the next three.
        listed_kind: uint8, the TYPE byte.
        listed_offset: int64, where the record starts.
        listed_copy: int64, where its copy starts in `copied`, which has it up to its last string.
        part_source: int32, one row a part of a CODE (or a field of a CLASS) that tells more than a reference: its
            row among the listed.
        part_type: uint8, PART_*.
        part_index: int64, index into the pad (of a PART_PAD: its depth; of a field: its index).
        part_value: int64, flags, field index, address of the pad (as its 64 bits), or offset of the name in `copied`.
        extension_address: uint64, one row an extension record: the SV that it is about.
        extension_type: uint8.
        extension_offset: int64, offset of its header.
        copied: uint8, bytes of the dump that will be read again and again, side by side.
        struct_name: int64[MAX_STRUCTS], in and out: offset of the name of each struct type, by id.
        struct_offset: int64[MAX_STRUCTS], in and out: offset of its first field, -1 for none. The first definition of
            an id counts.
        struct_fields: int64[MAX_STRUCTS], in and out: number of fields.
        kinds: int64[256], in and out: how many SVs of each TYPE there are.
        result: int64[13], out: status; offset of the record; its type; a count or -1; bytes needed; offset where they
            are needed; then the rows filled of words, runs, listed, parts, extensions, copied; the offset behind the
            last record.
    """
    end: cython.Py_ssize_t = len(data)
    position: cython.Py_ssize_t = start
    record: cython.Py_ssize_t = start
    words: cython.Py_ssize_t = 0
    runs: cython.Py_ssize_t = 0
    listed: cython.Py_ssize_t = 0
    parts: cython.Py_ssize_t = 0
    parts_before: cython.Py_ssize_t = 0
    extensions: cython.Py_ssize_t = 0
    copied_bytes: cython.Py_ssize_t = 0
    copied_before: cython.Py_ssize_t = 0
    word_room: cython.Py_ssize_t = len(word_key)
    run_room: cython.Py_ssize_t = len(run_first)
    listed_room: cython.Py_ssize_t = len(listed_address)
    part_room: cython.Py_ssize_t = len(part_source)
    extension_room: cython.Py_ssize_t = len(extension_address)
    copied_room: cython.Py_ssize_t = len(copied)
    # A module's names are Python objects to the compiled loop; these are numbers.
    ok: cython.int = OK
    truncated: cython.int = TRUNCATED
    unknown_type: cython.int = UNKNOWN_TYPE
    unknown_extension: cython.int = UNKNOWN_EXTENSION
    unknown_code_part: cython.int = UNKNOWN_CODE_PART
    unknown_class_part: cython.int = UNKNOWN_CLASS_PART
    unknown_struct: cython.int = UNKNOWN_STRUCT
    unknown_struct_field: cython.int = UNKNOWN_STRUCT_FIELD
    more: cython.int = MORE
    full: cython.int = FULL
    unaligned: cython.int = UNALIGNED
    max_structs: cython.ulonglong = MAX_STRUCTS
    part_pad: cython.int = PART_PAD
    part_class_field: cython.int = PART_CLASS_FIELD
    status: cython.int = ok
    needed: cython.longlong = 0
    at: cython.Py_ssize_t = start
    count: cython.longlong = -1
    type_: cython.int = 0
    common_header: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, type_sizes[0, 0])
    common: cython.Py_ssize_t = common_header + cython.cast(cython.Py_ssize_t, type_sizes[0, 1]) * ptr_size
    entry_pointers: cython.Py_ssize_t = 2 if minor >= 6 else 1
    null: cython.ulonglong = 0xFFFFFFFF if uint_size == 4 else 0xFFFFFFFFFFFFFFFF
    most: cython.ulonglong = 0x7FFFFFFFFFFFFFFF
    multipliable: cython.longlong = 0x00FFFFFFFFFFFFFF
    below: cython.ulonglong = (cython.cast(cython.ulonglong, 1) << alignment) - 1
    header: cython.Py_ssize_t
    pointers: cython.Py_ssize_t
    strings: cython.Py_ssize_t
    type_header: cython.Py_ssize_t = start
    field: cython.Py_ssize_t
    i: cython.longlong
    _: cython.longlong
    references: cython.longlong = 0
    address: cython.ulonglong = 0
    last: cython.ulonglong = 0
    key: cython.ulonglong
    pointer: cython.ulonglong
    text: cython.ulonglong
    part: cython.int

    with cython.nogil:
        while True:
            record = position
            parts_before = parts
            copied_before = copied_bytes
            count = -1
            if position >= end:
                type_, needed, at, status = 0, 1, position, truncated
                break
            if position >= stop:
                status = more
                break
            type_ = data[position]
            position += 1
            if type_ == 0:
                break

            if type_ == _META_STRUCT:
                at, needed = position, 3 * uint_size
                if needed > end - position:
                    status = truncated
                    break
                pointer = number(data, position, uint_size, big)
                text = number(data, position + uint_size, uint_size, big)
                position += 2 * uint_size
                # Each field takes a STR and a byte.
                if text > cython.cast(cython.ulonglong, end - position):
                    count, needed, at, status = -1, end - position + 1, position, truncated
                    break
                count = text
                field = position
                text = number(data, position, uint_size, big)
                position += uint_size
                if text != null:
                    if text > cython.cast(cython.ulonglong, end - position):
                        needed, at, status = end - position + 1, position, truncated
                        break
                    position += text
                if pointer < max_structs and struct_offset[pointer] < 0:
                    struct_name[pointer] = field
                    struct_offset[pointer] = position
                    struct_fields[pointer] = count
                for _ in range(count):
                    at, needed = position, uint_size + 1
                    if needed > end - position:
                        status = truncated
                        break
                    text = number(data, position, uint_size, big)
                    position += uint_size
                    if text == null:
                        text = 0
                    if text >= cython.cast(cython.ulonglong, end - position):
                        needed, at, status = end - position + 1, position, truncated
                        break
                    position += text + 1
                if status != ok:
                    break
                continue

            references = 0
            if type_ >= 0x80 and type_ != _UNKNOWN:
                if type_ > _META_STRUCT or type_ - 0x80 >= extension_count:
                    at, status = record, unknown_extension
                    break
                if extensions == extension_room:
                    status = full
                    break
                header = cython.cast(cython.Py_ssize_t, extension_sizes[type_ - 0x80, 0])
                pointers = cython.cast(cython.Py_ssize_t, extension_sizes[type_ - 0x80, 1])
                strings = cython.cast(cython.Py_ssize_t, extension_sizes[type_ - 0x80, 2])
                at, needed = position, ptr_size + header + pointers * ptr_size
                if minor == 0:
                    # Minor 0 wrote the address, one pointer, and the type of the magic, in this order.
                    header, pointers, strings = 1, 1, 0
                    needed = 2 * ptr_size + 1
                if needed > end - position:
                    status = truncated
                    break
                extension_address[extensions] = number(data, position, ptr_size, big)
                extension_type[extensions] = type_
                extension_offset[extensions] = position + ptr_size
                position += needed
            else:
                if words == word_room or runs == run_room or listed == listed_room:
                    status = full
                    break
                if type_ in (_UNKNOWN, _C_STRUCT):
                    header = pointers = strings = 0
                elif type_ >= type_count:
                    at, status = record, unknown_type
                    break
                else:
                    header = cython.cast(cython.Py_ssize_t, type_sizes[type_, 0])
                    pointers = cython.cast(cython.Py_ssize_t, type_sizes[type_, 1])
                    strings = cython.cast(cython.Py_ssize_t, type_sizes[type_, 2])
                at, needed = position, common + header + pointers * ptr_size
                if needed > end - position:
                    status = truncated
                    break
                address = number(data, position, ptr_size, big)
                if address & below:
                    status = unaligned
                    break
                if number(data, position + common_header, ptr_size, big) != 0:
                    references = 1
                type_header = position + common
                position = type_header + header
                for i in range(pointers if pointers < 16 else 16):
                    if pointer_kinds[type_, i] != 0 and number(data, position + i * ptr_size, ptr_size, big) != 0:
                        references += 1
                position += pointers * ptr_size

            for _ in range(strings):
                at, needed = position, uint_size
                if needed > end - position:
                    status = truncated
                    break
                text = number(data, position, uint_size, big)
                position += uint_size
                if text != null:
                    if text > cython.cast(cython.ulonglong, end - position):
                        needed = cython.cast(cython.longlong, text if text < most else most)
                        at, status = position, truncated
                        break
                    position += text
            if status != ok:
                break
            if type_ >= 0x80 and type_ != _UNKNOWN:
                extensions += 1
                continue

            if type_ in (_GLOB, _STASH, _CODE, _IO, _CLASS):
                if position - record > copied_room - copied_bytes:
                    status = full
                    break
                for i in range(position - record):
                    copied[copied_bytes + i] = data[record + i]
                copied_bytes += position - record

            if type_ in (_ARRAY, _OBJECT):
                pointer = number(data, type_header, uint_size, big) if header >= uint_size else 0
                if pointer > cython.cast(cython.ulonglong, end - position) // ptr_size:
                    count = cython.cast(cython.longlong, pointer if pointer < most else most)
                    needed = count * ptr_size if count < multipliable else count
                    at, status = position, truncated
                    break
                count = pointer
                for _ in range(count):
                    if number(data, position, ptr_size, big) != 0:
                        references += 1
                    position += ptr_size

            elif type_ in (_HASH, _STASH, _CLASS):
                pointer = number(data, type_header, uint_size, big) if header >= uint_size else 0
                if pointer > cython.cast(cython.ulonglong, end - position) // (uint_size + entry_pointers * ptr_size):
                    count = cython.cast(cython.longlong, pointer if pointer < most else most)
                    needed = count * (uint_size + entry_pointers * ptr_size) if count < multipliable else count
                    at, status = position, truncated
                    break
                count = pointer
                for _ in range(count):
                    at, needed = position, uint_size + entry_pointers * ptr_size
                    if needed > end - position:
                        status = truncated
                        break
                    text = number(data, position, uint_size, big)
                    position += uint_size
                    if text == null:
                        text = 0
                    if text > cython.cast(cython.ulonglong, end - position - entry_pointers * ptr_size):
                        needed = cython.cast(cython.longlong, text if text < most else most)
                        at, status = position, truncated
                        break
                    position += text + entry_pointers * ptr_size
                    if number(data, position - ptr_size, ptr_size, big) != 0:
                        references += 1
                if status == ok and type_ == _CLASS:
                    while True:
                        at, needed = position, 1
                        if position >= end:
                            status = truncated
                            break
                        part = data[position]
                        position += 1
                        if part == 0:
                            break
                        if part != 1:
                            at, needed, status = position - 1, part, unknown_class_part
                            break
                        at, needed = position, 2 * uint_size
                        if needed > end - position:
                            status = truncated
                            break
                        text = number(data, position + uint_size, uint_size, big)
                        if text == null:
                            text = 0
                        if text > cython.cast(cython.ulonglong, end - position - 2 * uint_size):
                            needed = cython.cast(cython.longlong, text if text < most else most)
                            status = truncated
                            break
                        if parts == part_room or uint_size + text > cython.cast(
                            cython.ulonglong, copied_room - copied_bytes
                        ):
                            status = full
                            break
                        part_source[parts] = cython.cast(cython.int, listed)
                        part_type[parts] = part_class_field
                        part_index[parts] = number(data, position, uint_size, big) & most
                        part_value[parts] = copied_bytes
                        for i in range(uint_size + text):
                            copied[copied_bytes + i] = data[position + uint_size + i]
                        copied_bytes += uint_size + text
                        parts += 1
                        position += 2 * uint_size + text

            elif type_ == _CODE:
                while True:
                    at, needed = position, 1
                    if position >= end:
                        status = truncated
                        break
                    part = data[position]
                    position += 1
                    if part == 0:
                        break
                    if part == 1 or part == 3 or part == 7:
                        needed = ptr_size
                    elif part == 2 or part == 4:
                        needed = uint_size
                    elif part == 5 or part == 6 or part == 10:
                        needed = 2 * uint_size + ptr_size
                    elif part == 8:
                        needed = uint_size + ptr_size
                    elif part == 9:
                        needed = uint_size + 1
                    else:
                        at, needed, status = position - 1, part, unknown_code_part
                        break
                    at = position
                    if needed > end - position:
                        status = truncated
                        break
                    if part == 1 or part == 3 or part == 7:
                        if number(data, position, ptr_size, big) != 0:
                            references += 1
                    elif part != 6:
                        if parts == part_room:
                            status = full
                            break
                        part_source[parts] = cython.cast(cython.int, listed)
                        part_type[parts] = part
                        part_index[parts] = number(data, position, uint_size, big) & most
                        part_value[parts] = 0
                        if part == part_pad:
                            pointer = number(data, position + uint_size, ptr_size, big)
                            if pointer != 0:
                                references += 1
                            if pointer > most:
                                part_value[parts] = -1 - cython.cast(
                                    cython.longlong, cython.cast(cython.ulonglong, 0xFFFFFFFFFFFFFFFF) - pointer
                                )
                            else:
                                part_value[parts] = pointer
                        elif part == 5:
                            text = number(data, position + uint_size, uint_size, big)
                            if text == null:
                                text = 0
                            if text > cython.cast(cython.ulonglong, end - position - needed):
                                needed = cython.cast(cython.longlong, text if text < most else most)
                                status = truncated
                                break
                            if uint_size + text > cython.cast(cython.ulonglong, copied_room - copied_bytes):
                                status = full
                                break
                            part_value[parts] = copied_bytes
                            for i in range(uint_size + text):
                                copied[copied_bytes + i] = data[position + uint_size + i]
                            copied_bytes += uint_size + text
                            needed += text
                        elif part == 9:
                            part_value[parts] = data[position + uint_size]
                        elif part == 10:
                            part_value[parts] = number(data, position + uint_size, uint_size, big) & most
                        parts += 1
                    position += needed

            elif type_ == _C_STRUCT:
                # What takes the place of the package is the id of the type.
                pointer = number(data, type_header - common + common_header, ptr_size, big)
                if pointer >= max_structs or struct_offset[pointer] < 0:
                    at, status = record, unknown_struct
                    break
                count = cython.cast(cython.longlong, struct_fields[pointer])
                field = cython.cast(cython.Py_ssize_t, struct_offset[pointer])
                for _ in range(count):
                    # The definition was checked when it was read.
                    text = number(data, field, uint_size, big)
                    field += uint_size
                    if text != null:
                        field += text
                    part = data[field]
                    field += 1
                    if part == 0:
                        needed = ptr_size
                    elif part == 1 or part == 2:
                        needed = 1
                    elif part == 3:
                        needed = 4
                    elif part == 4:
                        needed = uint_size
                    else:
                        at, needed, status = field - 1, part, unknown_struct_field
                        break
                    at = position
                    if needed > end - position:
                        status = truncated
                        break
                    if part == 0 and number(data, position, ptr_size, big) != 0:
                        references += 1
                    position += needed
            if status != ok:
                break

            if type_ in (_GLOB, _STASH, _CODE, _IO, _CLASS):
                listed_address[listed] = address
                listed_kind[listed] = type_
                listed_offset[listed] = record
                listed_copy[listed] = copied_before
                listed += 1
            kinds[type_] += 1
            key = address >> (alignment + 6)
            if words == 0 or word_key[words - 1] != key:
                word_key[words] = key
                word_bits[words] = 0
                words += 1
            word_bits[words - 1] = cython.cast(cython.ulonglong, word_bits[words - 1]) | (
                cython.cast(cython.ulonglong, 1) << ((address >> alignment) & 63)
            )
            if (
                runs == 0
                or apart
                or address <= last
                or address - last > _LARGEST_GAP
                or run_svs[runs - 1] >= _MOST_SVS
                or run_references[runs - 1] >= _MOST_REFERENCES
            ):
                run_first[runs] = address
                run_offset[runs] = record
                run_svs[runs] = 0
                run_references[runs] = 0
                runs += 1
            last = address
            run_last[runs - 1] = address
            run_svs[runs - 1] += 1
            run_references[runs - 1] += references

    result[0] = status
    result[1] = record
    result[2] = type_
    result[3] = count
    result[4] = needed
    result[5] = at
    result[6] = words
    result[7] = runs
    result[8] = listed
    result[9] = parts_before if status == full else parts
    result[10] = extensions
    result[11] = copied_before if status == full else copied_bytes
    result[12] = record if status == full else position


@cython.boundscheck(False)
@cython.wraparound(False)
@cython.cdivision(True)
def read(
    data: cython.const[cython.uchar][::1],
    big: cython.bint,
    uint_size: cython.Py_ssize_t,
    ptr_size: cython.Py_ssize_t,
    minor: cython.int,
    type_sizes: cython.const[cython.uchar][:, ::1],
    extension_sizes: cython.const[cython.uchar][:, ::1],
    pointer_kinds: cython.const[cython.uchar][:, ::1],
    struct_offset: cython.const[cython.longlong][::1],
    struct_fields: cython.const[cython.longlong][::1],
    strengths: cython.const[cython.uchar][::1],
    run_offset: cython.const[cython.longlong][::1],
    run_svs: cython.const[cython.int][::1],
    added_row: cython.const[cython.int][::1],
    added_address: cython.const[cython.ulonglong][::1],
    added_kind: cython.const[cython.uchar][::1],
    added_strength: cython.const[cython.uchar][::1],
    added_detail: cython.const[cython.longlong][::1],
    kind: cython.uchar[::1],
    flags: cython.uchar[::1],
    refcount: cython.uint[::1],
    size: cython.ulonglong[::1],
    offset: cython.longlong[::1],
    length: cython.longlong[::1],
    ref_end: cython.int[::1],
    ref_address: cython.ulonglong[::1],
    ref_kind: cython.uchar[::1],
    ref_strength: cython.uchar[::1],
    ref_detail: cython.longlong[::1],
    result: cython.longlong[::1],
) -> None:
    """Read the SVs of runs, in the order of the runs, and every pointer in them.

    Args:
        data: see `survey`; likewise the next seven.
        struct_offset: int64[MAX_STRUCTS], as the survey has left it; likewise `struct_fields`.
        strengths: uint8[256], the strength of each kind of reference. That of a weak REF and of the elements of an
            array that owns none is WEAK, whatever stands here.
        run_offset: int64[runs], where each starts.
        run_svs: int32[runs], how many SVs each has.
        added_row: int32[any], ascending: references that are no pointers of a record, by the row below that they
            belong to. Those of a CODE's own (of kinds below MAGIC_OBJECT) come before its package, others behind it.
        added_address: uint64[any]; likewise the next three, as the ref_ columns.
        added_kind: uint8[any].
        added_strength: uint8[any].
        added_detail: int64[any].
        kind: uint8[svs], out: the TYPE byte; UNDEF for a SCALAR without a value.
        flags: uint8[svs], out: the FLAGS of a SCALAR, REF, ARRAY or CODE, the TYPE of an LVALUE.
        refcount: uint32[svs], out.
        size: uint64[svs], out: bytes.
        offset: int64[svs], out: where the record starts.
        length: int64[svs], out: elements, entries or fields; of a SCALAR: bytes of string in the dump, -1 for none.
        ref_end: int32[svs], out: how many references this SV and those before it have.
        ref_address: uint64, out: one row a reference, where it leads to; null pointers are left out.
        ref_kind: uint8, out: see `format.kinds.RefKind`.
        ref_strength: uint8, out: see `format.kinds.Strength`; not yet right for what depends on the target or on
            other references.
        ref_detail: int64, out: see `format.kinds.RefKind`.
        result: int64[4], out: status, OK or CHANGED; offset of the record that differs; rows filled of svs and refs.
    """
    end: cython.Py_ssize_t = len(data)
    position: cython.Py_ssize_t = 0
    record: cython.Py_ssize_t = 0
    run: cython.Py_ssize_t
    runs: cython.Py_ssize_t = len(run_offset)
    svs: cython.Py_ssize_t = 0
    sv_room: cython.Py_ssize_t = len(kind)
    refs: cython.Py_ssize_t = 0
    ref_room: cython.Py_ssize_t = len(ref_address)
    added: cython.Py_ssize_t = 0
    to_add: cython.Py_ssize_t = len(added_row)
    # A module's names are Python objects to the compiled loop; these are numbers.
    ok: cython.int = OK
    changed: cython.int = CHANGED
    max_structs: cython.ulonglong = MAX_STRUCTS
    status: cython.int = ok
    left: cython.int
    needed: cython.Py_ssize_t = 0
    count: cython.longlong = -1
    type_: cython.int = 0
    common_header: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, type_sizes[0, 0])
    common: cython.Py_ssize_t = common_header + cython.cast(cython.Py_ssize_t, type_sizes[0, 1]) * ptr_size
    entry_pointers: cython.Py_ssize_t = 2 if minor >= 6 else 1
    null: cython.ulonglong = 0xFFFFFFFF if uint_size == 4 else 0xFFFFFFFFFFFFFFFF
    most: cython.ulonglong = 0x7FFFFFFFFFFFFFFF
    header: cython.Py_ssize_t = 0
    pointers: cython.Py_ssize_t = 0
    strings: cython.Py_ssize_t = 0
    type_header: cython.Py_ssize_t = 0
    field: cython.Py_ssize_t
    i: cython.longlong
    _: cython.longlong
    pointer: cython.ulonglong
    blessed: cython.ulonglong = 0
    text: cython.ulonglong
    part: cython.int
    ref: cython.int
    strength: cython.int
    flag: cython.int

    with cython.nogil:
        for run in range(runs):
            position = cython.cast(cython.Py_ssize_t, run_offset[run])
            left = run_svs[run]
            while left > 0:
                record = position
                if position < 0 or position >= end:
                    status = changed
                    break
                type_ = data[position]
                position += 1
                if type_ == _META_STRUCT:
                    if 3 * uint_size > end - position:
                        status = changed
                        break
                    count = cython.cast(cython.longlong, number(data, position + uint_size, uint_size, big) & most)
                    position += 2 * uint_size
                    # Its name, and then the fields: a STR and a byte each.
                    for i in range(-1, count):
                        if uint_size + 1 > end - position:
                            status = changed
                            break
                        text = number(data, position, uint_size, big)
                        position += uint_size
                        if text == null:
                            text = 0
                        if text >= cython.cast(cython.ulonglong, end - position):
                            status = changed
                            break
                        position += text
                        if i >= 0:
                            position += 1
                    if status != ok:
                        break
                    continue

                if type_ >= 0x80 and type_ != _UNKNOWN:
                    if type_ > _META_STRUCT:
                        status = changed
                        break
                    strings = cython.cast(cython.Py_ssize_t, extension_sizes[type_ - 0x80, 2])
                    needed = (
                        ptr_size
                        + cython.cast(cython.Py_ssize_t, extension_sizes[type_ - 0x80, 0])
                        + cython.cast(cython.Py_ssize_t, extension_sizes[type_ - 0x80, 1]) * ptr_size
                    )
                    if minor == 0:
                        strings, needed = 0, 2 * ptr_size + 1
                    if needed > end - position:
                        status = changed
                        break
                    position += needed
                else:
                    if type_ in (_UNKNOWN, _C_STRUCT):
                        header = pointers = strings = 0
                    else:
                        header = cython.cast(cython.Py_ssize_t, type_sizes[type_, 0])
                        pointers = cython.cast(cython.Py_ssize_t, type_sizes[type_, 1])
                        strings = cython.cast(cython.Py_ssize_t, type_sizes[type_, 2])
                    if svs >= sv_room or common + header + pointers * ptr_size > end - position:
                        status = changed
                        break
                    offset[svs] = record
                    refcount[svs] = cython.cast(cython.uint, number(data, position + ptr_size, 4, big))
                    size[svs] = number(data, position + ptr_size + 4, uint_size, big)
                    blessed = number(data, position + common_header, ptr_size, big)
                    length[svs] = 0
                    type_header = position + common
                    position = type_header + header
                    flag = 0
                    if type_ in (_SCALAR, _REF, _LVALUE):
                        if header >= 1:
                            flag = data[type_header]
                    elif type_ in (_ARRAY, _CODE) and header >= uint_size + 1:
                        flag = data[type_header + uint_size]
                    flags[svs] = flag
                    # The dumper writes an undef that has a body (a magical one, say) as a SCALAR without a value.
                    kind[svs] = _UNDEF if type_ == _SCALAR and (flag & _HAS_VALUE) == 0 else type_

                    for i in range(pointers if pointers < 16 else 16):
                        ref = pointer_kinds[type_, i]
                        if ref != 0:
                            pointer = number(data, position + i * ptr_size, ptr_size, big)
                            if pointer != 0:
                                if refs >= ref_room:
                                    status = changed
                                    break
                                ref_address[refs] = pointer
                                ref_kind[refs] = ref
                                ref_strength[refs] = strengths[ref]
                                if ref == _REF_REFERENT and flag & 1:
                                    ref_strength[refs] = _WEAK
                                ref_detail[refs] = 0
                                refs += 1
                    position += pointers * ptr_size

                for i in range(strings):
                    if uint_size > end - position:
                        status = changed
                        break
                    text = number(data, position, uint_size, big)
                    position += uint_size
                    if text != null:
                        if text > cython.cast(cython.ulonglong, end - position):
                            status = changed
                            break
                        position += text
                    if type_ == _SCALAR and i == 0:
                        length[svs] = -1 if text == null else cython.cast(cython.longlong, text)
                if status != ok:
                    break
                if type_ >= 0x80 and type_ != _UNKNOWN:
                    continue

                if type_ in (_ARRAY, _OBJECT):
                    pointer = number(data, type_header, uint_size, big) if header >= uint_size else 0
                    if pointer > cython.cast(cython.ulonglong, end - position) // ptr_size:
                        status = changed
                        break
                    count = pointer
                    length[svs] = count
                    ref = _REF_ELEMENT if type_ == _ARRAY else _REF_FIELD
                    strength = _WEAK if type_ == _ARRAY and flag & 1 else strengths[ref]
                    for i in range(count):
                        pointer = number(data, position, ptr_size, big)
                        position += ptr_size
                        if pointer != 0:
                            if refs >= ref_room:
                                status = changed
                                break
                            ref_address[refs] = pointer
                            ref_kind[refs] = ref
                            ref_strength[refs] = strength
                            ref_detail[refs] = i
                            refs += 1

                elif type_ in (_HASH, _STASH, _CLASS):
                    pointer = number(data, type_header, uint_size, big) if header >= uint_size else 0
                    if pointer > cython.cast(cython.ulonglong, end - position):
                        status = changed
                        break
                    count = pointer
                    length[svs] = count
                    strength = strengths[_REF_VALUE]
                    for _ in range(count):
                        needed = entry_pointers * ptr_size
                        if uint_size + needed > end - position:
                            status = changed
                            break
                        field = position
                        text = number(data, position, uint_size, big)
                        position += uint_size
                        if text == null:
                            text = 0
                        if text > cython.cast(cython.ulonglong, end - position - needed):
                            status = changed
                            break
                        position += text + needed
                        pointer = number(data, position - ptr_size, ptr_size, big)
                        if pointer != 0:
                            if refs >= ref_room:
                                status = changed
                                break
                            ref_address[refs] = pointer
                            ref_kind[refs] = _REF_VALUE
                            ref_strength[refs] = strength
                            ref_detail[refs] = field
                            refs += 1
                    if status == ok and type_ == _CLASS:
                        while True:
                            if position >= end:
                                status = changed
                                break
                            part = data[position]
                            position += 1
                            if part == 0:
                                break
                            if part != 1 or 2 * uint_size > end - position:
                                status = changed
                                break
                            text = number(data, position + uint_size, uint_size, big)
                            if text == null:
                                text = 0
                            position += 2 * uint_size
                            if text > cython.cast(cython.ulonglong, end - position):
                                status = changed
                                break
                            position += text

                elif type_ == _CODE:
                    while True:
                        if position >= end:
                            status = changed
                            break
                        part = data[position]
                        position += 1
                        if part == 0:
                            break
                        ref = 0
                        if part == 1:
                            needed, ref = ptr_size, _REF_CODE_CONSTANT
                        elif part == 3:
                            needed, ref = ptr_size, _REF_CODE_GLOBREF
                        elif part == 7:
                            needed, ref = ptr_size, _REF_CODE_PADNAMES
                        elif part == 8:
                            needed, ref = uint_size + ptr_size, _REF_CODE_PAD
                        elif part == 2 or part == 4:
                            needed = uint_size
                        elif part == 5 or part == 6 or part == 10:
                            needed = 2 * uint_size + ptr_size
                        elif part == 9:
                            needed = uint_size + 1
                        else:
                            status = changed
                            break
                        if needed > end - position:
                            status = changed
                            break
                        if ref != 0:
                            pointer = number(data, position + needed - ptr_size, ptr_size, big)
                            if pointer != 0:
                                if refs >= ref_room:
                                    status = changed
                                    break
                                ref_address[refs] = pointer
                                ref_kind[refs] = ref
                                ref_strength[refs] = strengths[ref]
                                ref_detail[refs] = 0
                                if ref == _REF_CODE_PAD:
                                    ref_detail[refs] = number(data, position, uint_size, big) & most
                                refs += 1
                        elif part == 5:
                            text = number(data, position + uint_size, uint_size, big)
                            if text != null:
                                if text > cython.cast(cython.ulonglong, end - position - needed):
                                    status = changed
                                    break
                                position += text
                        position += needed

                elif type_ == _C_STRUCT:
                    if blessed >= max_structs or struct_offset[blessed] < 0:
                        status = changed
                        break
                    count = struct_fields[blessed]
                    length[svs] = count
                    field = cython.cast(cython.Py_ssize_t, struct_offset[blessed])
                    blessed = 0
                    for i in range(count):
                        if uint_size + 1 > end - field:
                            status = changed
                            break
                        text = number(data, field, uint_size, big)
                        field += uint_size
                        if text != null:
                            if text >= cython.cast(cython.ulonglong, end - field):
                                status = changed
                                break
                            field += text
                        part = data[field]
                        field += 1
                        needed = uint_size
                        if part == 0:
                            needed = ptr_size
                        elif part == 1 or part == 2:
                            needed = 1
                        elif part == 3:
                            needed = 4
                        if needed > end - position:
                            status = changed
                            break
                        if part == 0:
                            pointer = number(data, position, ptr_size, big)
                            if pointer != 0:
                                if refs >= ref_room:
                                    status = changed
                                    break
                                ref_address[refs] = pointer
                                ref_kind[refs] = _REF_STRUCT_FIELD
                                ref_strength[refs] = strengths[_REF_STRUCT_FIELD]
                                ref_detail[refs] = i
                                refs += 1
                        position += needed
                if status != ok:
                    break

                while True:
                    # What is added to a CODE comes before its package, what is added to any SV behind it.
                    if blessed != 0 and not (
                        added < to_add and added_row[added] <= svs and added_kind[added] < _REF_MAGIC_OBJECT
                    ):
                        if refs >= ref_room:
                            status = changed
                            break
                        ref_address[refs] = blessed
                        ref_kind[refs] = _REF_BLESSED
                        ref_strength[refs] = strengths[_REF_BLESSED]
                        ref_detail[refs] = 0
                        refs += 1
                        blessed = 0
                    if added == to_add or added_row[added] > svs:
                        break
                    if refs >= ref_room:
                        status = changed
                        break
                    ref_address[refs] = added_address[added]
                    ref_kind[refs] = added_kind[added]
                    ref_strength[refs] = added_strength[added]
                    ref_detail[refs] = added_detail[added]
                    refs += 1
                    added += 1
                if status != ok:
                    break
                ref_end[svs] = cython.cast(cython.int, refs)
                svs += 1
                left -= 1
            if status != ok:
                break

    result[0] = status
    result[1] = record
    result[2] = svs
    result[3] = refs
