"""A line of the shell as words, with the quotes of Perl's names left alone."""

from __future__ import annotations

import re

from pmat_lsp.errors import PmatError

_WORD = re.compile(r"""\s*((?:(?<![^\s=])(?:"[^"]*"|'[^']*')|\S)+)""")
_QUOTED = re.compile(r"""(?<![^=])(["'])(.*?)\1""")


def split_words(line: str) -> list[str]:
    """The words of a line. A quote opens at the start of a word or behind `=`; elsewhere it is itself: `&Foo'bar`.

    Raises:
        PmatError: a quote is opened and not closed.
    """
    words = _WORD.findall(line)
    for word in words:
        if re.match(r"""(?:[^=\s]*=)?(["'])(?!.*\1)""", word):
            raise PmatError(f"a quote is not closed: {word}", "A quote inside a word needs no other: &Foo'bar.")
    return [_QUOTED.sub(lambda match: match[2], word) for word in words]
