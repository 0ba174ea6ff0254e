"""Names for the numbers in a dump: kinds of SV, kinds and strengths of references, flags."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Kind(IntEnum):
    """The kind of an SV. Values below 32 and the last two are the file's TYPE bytes; the others are ours."""

    GLOB = 1
    SCALAR = 2
    REF = 3
    ARRAY = 4
    HASH = 5
    STASH = 6
    CODE = 7
    IO = 8
    LVALUE = 9
    REGEXP = 10
    FORMAT = 11
    INVLIST = 12
    UNDEF = 13
    YES = 14
    NO = 15
    OBJECT = 16
    CLASS = 17
    PADLIST = 32
    """An ARRAY that a CODE names as its padlist (perl before 5.18)."""
    PADNAMES = 33
    """An ARRAY that holds the names of a CODE's lexicals (perl before 5.22)."""
    PAD = 34
    """An ARRAY that holds the lexicals of a CODE at one depth of recursion."""
    IMMORTAL = 35
    """`PL_sv_undef`, `PL_sv_yes` or `PL_sv_no`, which live outside the heap."""
    C_STRUCT = 0x7F
    """A C structure that an XS module described; its fields are given by a META_STRUCT record."""
    UNKNOWN = 0xFF
    """A kind that the dumper, or this reader, does not know."""


KIND_NAMES: dict[int, str] = {
    **{int(kind): kind.name for kind in Kind},
    Kind.YES: "BOOL",
    Kind.NO: "BOOL",
    Kind.UNDEF: "UNDEF",
}
"""The name that Devel::MAT's `count` gives each kind (before 0.56 it counted UNDEF as SCALAR)."""


def kind_of(number: int) -> Kind:
    """The kind that a number in the column `kind` stands for; UNKNOWN for one that only newer dumpers write."""
    return Kind(number) if number in KIND_NAMES else Kind.UNKNOWN


def kind_name(number: int) -> str:
    """The name of the kind that a number stands for."""
    return KIND_NAMES[kind_of(number)]


STASH_KINDS = (Kind.STASH, Kind.CLASS)
HASH_KINDS = (Kind.HASH, Kind.STASH, Kind.CLASS)
ARRAY_KINDS = (Kind.ARRAY, Kind.PADLIST, Kind.PADNAMES, Kind.PAD)
BOOL_KINDS = (Kind.YES, Kind.NO)


class Strength(IntFlag):
    """What a reference does to its target, in Devel::MAT's words, and whether it owns a count."""

    STRONG = 1
    WEAK = 2
    INDIRECT = 4
    """Not stored in the SV itself but in one that it owns, told for convenience."""
    INFERRED = 8
    """Worked out by the reader."""
    COUNTED = 16
    """Owns one count of the target's SvREFCNT. Only these references keep an SV alive."""


