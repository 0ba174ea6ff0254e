"""Runs every regular expression of the package on texts that are bad for it: `python -m tests.patterns [PATTERN...]`.

Whatever is in a dump, a source or a message is searched by them, and a search keeps all threads waiting, so each must
take linear time. The texts are made from the expressions themselves: what leads to a repetition, then what it repeats,
100,000 times, then something with which it cannot go on. Linear time for that is a millisecond, quadratic time some
seconds. The process is ended where one search takes more than `SECONDS` of the CPU; the last line that it has printed
says which.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pmat_lsp

if sys.version_info >= (3, 11):
    from re import _constants as codes  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
else:
    import sre_constants as codes
    import sre_parse as parser

SECONDS = 1
_LENGTH = 100_000
_BOUNDED = 1000
"""Repetitions that may be fewer than this are linear."""
_ENDS = ("", "\0", '"')
_CHARACTERS = "a0A \t\n_.:/\\'\"`()[]{}<>$@%#=,;-é"
_METHODS = ("match", "fullmatch", "search", "findall", "finditer", "split", "sub")
_REPEATS = {getattr(codes, name, None) for name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")}
Tree = Sequence[tuple[Any, Any]]


class Used(NamedTuple):
    """A regular expression, and how it is applied."""

    place: str
    pattern: re.Pattern[Any]
    methods: Sequence[str]


def used() -> Iterator[Used]:
    """Those of all modules, and those that are constants in calls of `re`."""
    for info in pkgutil.walk_packages(pmat_lsp.__path__, "pmat_lsp."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        path = Path(str(pmat_lsp.__file__)).parent.parent / info.name.replace(".", "/")
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        calls = list(_calls(ast.parse(path.read_text(encoding="utf-8"))))
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                here = {method for object_, method, _ in calls if object_ == name}
                yield Used(f"{info.name}.{name}", value, sorted(here) or _METHODS)
        for object_, method, first in calls:
            if object_ == "re" and isinstance(first, (str, bytes)):
                yield Used(f"{info.name} {first!r}", re.compile(first), [method])


def _calls(tree: ast.AST) -> Iterator[tuple[str, str, object]]:
    """(`x`, `search`, the first argument where it is a constant) of each `x.search(…)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            first = node.args[0] if node.args else None
            if isinstance(node.func.value, ast.Name):
                yield node.func.value.id, node.func.attr, first.value if isinstance(first, ast.Constant) else None


def texts(pattern: re.Pattern[Any]) -> Iterator[str]:
    """Texts that are bad for it."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = parser.parse(source, pattern.flags & ~(re.UNICODE | re.LOCALE)).data
    pumped = {*_pumped(tree, ""), ("", _shortest(tree))}
    for before, again in sorted(pumped):
        if again:
            for end in _ENDS:
                yield before + again * (_LENGTH // len(again)) + end


def _pumped(tree: Tree, before: str) -> Iterator[tuple[str, str]]:
    """(what leads to a repetition, what is repeated)."""
    for code, value in tree:
        inner = list(_inner(code, value))
        if code in _REPEATS and value[1] > _BOUNDED:
            yield from ((before, one) for one in _matching(value[2]))
            yield before, _shortest(value[2])
            # Each begins a repetition that goes on to the end.
            yield "", before + _shortest(value[2])
        for part in inner:
            yield from _pumped(part, before)
        before += _shortest([(code, value)])


def _shortest(tree: Tree) -> str:
    """A short text that it matches, with everything that is optional once."""
    found = ""
    for code, value in tree:
        inner = list(_inner(code, value))
        times = max(value[0], 1) if code in _REPEATS else 1
        found += _shortest(inner[0]) * times if inner else next(iter(_matching([(code, value)])), "")
    return found


def _inner(code: Any, value: Any) -> Iterable[Tree]:
    if code in _REPEATS:
        return [value[2]]
    if code is codes.SUBPATTERN:
        return [value[-1]]
    if code is codes.BRANCH:
        return list(value[1])
    return [value] if code is getattr(codes, "ATOMIC_GROUP", None) else []


def _matching(tree: Tree) -> list[str]:
    """The characters with which one that matches a single character is tried."""
    if len(tree) != 1 or tree[0][0] not in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
        return []
    if tree[0][0] is codes.LITERAL:
        return [chr(tree[0][1])]
    one = re.compile(_class(tree[0]))
    return [character for character in _CHARACTERS if one.fullmatch(character)]


def _class(node: tuple[Any, Any]) -> str:
    """The source of what matches a single character."""
    code, value = node
    if code is codes.ANY:
        return "."
    if code is codes.NOT_LITERAL:
        return f"[^{re.escape(chr(value))}]"
    return "[" + "".join(_member(*member) for member in value) + "]"


def _member(code: Any, value: Any) -> str:
    if code is codes.NEGATE:
        return "^"
    if code is codes.RANGE:
        return "-".join(re.escape(chr(end)) for end in value)
    return re.escape(chr(value)) if code is codes.LITERAL else _CATEGORIES[value]


_CATEGORIES = {
    getattr(codes, f"CATEGORY_{no}{name}"): (letter.upper() if no else letter)
    for name, letter in (("DIGIT", r"\d"), ("WORD", r"\w"), ("SPACE", r"\s"))
    for no in ("", "NOT_")
}


def main(patterns: Sequence[str]) -> None:
    """Try those patterns by searching for them, or all of the package as they are used there."""
    given = [Used(one, re.compile(one), ["search"]) for one in patterns] or list(used())
    for place, pattern, methods in given:
        for text in texts(pattern):
            searched = text if isinstance(pattern.pattern, str) else text.encode("latin-1")
            for method in methods:
                print(f"{place}: {method} in {len(text):,} characters {text[:40]!r} … {text[-20:]!r}", flush=True)
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                _apply(pattern, method, searched)
    print(f"{len(given)} patterns")


def _apply(pattern: re.Pattern[Any], method: str, text: Any) -> None:
    if method == "sub":
        pattern.sub(text[:0], text)
    elif method == "finditer":
        for _ in pattern.finditer(text):
            pass
    else:
        getattr(pattern, method)(text)


if __name__ == "__main__":
    main(sys.argv[1:])
