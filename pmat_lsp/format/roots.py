"""The named roots of a dump: what each name stands for, and whether perl counts it as a reference."""

from __future__ import annotations

WEAK_ROOTS = frozenset(("envgv", "incgv", "tmpsv", "argvgv", "firstgv", "secondgv", "debstash", "hintgv"))
"""Roots that own no count of their SV; each of these is reachable through the symbol table too."""

PLAIN_POINTER_ROOTS = frozenset(("last_in_gv", "statgv"))
"""Roots that do not keep their SV alive: perl clears them when the glob is freed (see sv_clear in sv.c).

Devel::MAT calls them strong; but the handle that was read last can leak like any other.
"""

ROOT_DESCRIPTIONS: dict[str, str] = {
    "sv_undef": "the undef SV",
    "sv_yes": "the true SV",
    "sv_no": "the false SV",
    "main_cv": "the main code",
    "defstash": "the default stash",
    "mainstack": "the main stack AV",
    "beginav": "the BEGIN list",
    "checkav": "the CHECK list",
    "unitcheckav": "the UNITCHECK list",
    "initav": "the INIT list",
    "endav": "the END list",
    "strtab": "the shared string table HV",
    "envgv": "the ENV GV",
    "incgv": "the INC GV",
    "statgv": "the stat GV",
    "statname": "the statname SV",
    "tmpsv": "the temporary SV",
    "defgv": "the default GV",
    "argvgv": "the ARGV GV",
    "argvoutgv": "the argvout GV",
    "argvout_stack": "the argvout stack AV",
    "errgv": "the *@ GV",
    "fdpidav": "the FD-to-PID mapping AV",
    "preambleav": "the compiler preamble AV",
    "modglobalhv": "the module data globals HV",
    "regex_padav": "the REGEXP pad AV",
    "sortstash": "the sort stash",
    "firstgv": "the *a GV",
    "secondgv": "the *b GV",
    "debstash": "the debugger stash",
    "stashcache": "the stash cache",
    "isarev": "the reverse map of @ISA dependencies",
    "registered_mros": "the registered MROs HV",
    "rs": "the IRS",
    "last_in_gv": "the last input GV",
    "ofsgv": "the OFS GV",
    "defoutgv": "the default output GV",
    "hintgv": "the hints (%^H) GV",
    "patchlevel": "the patch level",
    "apiversion": "the API version",
    "e_script": "the '-e' script",
    "mess_sv": "the message SV",
    "ors_sv": "the ORS SV",
    "encoding": "the encoding",
    "blockhooks": "the block hooks",
    "custom_ops": "the custom ops HV",
    "custom_op_names": "the custom op names HV",
    "custom_op_descs": "the custom op descriptions HV",
}
"""The names that perl's interpreter gives its roots; one that is not here is its own description ("the NAME")."""

_UNICODE_ROOTS = frozenset(
    (
        "Latin1",
        "UpperLatin1",
        "AboveLatin1",
        "NonL1NonFinalFold",
        "HasMultiCharFold",
        "utf8_mark",
        "utf8_X_regular_begin",
        "utf8_X_extend",
        "utf8_toupper",
        "utf8_totitle",
        "utf8_tolower",
        "utf8_tofold",
        "utf8_charname_begin",
        "utf8_charname_continue",
        "utf8_idstart",
        "utf8_idcont",
        "utf8_xidstart",
        "utf8_perl_idstart",
        "utf8_perl_idcont",
        "utf8_xidcont",
        "utf8_foldclosures",
        "utf8_foldable",
    )
)


def describe_root(name: str) -> str:
    """`the BEGIN list` for `beginav`. Unknown names (an XS module adds roots of its own) stand for themselves."""
    if name in _UNICODE_ROOTS:
        return f"the {name}"
    return ROOT_DESCRIPTIONS.get(name, name.removeprefix("+").removeprefix("-"))