class RefKind(IntEnum):
    """What a reference is, and so what its `detail` column means."""

    NONE = 0
    REFERENT = 1
    OUR_STASH = 2
    GLOB_SCALAR = 3
    GLOB_ARRAY = 4
    GLOB_HASH = 5
    GLOB_CODE = 6
    GLOB_EGV = 7
    GLOB_IO = 8
    GLOB_FORM = 9
    ELEMENT = 10
    """detail: 0-based index."""
    VALUE = 11
    """detail: byte offset in the dump of the key (a STR)."""
    BACKREFS = 12
    """The list of weak references to a hash, or the only one itself."""
    MRO_LINEAR_ALL = 13
    MRO_LINEAR_CURRENT = 14
    MRO_NEXT_METHOD = 15
    MRO_ISA = 16
    CODE_STASH = 17
    CODE_GLOB = 18
    CODE_OUTSIDE = 19
    """The enclosing CODE: "the scope"."""
    CODE_PADLIST = 20
    CODE_CONSTVAL = 21
    CODE_CONSTANT = 22
    """A constant of the CODE's ops."""
    CODE_GLOBREF = 23
    """A glob that the CODE's ops name."""
    CODE_PADNAMES = 24
    CODE_PAD = 25
    """detail: depth, 1 for the first."""
    CODE_PROTOSUB = 26
    """The prototype that a closure was cloned from."""
    PAD_ARGS = 27
    """`@_`, in slot 0 of a pad."""
    PAD_LEXICAL = 28
    """detail: index into the pad; the padname table has its name."""
    PAD_TEMPORARY = 29
    """detail: index into the pad."""
    PADNAMES_ELEMENT = 30
    PADLIST_NAMES = 31
    PADLIST_PAD = 32
    IO_TOP = 33
    IO_FORMAT = 34
    IO_BOTTOM = 35
    LVALUE_TARGET = 36
    FIELD = 37
    """A field of a feature-class object; detail: its index."""
    ADJUST_BLOCKS = 38
    STRUCT_FIELD = 39
    """detail: index of the field in its struct type."""
    MAGIC_OBJECT = 40
    """detail: the type character of the magic."""
    MAGIC_POINTER = 41
    """detail: the type character of the magic."""
    MAGIC2_AUXSV = 42
    MAGIC2_KEYSV = 43
    MAGIC2_USERSTRUCT = 44
    ANNOTATION = 45
    """A note by an XS module; detail: byte offset in the dump of its text (a STR)."""
    SAVED_SCALAR = 46
    """A value that `local` has put aside, of a glob's slot."""
    SAVED_ARRAY = 47
    SAVED_HASH = 48
    SAVED_CODE = 49
    SAVED_ELEMENT = 50
    """detail: 0-based index."""
    SAVED_KEY = 51
    SAVED_VALUE = 52
    """detail: SV id of the key."""
    BLESSED = 53
    """The package that the SV is blessed into."""


GP_SLOTS = (
    RefKind.GLOB_SCALAR,
    RefKind.GLOB_ARRAY,
    RefKind.GLOB_HASH,
    RefKind.GLOB_CODE,
    RefKind.GLOB_IO,
    RefKind.GLOB_FORM,
)
"""The slots of a glob that are in its GP, which globs can share."""


class ScalarFlag(IntFlag):
    """FLAGS of a SCALAR record."""

    IV = 0x01
    IS_UV = 0x02
    NV = 0x04
    PV = 0x08
    UTF8 = 0x10


class CodeFlag(IntFlag):
    """FLAGS of a CODE record."""

    CLONE = 0x01
    """A prototype from which closures are cloned."""
    CLONED = 0x02
    """A closure."""
    XSUB = 0x04
    WEAKOUTSIDE = 0x08
    CVGV_RC = 0x10
    """It owns a count of its glob."""
    LEXICAL = 0x20


class PadnameFlag(IntFlag):
    """FLAGS of a padname; FIELD is ours."""

    OUTER = 0x01
    """Captured from an enclosing scope."""
    STATE = 0x02
    LVALUE = 0x04
    TYPED = 0x08
    OUR = 0x10
    FIELD = 0x80


class Extension(IntEnum):
    """TYPE bytes of the records that say more about an SV."""

    MAGIC = 0x80
    SAVED_SV = 0x81
    SAVED_AV = 0x82
    SAVED_HV = 0x83
    SAVED_AELEM = 0x84
    SAVED_HELEM = 0x85
    SAVED_CV = 0x86
    NOTE = 0x87
    DEBUG = 0x88
    """Where the SV was allocated, by a perl built with DEBUG_LEAKING_SCALARS."""
    SHARED_HEK = 0x89
    MAGIC2 = 0x8A


class ContextKind(IntEnum):
    """TYPE bytes of the context records."""

    SUB = 1
    TRY = 2
    EVAL = 3


class StructFieldKind(IntEnum):
    """TYPE bytes of the fields of a C structure."""

    POINTER = 0
    BOOL = 1
    U8 = 2
    U32 = 3
    UINT = 4
