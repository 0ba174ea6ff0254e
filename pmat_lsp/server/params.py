"""The parameters of our own requests: JSON that anybody may have sent, read with a look at every value."""

from __future__ import annotations

from collections.abc import Mapping

from pmat_lsp.errors import PmatError


class Params:
    """The parameters of one request; every method raises PmatError for a value of the wrong kind."""

    def __init__(self, method: str, given: object) -> None:
        self._method = method
        if not isinstance(given, Mapping | None):
            raise PmatError(f"{method}: the parameters must be an object, not {given!r}")
        self._given = given or {}

    def text_if_given(self, name: str) -> str | None:
        """A text; None where it was not given."""
        value = self._given.get(name)
        if not isinstance(value, str | None):
            raise self._wrong(name, "a text")
        return value

    def text(self, name: str) -> str:
        """A text that must be given."""
        value = self.text_if_given(name)
        if value is None:
            raise self._wrong(name, "a text")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false where it was not given."""
        value = self._given.get(name, False)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number; one above `most` is taken for that."""
        value = self._given.get(name, default)
        if type(value) is not int or value < least:
            raise self._wrong(name, f"a whole number from {least} on")
        return min(value, most)

    def texts_if_given(self, name: str) -> tuple[str, ...] | None:
        """A list of texts; None where it was not given."""
        value = self._given.get(name)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
            raise self._wrong(name, "a list of texts")
        return tuple(value)

    def values_if_given(self, name: str) -> Mapping[str, object] | None:
        """An object; None where it was not given."""
        value = self._given.get(name)
        if not isinstance(value, Mapping | None):
            raise self._wrong(name, "an object")
        return value

    def token(self) -> str | int | None:
        """The token with which the client wants to be told of progress."""
        value = self._given.get("workDoneToken")
        return value if isinstance(value, str) or type(value) is int else None

    def _wrong(self, name: str, wanted: str) -> PmatError:
        return PmatError(f"{self._method}: {name} must be {wanted}, not {self._given.get(name)!r}")
