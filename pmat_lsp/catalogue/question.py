"""What a question is: its name, what it takes, how it is answered, and how the answer reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeAlias, TypeVar, cast

from pmat_lsp.analysis.needs import require_for
from pmat_lsp.analysis.tables import Answer
from pmat_lsp.catalogue.questions import HELP
from pmat_lsp.errors import PmatError
from pmat_lsp.heap.model import Heap
from pmat_lsp.heap.progress import Progress, no_progress
from pmat_lsp.render.tables import Rendering, answer_text
from pmat_lsp.session import Dump

Kind = TypeVar("Kind", bound=Answer)
Given: TypeAlias = "bool | int | str | tuple[str, ...] | None"
"""The value of a parameter; None where it was not given and has no default."""


class Takes(Enum):
    """What a parameter is."""

    FLAG = "flag"
    """True or False."""
    NUMBER = "number"
    """A whole number above 0."""
    INDEX = "index"
    """A whole number from 0 on."""
    CHOICE = "choice"
    """One of a few words."""
    TEXT = "text"
    SV = "sv"
    """What names an SV: `0x55d0c0ffee`, `defstash`, `$Foo::bar`, `lib/Foo.pm:12`."""
    WORDS = "words"
    """All words that follow; none or more."""
    TERMS = "terms"
    """All words that follow, with options of their own that the question reads itself."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that a question is told besides the dump."""

    name: str
    """The key in JSON, and, with `-` for `_`, the option on a command line: `no_elide`."""
    takes: Takes
    help: str
    """A few words, in lower case and without a stop."""
    positional: bool = False
    """Whether it is written without its name; all WORDS and TERMS are."""
    required: bool = False
    letter: str = ""
    """The short option, without `-`."""
    default: int | str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with all that it was told; `Question.asked` makes it."""

    dumps: tuple[Dump, ...]
    """One, or as many as the question is about."""
    given: Mapping[str, Given]
    """The value of every parameter of the question."""
    progress: Progress = no_progress
    """To be called now and then by what takes long; raises to end the work."""

    @property
    def dump(self) -> Dump:
        """The first dump."""
        return self.dumps[0]

    @property
    def heap(self) -> Heap:
        """The heap of the first dump."""
        return self.dumps[0].heap

    def flag(self, name: str) -> bool:
        """Whether a FLAG was given."""
        return self.given[name] is True

    def number(self, name: str) -> int:
        """A NUMBER or INDEX that has a default."""
        value = self.number_if_given(name)
        assert value is not None
        return value

    def number_if_given(self, name: str) -> int | None:
        """A NUMBER or INDEX; None where it was not given and has no default."""
        value = self.given[name]
        assert value is None or isinstance(value, int)
        return value

    def text(self, name: str) -> str | None:
        """A TEXT or CHOICE; None where it was not given."""
        value = self.given[name]
        assert value is None or isinstance(value, str)
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """WORDS or TERMS."""
        value = self.given[name]
        assert isinstance(value, tuple)
        return value

    def sv(self, name: str = "sv") -> int:
        """The id of the SV that a required SV parameter names.

        Raises:
            PmatError: there is no such SV.
        """
        return self.dump.find_sv(self.text(name) or "")

    def sv_if_given(self, name: str = "sv") -> int | None:
        """The id of the SV that an SV parameter names; None where it was not given.

        Raises:
            PmatError: there is no such SV.
        """
        return None if self.text(name) is None else self.sv(name)


@dataclass(frozen=True, slots=True)
class Question(Generic[Kind]):
    """A question that can be asked of a dump."""

    name: str
    """What one types: `identify`."""
    description: str
    """What it does, in sentences; lines of at most 120 characters."""
    parameters: tuple[Parameter, ...]
    """Positional ones in their order."""
    answer: Callable[[Asked], Kind]
    """May raise PmatError."""
    text: Rendering[Kind] = answer_text
    """How the answer reads on a terminal."""
    dumps: tuple[int, int | None] = (1, 1)
    """The least and the greatest number of dumps that it is about; None: any number."""

    @property
    def help(self) -> str:
        """What it does, in a few words, in lower case and without a stop."""
        return HELP[self.name]

    def asked(self, dumps: tuple[Dump, ...], given: Mapping[str, object], progress: Progress = no_progress) -> Asked:
        """The question with what it is told, after a look at whether that is possible.

        Args:
            dumps: what it is about.
            given: values by the names of parameters; from JSON perhaps, so anything may be in it.
            progress: called now and then while the answer is looked for.

        Raises:
            PmatError: there are too few or too many dumps, or a value is missing, unknown or of the wrong kind.
            NotEnoughMemory: the answer takes more than there is.
        """
        least, most = self.dumps
        if len(dumps) < least or (most is not None and len(dumps) > most):
            wanted = f"{least} heap dump{'' if most == 1 else 's'}" + (" or more" if most is None else "")
            raise PmatError(f"{self.name} is about {wanted}, not {len(dumps)}")
        names = {parameter.name for parameter in self.parameters}
        if unknown := sorted(given.keys() - names):
            known = ", ".join(sorted(names)) or "nothing"
            raise PmatError(f"{self.name} does not know {unknown[0]!r}", f"It can be told: {known}.")
        values = {p.name: self._value(p, given.get(p.name)) for p in self.parameters}
        require_for([dump.heap for dump in dumps], self.name, [name for name, value in values.items() if value is True])
        return Asked(dumps, values, progress)

    def _value(self, parameter: Parameter, value: object) -> Given:
        if value is None:
            if parameter.required:
                raise PmatError(f"{self.name} needs {parameter.name}: {parameter.help}")
            return _NOT_GIVEN.get(parameter.takes, parameter.default)
        check, wanted = _CHECKS[parameter.takes]
        if not check(value) or (parameter.choices and value not in parameter.choices):
            wanted = f"one of {', '.join(parameter.choices)}" if parameter.choices else wanted
            raise PmatError(f"{self.name}: {parameter.name} must be {wanted}, not {value!r}")

        return cast("Given", tuple(value) if isinstance(value, list) else value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_NOT_GIVEN: Mapping[Takes, Given] = {Takes.FLAG: False, Takes.WORDS: (), Takes.TERMS: ()}
_CHECKS: Mapping[Takes, tuple[Callable[[object], bool], str]] = {
    Takes.FLAG: (lambda value: isinstance(value, bool), "true or false"),
    Takes.NUMBER: (lambda value: type(value) is int and value > 0, "a whole number above 0"),
    Takes.INDEX: (lambda value: type(value) is int and value >= 0, "a whole number from 0 on"),
    Takes.CHOICE: (_is_text, "a word"),
    Takes.TEXT: (_is_text, "a text"),
    Takes.SV: (_is_text, "what names an SV"),
    **dict.fromkeys(
        (Takes.WORDS, Takes.TERMS),
        (lambda value: isinstance(value, list | tuple) and all(map(_is_text, value)), "a list of texts"),
    ),
}
