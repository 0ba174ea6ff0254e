"""One pass over the heap section of a dump: where every SV record lies, its fixed columns, and every pointer in it.

The format is a list of records, each a TYPE byte followed by

- an SV (types 1 to 0x7F, and 0xFF): the header, pointers and strings common to all types, those of its own type
  (lengths in the dump's own tables), then a body that depends on the type: elements, entries, pads, fields;
- an extension (0x80 up to 0xEF): the address of the SV that it is about, then header, pointers, strings;
- META_STRUCT (0xF0): the fields of a type of C structure.

Type 0 ends the list. Every length is checked against the end of the data before it is used, so a damaged file ends
the scan with a status and never reads outside the buffer; the number of rows is bounded by the size of the file.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from pmat_lsp.kernels import uncompiled as cython

# Statuses of a scan, in RESULT[0]; RESULT[1..4] tell more.
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
"""The scan has stopped between two records, because it came to where the caller told it to stop."""

# Types of records, as in format.kinds (a kernel imports nothing of ours). Declared, since the loop compares with them:
# a module's other names are Python objects to it.
_SCALAR = cython.declare(cython.int, 2)
_REF = cython.declare(cython.int, 3)
_ARRAY = cython.declare(cython.int, 4)
_HASH = cython.declare(cython.int, 5)
_STASH = cython.declare(cython.int, 6)
_CODE = cython.declare(cython.int, 7)
_LVALUE = cython.declare(cython.int, 9)
_OBJECT = cython.declare(cython.int, 16)
_CLASS = cython.declare(cython.int, 17)
_C_STRUCT = cython.declare(cython.int, 0x7F)
_META_STRUCT = cython.declare(cython.int, 0xF0)
_UNKNOWN = cython.declare(cython.int, 0xFF)

# Kinds of references, as in format.kinds.
_REF_ELEMENT = cython.declare(cython.int, 10)
_REF_VALUE = cython.declare(cython.int, 11)
_REF_CODE_CONSTANT = cython.declare(cython.int, 22)
_REF_CODE_GLOBREF = cython.declare(cython.int, 23)
_REF_CODE_PADNAMES = cython.declare(cython.int, 24)
_REF_CODE_PAD = cython.declare(cython.int, 25)
_REF_FIELD = cython.declare(cython.int, 37)
_REF_STRUCT_FIELD = cython.declare(cython.int, 39)

# Parts of a CODE's body that are rows of the table of parts, as in the file; and one of ours.
PART_CONSTANT_INDEX = 2
PART_GLOB_INDEX = 4
PART_PADNAME = 5
PART_PADNAME_FLAGS = 9
PART_PADNAME_FIELD = 10
PART_CLASS_FIELD = 64

MAX_STRUCTS = 65536


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
    with cython.nogil:
        while read < wanted and 0 <= offsets[read] <= last:
            at = cython.cast(cython.Py_ssize_t, offsets[read])
            if size >= 4:
                found[read] = number(data, at, size, big)
            elif size == 1:
                found[read] = data[at]
            else:
                found[read] = (data[at] << 8) | data[at + 1] if big else data[at] | (data[at + 1] << 8)
            read += 1
    return read


@cython.boundscheck(False)
@cython.wraparound(False)
@cython.cdivision(True)
def scan(
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
    address: cython.ulonglong[::1],
    kind: cython.uchar[::1],
    flags: cython.uchar[::1],
    refcount: cython.uint[::1],
    size: cython.ulonglong[::1],
    blessed: cython.ulonglong[::1],
    offset: cython.longlong[::1],
    body: cython.longlong[::1],
    length: cython.longlong[::1],
    ref_source: cython.int[::1],
    ref_target: cython.ulonglong[::1],
    ref_kind: cython.uchar[::1],
    ref_detail: cython.longlong[::1],
    part_source: cython.int[::1],
    part_type: cython.uchar[::1],
    part_index: cython.longlong[::1],
    part_value: cython.longlong[::1],
    extension_address: cython.ulonglong[::1],
    extension_type: cython.uchar[::1],
    extension_offset: cython.longlong[::1],
    struct_offset: cython.longlong[::1],
    struct_fields: cython.longlong[::1],
    result: cython.longlong[::1],
) -> None:
    """Scan the records from `start` on until the first that begins at or behind `stop`, and fill the arrays.

    A scan that ended with MORE goes on when it is called again with `start` where it ended, and the same arrays.

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
        address: uint64, one row an SV, in the order of the file, as are the next eight.
        kind: uint8, the TYPE byte.
        flags: uint8, the FLAGS of a SCALAR, REF, ARRAY or CODE, the TYPE of an LVALUE.
        refcount: uint32.
        size: uint64, bytes.
        blessed: uint64, address of the stash, 0 for none; of a C_STRUCT: the id of its type.
        offset: int64, where the record starts.
        body: int64, where its elements, entries, parts, fields, or the bytes of a SCALAR's string lie.
        length: int64, how many elements, entries or fields; of a SCALAR: bytes of string in the dump, -1 for none.
        ref_source: int32, one row a reference: the row of the SV that holds it; the next three likewise.
        ref_target: uint64, an address.
        ref_kind: uint8, see `format.kinds.RefKind`.
        ref_detail: int64, likewise.
        part_source: int32, one row a part of a CODE (or a field of a CLASS) that is no reference.
        part_type: uint8, PART_*.
        part_index: int64, index into the pad (or of the field).
        part_value: int64, flags, field index, or offset of the name.
        extension_address: uint64, one row an extension record: the SV that it is about.
        extension_type: uint8.
        extension_offset: int64, offset of its header.
        struct_offset: int64[MAX_STRUCTS], offset of the first field of each struct type, by id, -1 for none.
        struct_fields: int64[MAX_STRUCTS], number of fields.
        result: int64[12]: status; offset of the record; its type; a count or -1; bytes needed; offset where they are
            needed; then the rows filled of svs, refs, parts, extensions (in and out); the offset behind the last
            record.
    """
    end: cython.Py_ssize_t = len(data)
    position: cython.Py_ssize_t = start
    record: cython.Py_ssize_t = start
    svs: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, result[6])
    refs: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, result[7])
    parts: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, result[8])
    extensions: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, result[9])
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
    max_structs: cython.ulonglong = MAX_STRUCTS
    part_class_field: cython.int = PART_CLASS_FIELD
    status: cython.int = ok
    needed: cython.longlong = 0
    at: cython.Py_ssize_t = start
    count: cython.longlong = -1
    type_: cython.int = 0
    common_header: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, type_sizes[0, 0])
    common_pointers: cython.Py_ssize_t = cython.cast(cython.Py_ssize_t, type_sizes[0, 1])
    common: cython.Py_ssize_t = common_header + common_pointers * ptr_size
    entry_pointers: cython.Py_ssize_t = 2 if minor >= 6 else 1
    null: cython.ulonglong = 0xFFFFFFFF if uint_size == 4 else 0xFFFFFFFFFFFFFFFF
    most: cython.ulonglong = 0x7FFFFFFFFFFFFFFF
    multipliable: cython.longlong = 0x00FFFFFFFFFFFFFF
    header: cython.Py_ssize_t
    pointers: cython.Py_ssize_t
    strings: cython.Py_ssize_t
    pointer_start: cython.Py_ssize_t
    type_header: cython.Py_ssize_t = start
    field: cython.Py_ssize_t
    i: cython.longlong
    _: cython.longlong
    pointer: cython.ulonglong
    text: cython.ulonglong
    part: cython.int
    ref: cython.int

    with cython.nogil:
        while True:
            record = position
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
                text = number(data, position, uint_size, big)
                position += uint_size
                if text != null:
                    if text > cython.cast(cython.ulonglong, end - position):
                        needed, at, status = end - position + 1, position, truncated
                        break
                    position += text
                if pointer < max_structs:
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

            if type_ >= 0x80 and type_ != _UNKNOWN:
                if type_ > _META_STRUCT or type_ - 0x80 >= extension_count:
                    at, status = record, unknown_extension
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
                extensions += 1
                position += needed
            else:
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
                offset[svs] = record
                kind[svs] = type_
                address[svs] = number(data, position, ptr_size, big)
                refcount[svs] = number(data, position + ptr_size, 4, big)
                size[svs] = number(data, position + ptr_size + 4, uint_size, big)
                blessed[svs] = number(data, position + common_header, ptr_size, big)
                flags[svs] = 0
                length[svs] = 0
                type_header = position + common
                pointer_start = type_header + header
                position = pointer_start + pointers * ptr_size
                body[svs] = position

                if type_ in (_SCALAR, _REF, _LVALUE):
                    if header >= 1:
                        flags[svs] = data[type_header]
                elif type_ in (_ARRAY, _CODE) and header >= uint_size + 1:
                    flags[svs] = data[type_header + uint_size]

                for i in range(pointers if pointers < 16 else 16):
                    ref = cython.cast(cython.int, pointer_kinds[type_, i])
                    if ref != 0:
                        pointer = number(data, pointer_start + i * ptr_size, ptr_size, big)
                        if pointer != 0:
                            ref_source[refs] = svs
                            ref_target[refs] = pointer
                            ref_kind[refs] = ref
                            ref_detail[refs] = 0
                            refs += 1

            for i in range(strings):
                at, needed = position, uint_size
                if needed > end - position:
                    status = truncated
                    break
                text = number(data, position, uint_size, big)
                position += uint_size
                if type_ == _SCALAR and i == 0:
                    body[svs] = position
                    length[svs] = -1
                if text != null:
                    if text > cython.cast(cython.ulonglong, end - position):
                        needed = cython.cast(cython.longlong, text if text < most else most)
                        at, status = position, truncated
                        break
                    if type_ == _SCALAR and i == 0:
                        length[svs] = text
                    position += text
            if status != ok:
                break
            if type_ >= 0x80 and type_ != _UNKNOWN:
                continue

            if type_ in (_ARRAY, _OBJECT):
                body[svs] = position
                pointer = number(data, type_header, uint_size, big) if header >= uint_size else 0
                if pointer > cython.cast(cython.ulonglong, end - position) // ptr_size:
                    count = cython.cast(cython.longlong, pointer if pointer < most else most)
                    needed = count * ptr_size if count < multipliable else count
                    at, status = position, truncated
                    break
                count = pointer
                length[svs] = count
                ref = _REF_ELEMENT if type_ == _ARRAY else _REF_FIELD
                for i in range(count):
                    pointer = number(data, position, ptr_size, big)
                    position += ptr_size
                    if pointer != 0:
                        ref_source[refs] = svs
                        ref_target[refs] = pointer
                        ref_kind[refs] = ref
                        ref_detail[refs] = i
                        refs += 1

            elif type_ in (_HASH, _STASH, _CLASS):
                body[svs] = position
                pointer = number(data, type_header, uint_size, big) if header >= uint_size else 0
                if pointer > cython.cast(cython.ulonglong, end - position) // (uint_size + entry_pointers * ptr_size):
                    count = cython.cast(cython.longlong, pointer if pointer < most else most)
                    needed = count * (uint_size + entry_pointers * ptr_size) if count < multipliable else count
                    at, status = position, truncated
                    break
                count = pointer
                length[svs] = count
                for _ in range(count):
                    at, needed = position, uint_size + entry_pointers * ptr_size
                    if needed > end - position:
                        status = truncated
                        break
                    field = position
                    text = number(data, position, uint_size, big)
                    position += uint_size
                    if text == null:
                        text = 0
                    if text > cython.cast(cython.ulonglong, end - position - entry_pointers * ptr_size):
                        needed = cython.cast(cython.longlong, text if text < most else most)
                        at, status = position, truncated
                        break
                    position += text + entry_pointers * ptr_size
                    pointer = number(data, position - ptr_size, ptr_size, big)
                    if pointer != 0:
                        ref_source[refs] = svs
                        ref_target[refs] = pointer
                        ref_kind[refs] = _REF_VALUE
                        ref_detail[refs] = field
                        refs += 1
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
                        part_source[parts] = svs
                        part_type[parts] = part_class_field
                        part_index[parts] = number(data, position, uint_size, big) & most
                        part_value[parts] = position + uint_size
                        parts += 1
                        position += 2 * uint_size + text

            elif type_ == _CODE:
                body[svs] = position
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
                    elif part == 5 or part == 6:
                        needed = 2 * uint_size + ptr_size
                    elif part == 8:
                        needed = uint_size + ptr_size
                    elif part == 9:
                        needed = uint_size + 1
                    elif part == 10:
                        needed = 2 * uint_size + ptr_size
                    else:
                        at, needed, status = position - 1, part, unknown_code_part
                        break
                    at = position
                    if needed > end - position:
                        status = truncated
                        break
                    if part == 1 or part == 3 or part == 7 or part == 8:
                        pointer = number(data, position + needed - ptr_size, ptr_size, big)
                        if pointer != 0:
                            ref_source[refs] = svs
                            ref_target[refs] = pointer
                            ref_detail[refs] = 0
                            if part == 1:
                                ref_kind[refs] = _REF_CODE_CONSTANT
                            elif part == 3:
                                ref_kind[refs] = _REF_CODE_GLOBREF
                            elif part == 7:
                                ref_kind[refs] = _REF_CODE_PADNAMES
                            else:
                                ref_kind[refs] = _REF_CODE_PAD
                                ref_detail[refs] = number(data, position, uint_size, big) & most
                            refs += 1
                    elif part != 6:
                        part_source[parts] = svs
                        part_type[parts] = part
                        part_index[parts] = number(data, position, uint_size, big) & most
                        part_value[parts] = 0
                        if part == 5:
                            part_value[parts] = position + uint_size
                            text = number(data, position + uint_size, uint_size, big)
                            if text != null:
                                if text > cython.cast(cython.ulonglong, end - position - needed):
                                    needed = cython.cast(cython.longlong, text if text < most else most)
                                    status = truncated
                                    break
                                needed += text
                        elif part == 9:
                            part_value[parts] = data[position + uint_size]
                        elif part == 10:
                            part_value[parts] = number(data, position + uint_size, uint_size, big) & most
                        parts += 1
                    position += needed

            elif type_ == _C_STRUCT:
                pointer = cython.cast(cython.ulonglong, blessed[svs])
                if pointer >= max_structs or struct_offset[pointer] < 0:
                    at, status = record, unknown_struct
                    break
                count = cython.cast(cython.longlong, struct_fields[pointer])
                length[svs] = count
                field = cython.cast(cython.Py_ssize_t, struct_offset[pointer])
                for i in range(count):
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
                    if part == 0:
                        pointer = number(data, position, ptr_size, big)
                        if pointer != 0:
                            ref_source[refs] = svs
                            ref_target[refs] = pointer
                            ref_kind[refs] = _REF_STRUCT_FIELD
                            ref_detail[refs] = i
                            refs += 1
                    position += needed
            if status != ok:
                break
            svs += 1

    result[0] = status
    result[1] = record
    result[2] = type_
    result[3] = count
    result[4] = needed
    result[5] = at
    result[6] = svs
    result[7] = refs
    result[8] = parts
    result[9] = extensions
    result[10] = position
