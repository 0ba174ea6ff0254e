"""Whether a sub of a text is the CODE of a dump: by its name and by the names of its variables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pmat_lsp.source.perl import PerlSource, Sub

# Pads also hold what no text declares: a method's hidden slots `$(self)`, `@(fields)`, the subs that `builtin` exports.
_VARIABLE = re.compile(r"[$@%]\w")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a dump knows about a CODE, to be held against the subs of `source`."""

    source: PerlSource
    name: str | None
    """With its package; None for an anonymous sub."""
    captures: frozenset[str]
    """The lexicals that it captures; empty in old dumps, too."""
    padnames: frozenset[str]
    """All its lexicals, the captured ones among them; empty in old dumps."""
    name_is_known: bool
    """Whether the text has a sub of that name."""

    @classmethod
    def of(cls, source: PerlSource, name: str | None, captures: Sequence[str], padnames: Sequence[str]) -> Evidence:
        """The evidence as a dump has it."""
        anonymous = name is None or name.rpartition("::")[2] in ("__ANON__", "(unknown)")
        captured = frozenset(filter(_VARIABLE.match, captures))
        named = frozenset(filter(_VARIABLE.match, padnames)) | captured
        known = not anonymous and any(_same_name(sub.name, name) for sub in source.subs)
        return cls(source, None if anonymous else name, captured, named, known)

    def agrees(self, sub: Sub) -> bool:
        """Whether nothing that the dump knows speaks against `sub`.

        A name that the text does not have counts as given to an anonymous sub while the program ran; variables that
        the text does not have can come from an `eval` of a string.
        """
        if self.name is not None and (self.name_is_known or sub.name is not None) and not self.is_named_alike(sub):
            return False
        return sub.string_eval or self._has_all(sub)

    def is_named_alike(self, sub: Sub) -> bool:
        """Whether both are anonymous, or have the same name."""
        return _same_name(sub.name, self.name)

    def is_complete(self, sub: Sub) -> bool:
        """Whether the dump and the text have the same variables; without any from the dump, True."""
        if not self.padnames:
            return True
        captured = frozenset(filter(_VARIABLE.match, self.source.captures(sub)))
        if self.captures and not captured <= self.captures:
            return False
        own = frozenset(filter(_VARIABLE.match, sub.declares)) - _implicit(self.source, sub)
        return self._has_all(sub) and captured | own <= self.padnames

    def is_certain(self, sub: Sub) -> bool:
        """Whether this is enough to know `sub` without its line: its name and all its variables, as far as known."""
        if self.name is None and not self.padnames:
            return False
        return self.is_named_alike(sub) and self.is_complete(sub)

    def _has_all(self, sub: Sub) -> bool:
        """Whether the text has every variable of the dump: the captured from outside, the others from anywhere."""
        outside = self.source.captures(sub) | self.source.package_variables(sub)
        return self.captures <= outside and self.padnames <= outside | sub.declares.keys()


def _implicit(source: PerlSource, sub: Sub) -> frozenset[str]:
    """Names that the text declares without perl having them in this pad."""
    is_method = any(where == sub.keyword for where in sub.declares.get("$self", ()))
    return source.our_names(sub) | (frozenset({"$self"}) if is_method else frozenset())


def _same_name(one: str | None, other: str | None) -> bool:
    """Whether both name the same sub; a lexical sub may be recorded without its package."""
    if one is None or other is None:
        return one is other
    if "::" not in other:
        return one.rpartition("::")[2] == other
    return one == (("main" + other) if other.startswith("::") else other)
