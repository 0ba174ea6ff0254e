"""Text out of a dump, made safe to show: it may hold control characters, markup, or marks that turn the text around."""

from __future__ import annotations

import re
import unicodedata

LONGEST_SHOWN = 200
"""Code points of one name or value out of a dump; the rest is left out."""
LONGEST_CARRIED = 4096
"""The same in JSON and CSV: as long as the path of a file can be. A dump may have names of megabytes."""
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Where they mean nothing they are left alone: some editors show the Markdown as it is written.
_MARKUP = re.compile(
    r"""
    (?= [\\`*\[\]<>|~@] )                     # code, emphasis, links, HTML, tables, addresses
    | (?<! [^\W_] ) (?= _ ) | (?= _ (?! [^\W_] ) )  # emphasis; inside a word it is none
    | (?= & [#A-Za-z] )                         # entities
    | (?= :// ) | (?<= www ) (?= \. )           # addresses again
    | ^ (?= [#+=-] )                            # headings, lists
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NUMBERED = re.compile(r"^(\d+)([.)])")
_BACKTICKS = re.compile(r"`+")
_MODELINE = re.compile(r"(^|\s)(vi|ex|[vV]im[<=>]?[0-9]{0,9}):", re.MULTILINE)
_FORMULA = re.compile(r"[=+-]|@\w{1,100}\(")
_SURROGATES = re.compile("[\ud800-\udfff]")


def visible(text: str, longest: int = LONGEST_SHOWN) -> str:
    """`text` on one line, without anything that acts instead of being shown: `\\n`, `\\x{202e}`.

    Of more than `longest` code points the rest is left out.
    """
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(_visible_character(character) for character in cut)


def portable(text: str) -> str:
    """`text` without lone surrogates, which UTF-8 cannot carry: a byte that is no UTF-8 becomes `\\xNN`."""
    return _SURROGATES.sub(lambda match: _without_surrogate(ord(match[0])), text)


def carried(text: str) -> str:
    """`text` as other programs get it: `portable`, and of more than `LONGEST_CARRIED` code points the rest left out."""
    return portable(text if len(text) <= LONGEST_CARRIED else text[: LONGEST_CARRIED - 1] + "…")


def without_links(text: str) -> str:
    """`text` for a notification: VS Code makes `[label](command:…)` there a link, which a file may be named like.

    The title and the messages of a progress are in one, too.
    """
    return text.replace("](", "] (")


def without_modelines(text: str) -> str:
    """Markdown for a file: Vim would obey ` vim: set …` in its first and last lines."""
    return _MODELINE.sub(r"\1\2\\:", text)


def without_formula(cell: str) -> str:
    """`cell` of a table in CSV: a spreadsheet computes what begins like a formula, so an apostrophe goes before it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def escape_markdown(text: str, longest: int = LONGEST_SHOWN) -> str:
    """`text` as Markdown that shows just these characters: no links, HTML, emphasis, lists or table cells."""
    shown = visible(text, longest)
    # Blanks before a list or heading do not hide it.
    start = len(shown) - len(shown.lstrip(" "))
    return shown[:start] + _NUMBERED.sub(r"\1\\\2", _MARKUP.sub(r"\\", shown[start:]))


def inline_code(text: str) -> str:
    """`text` as a Markdown code span that stays one whatever backticks it holds; pipes are safe in a table, too."""
    shown = visible(text)
    if not shown.strip(" "):
        return escape_markdown(repr(shown))
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(shown)), default=0) + 1)
    # A space at both ends is taken off again by the renderer; it keeps backticks and outer spaces apart from the fence.
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _visible_character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return f"\\x{{{ord(character):x}}}"
    return character


def _without_surrogate(code: int) -> str:
    # The first are how Python keeps a byte that it cannot decode.
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\x{{{code:x}}}"
