"""The sentences that say why a fix needs review, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from pmat_lsp.source.escapes import Escape, EscapeKind
from pmat_lsp.source.model import Range
from pmat_lsp.units import format_count

_LONGEST = 60
"""Characters of an expression that are quoted."""

_REVIEW = {
    EscapeKind.RETURNED: "{sub}{at} returns the callback, so a caller can use it after the object is gone",
    EscapeKind.STORED: "{name}{at} stores the callback outside of its object, so it can outlive that",
    EscapeKind.SEVERAL: "{name}{at} stores the callback in another object, which can use it after this one is gone",
    EscapeKind.OTHER_OBJECT: "the closure{at} is kept in another object than {name}, and can outlive that",
    EscapeKind.SUB_OF_VARIABLE: "the sub in {name}{at} is freed with that variable, and must not be called later",
    EscapeKind.OUTLIVES: "{name}{at} takes the callback and may live longer than the object",
    EscapeKind.CAPTURED: "a closure captures {name}{at}, which has the callback, so it can outlive the object",
    EscapeKind.PASSED: "{name}{at} gets the callback, and what it does with it is not known",
    EscapeKind.COMPUTED_KEY: "{name}{at} has no key that is written out as a word, so it may be the callback",
    EscapeKind.COPIED: "{name}{at} takes values of the object without naming them, so the callback may be among them",
    EscapeKind.ALIASED: "{name}{at} gives the callback or its object a second name, which was not followed",
    EscapeKind.SYMBOLIC: "{name}{at} uses a name that is only known at run time, so it may get at the callback",
    EscapeKind.STRING_EVAL: "{name}{at} evaluates a string as code, which may get at the callback or its object",
    EscapeKind.HIDDEN_CODE: "{name}{at} has code in a regular expression, which was not followed",
    EscapeKind.GENERATED: "the method {name}, called{at}, has no source here: it is generated or not written in Perl",
    EscapeKind.AUTOLOAD: "{name} has an AUTOLOAD, which may get at the callback for any method call",
    EscapeKind.OVERLOADED: "{name} overloads operators, so an expression may call its methods unseen",
    EscapeKind.TIED: "{name} has methods for tie, which perl calls unseen",
    EscapeKind.UNKNOWN_CODE: "{name}{at} gets the object, and what it does with it is not known",
    EscapeKind.UNKNOWN_CLASS: "the source of the class {name} is not here, and its methods may use the object",
    EscapeKind.ADDRESS: "{name}{at} may use an address, which something else can have once the object is freed",
    EscapeKind.WEAKENED: "{name}{at} makes a weak reference, by which the object may still be needed",
    EscapeKind.WEAKLY_HELD: "the dump has a weak reference to what leaked, so something may still need it",
    EscapeKind.DROPPED_AT_ONCE: "{name}{at} makes an object that nothing takes, so only the cycle keeps it alive",
    EscapeKind.DROPPED: "nothing uses {name}{at} once its callback is set, so only the cycle keeps its object alive",
    EscapeKind.VALUE_USED: "{name}{at} uses what the callback returns, which is something else once it is weakened",
    EscapeKind.DESTROYED: "{name}{at} would run earlier, and does more than to clear its own object",
    EscapeKind.UNPARSED: "the text{at} could not be parsed, so a use of the callback there may be missed",
    EscapeKind.NO_TEXT: "the source of {name} is not here, and may use the callback or its object",
    EscapeKind.NO_ORIGIN: "where the object comes from is not known: {name}{at}",
    EscapeKind.NOT_UNDERSTOOD: "{name}{at} uses the callback or its object in a way that is not understood",
}


class ObstacleKind(Enum):
    """Why a reference of a cycle cannot be taken away. What `Obstacle.names` has is in parentheses."""

    NO_SOURCE = auto()
    """The source of a closure is not here, or has changed since the dump (the closure's file)."""
    NOT_CERTAIN = auto()
    """It is not certain which sub of a file the closure was made by (the file)."""
    NOT_PLAIN = auto()
    """The variable is no plain `my` scalar of one meaning (the variable)."""
    NOT_WRITABLE = auto()
    """A weak copy would change the meaning of the text (the variable)."""
    ONLY_OWNER = auto()
    """In the dump, a live closure or object is the only one that holds what would be weakened (variable or key)."""
    NOT_THIS_SUB = auto()
    """The variable has a sub, but `__SUB__` would not be the same (the variable)."""
    NO_DIRECTION = auto()
    """Neither source nor heap shows which of the references leads back."""
    NO_STORE = auto()
    """No statement of the program's own files is known to store the reference (the subscripts)."""
    STORED_NEW = auto()
    """The object that is stored is made there, and would be freed at once (the key)."""
    REMAINS = auto()
    """A cycle remains whatever can be changed."""
    OLD_PERL = auto()
    """The perl of the program lacks what the fix needs."""
    OUTSIDE = auto()
    """The fix changes a file that lies outside of the user's folders; `Obstacle.path` is that file."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why there is no fix."""

    kind: ObstacleKind
    path: Path | None = None
    range: Range | None = None
    names: tuple[str, ...] = ()


_NONE = {
    ObstacleKind.NO_SOURCE: "the source of the closure, {name}, is not here",
    ObstacleKind.NOT_CERTAIN: "it is not certain which sub{at} the closure was made by",
    ObstacleKind.NOT_PLAIN: "{name}{at} is not a plain variable that one `my` declares",
    ObstacleKind.NOT_WRITABLE: "a weak copy of {name}{at} would change what the program does",
    ObstacleKind.ONLY_OWNER: "in this dump, nothing else holds what {name}{at} refers to: weakening it would free that",
    ObstacleKind.NOT_THIS_SUB: "{name}{at} is set or used in a place where __SUB__ would be another sub",
    ObstacleKind.NO_DIRECTION: "neither the source nor the dump shows which of the references leads back",
    ObstacleKind.OUTSIDE: (
        "it would change {path}, which lies outside of the source roots: add a source root, or allow this file with "
        "--allow-outside"
    ),
    ObstacleKind.NO_STORE: "no statement is known that stores {name}",
    ObstacleKind.STORED_NEW: "{name}{at} may be the only reference to the new object that it stores",
    ObstacleKind.REMAINS: "each change that can be made for you leaves a cycle",
    ObstacleKind.OLD_PERL: "the perl that ran the program is too old for the change that would help",
}


def review_reason(escape: Escape) -> str:
    """Why a fix needs review, as a sentence."""
    return _sentence(_REVIEW[escape.kind], escape.names, escape.path, escape.range)


def stored_reason(
    package: str | None, subscripts: str, live: int | None, to_itself: bool, others: int, is_value: bool
) -> str:
    """What is to be reviewed about a stored reference that is weakened.

    Args:
        package: the class of what holds it; None for plain data.
        subscripts: by which it is held, as Perl writes them.
        live: how many that are alive hold there what something else holds, too.
        to_itself: whether each object holds itself.
        others: how many other places may store it.
        is_value: whether the statement that stores it is the last of its sub.
    """
    held = f"what `{subscripts}`{f' of {package}' if package else ''} refers to"
    if to_itself:
        holder = package or "the structure"
        told = f"{holder} holds itself by `{subscripts}`: see that something else holds it until it is done"
    elif live:
        told = f"in this dump something else holds {held} ({format_count(live, 'object')}): see that this is always so"
    else:
        told = f"see that something else holds {held} as long as it is needed"
    if others:
        told += f"; {format_count(others, 'other place')} may store it, too"
    if is_value:
        told += "; and that no caller uses the value of the sub, which is another one then"
    return f"{told[0].upper()}{told[1:]}."


def no_fix_reason(obstacles: Sequence[Obstacle]) -> str:
    """Why there is no fix, as a sentence that begins in the middle: behind `no fix: `."""
    found = dict.fromkeys(
        _filled(_NONE[one.kind], one.names, one.path, one.range)
        for one in obstacles or [Obstacle(ObstacleKind.REMAINS)]
    )
    return "; ".join(found)


def _sentence(text: str, names: tuple[str, ...], path: Path | None, range_: Range | None) -> str:
    filled = _filled(text, names, path, range_)
    return f"{filled[0].upper()}{filled[1:]}."


def _filled(text: str, names: tuple[str, ...], path: Path | None, range_: Range | None) -> str:
    name = _short(names[0]) if names else ""
    at = f" at {path.name}:{range_.start.line}" if path is not None and range_ is not None else ""
    sub = f"`{name.rpartition('::')[2]}`" if name else "an anonymous sub"
    return text.format(name=f"`{name}`", at=at, sub=sub, path=path)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
