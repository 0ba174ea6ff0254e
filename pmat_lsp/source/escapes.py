"""Why a fix is not known to be safe: what the analysis of the text met, and where, as data without words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from tree_sitter import Node

from pmat_lsp.source.model import Range
from pmat_lsp.source.perl import PerlSource


class EscapeKind(Enum):
    """How a callback or its object can be used after the last strong reference to the object is gone.

    What `Escape.names` has is in parentheses.
    """

    RETURNED = auto()
    """A sub returns the callback (the sub; "" for an anonymous one)."""
    STORED = auto()
    """The callback is stored outside of its object (what takes it)."""
    SEVERAL = auto()
    """It is stored in an object that is not the captured one."""
    OTHER_OBJECT = auto()
    """It is stored in an object, and the captured variable refers to another one (that variable)."""
    SUB_OF_VARIABLE = auto()
    """A sub is weakened that is held by its variable alone (the variable)."""
    OUTLIVES = auto()
    """A variable that takes the callback may live longer than the object (the variable)."""
    CAPTURED = auto()
    """Another closure captures the callback (the variable)."""
    PASSED = auto()
    """The callback is passed to code whose source is not known (the function)."""
    HIDDEN_CODE = auto()
    """A regular expression, or the replacement of `s///e`, has code that was not followed."""
    GENERATED = auto()
    """A method of the object has no source: it is generated or written in C (the method)."""
    COMPUTED_KEY = auto()
    """A key that is not written out may be that of the callback (the expression)."""
    COPIED = auto()
    """All fields of an object, or a slice of them, are taken (the expression)."""
    ALIASED = auto()
    """A reference, an alias or `local` makes another way to the callback or its object (the expression)."""
    SYMBOLIC = auto()
    """A sub or method is called by a name that is computed (the expression)."""
    STRING_EVAL = auto()
    """A string is evaluated as code."""
    AUTOLOAD = auto()
    """An AUTOLOAD takes calls of methods of the object (the class)."""
    OVERLOADED = auto()
    """The class of the object overloads operators, which call its methods unseen (the class)."""
    TIED = auto()
    """The class of the object has methods for `tie`, which perl calls unseen (the class)."""
    UNKNOWN_CODE = auto()
    """The object is passed to code whose source is not known (the function)."""
    UNKNOWN_CLASS = auto()
    """A class of the object has no source here (the class)."""
    ADDRESS = auto()
    """The address of the object is taken, and may be that of another object later (the expression)."""
    WEAKENED = auto()
    """A reference that may lead to the object, or to what it holds, is weakened (the expression)."""
    WEAKLY_HELD = auto()
    """The heap has a weak reference to what leaked."""
    DROPPED_AT_ONCE = auto()
    """An object is created, and nothing takes it (the expression)."""
    DROPPED = auto()
    """Nothing uses the variable of a new object once the callback is set (the variable)."""
    VALUE_USED = auto()
    """The value of the callback is used, and is another one once the captured container is gone (the expression)."""
    DESTROYED = auto()
    """A DESTROY does more than to clear its own object, and would run earlier (the method)."""
    UNPARSED = auto()
    """The parser does not understand the text."""
    NO_TEXT = auto()
    """The source of a file of the program is not here (the file, as recorded)."""
    NO_ORIGIN = auto()
    """Where the object comes from is not known (the expression)."""
    NOT_UNDERSTOOD = auto()
    """Any other use that the analysis does not know (the expression)."""


@dataclass(frozen=True, slots=True)
class Escape:
    """One reason why a fix needs review."""

    kind: EscapeKind
    path: Path | None = None
    range: Range | None = None
    """In the file at `path`; None where it is no place of a text."""
    names: tuple[str, ...] = ()


class Escaped(Exception):
    """The analysis met something that it does not understand, or that lets a callback outlive its object."""

    def __init__(self, escape: Escape) -> None:
        super().__init__(escape)
        self.escape = escape


def escaped(kind: EscapeKind, source: PerlSource, node: Node, *names: str) -> Escaped:
    """What to raise at a node; without `names`, they are the text of the node."""
    return Escaped(Escape(kind, source.path, source.range(node), names or (source.string(node),)))
