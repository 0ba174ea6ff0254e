"""A line of the shell as words, with the quotes of Perl's names left alone."""

from __future__ import annotations

import re

from pmat_lsp.errors import PmatError

_QUOTED = r""""[^"]*"|'[^']*'"""
_WORD = re.compile(rf"""(?P<before>[^\s"']*=)?(?P<quoted>(?:{_QUOTED})+)(?P<after>\S*)|(?P<plain>\S+)""")
_OPENED = re.compile(r"""(?:[^\s"']*=)?["']""")


def split_words(line: str) -> list[str]:
    """The words of a line.

    A quote opens at the start of a word, behind `=` and right behind another that was closed; elsewhere it is itself,
    as in `&Foo'bar`. So what a shell's quoting makes of a word is that word again.

    Raises:
        PmatError: a quote is opened and not closed.
    """
    return [_word(match) for match in _WORD.finditer(line)]


def _word(match: re.Match[str]) -> str:
    if _OPENED.match(match["after"] or match["plain"] or ""):
        raise PmatError(f"a quote is not closed: {match[0]}", "A quote inside a word needs no other: &Foo'bar.")
    if match["plain"]:
        return match["plain"]
    inner = "".join(quoted[1:-1] for quoted in re.findall(_QUOTED, match["quoted"]))
    return (match["before"] or "") + inner + match["after"]
