"""The types of the protocol, each finished when it is first used.

lsprotocol declares more than 500 classes with attrs, which writes and compiles methods for each: that takes longer than
reading a small dump, and a session uses some 60 of them. While `put_off` holds, `attrs.define` leaves a class as it is,
with two attributes that finish it when somebody asks for them: its constructor, and its list of fields. Forward
references of its annotations are resolved then, too. A class that is finished is as attrs makes it, but for its
`__slots__`, without which it stays the same class.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

_define, _has, _resolve_types = attrs.define, attrs.has, attrs.resolve_types
_FINISHING = ("__init__", "__attrs_attrs__")
"""What somebody asks for who makes an object of a class, or looks at its fields."""
_lock = threading.RLock()
_unfinished: dict[type, list[Callable[[], object]]] = {}
"""By class: what is to be done when it is finished."""


class _Unfinished:
    """Stands for an attribute of a class; the class is finished when it is asked for."""

    def __init__(self, owner: type, name: str) -> None:
        self._owner = owner
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        _finish(self._owner)
        if self._owner.__dict__.get(self._name) is self:
            raise AttributeError(self._name)
        return getattr(owner if instance is None else instance, self._name)


def _finish(cls: type) -> None:
    # A second thread waits here until the first one is done.
    with _lock:
        for step in _unfinished.pop(cls, ()):
            step()


def unfinished() -> int:
    """How many classes nobody has used yet."""
    return len(_unfinished)


@contextmanager
def put_off() -> Iterator[None]:
    """Put off what attrs is asked to do with classes: for the import of lsprotocol, and its first converter."""
    instead = {"define": _define_later, "has": _has_now_or_later, "resolve_types": _resolve_types_later}
    usual = {name: getattr(attrs, name) for name in instead}
    vars(attrs).update(instead)
    try:
        yield
    finally:
        vars(attrs).update(usual)


def _define_later(cls: type | None = None, **options: Any) -> Any:
    if cls is None:
        return lambda cls: _define_later(cls, **options)
    # Slots would make another class of it. And what stands for the constructor would be taken for the class's own.
    _unfinished[cls] = [lambda: _define(cls, **{**options, "slots": False, "init": True})]
    for name in _FINISHING:
        setattr(cls, name, _Unfinished(cls, name))
    return cls


def _has_now_or_later(cls: type) -> bool:
    return cls in _unfinished or _has(cls)


def _resolve_types_later(cls: type, *arguments: Any, **options: Any) -> Any:
    steps = _unfinished.get(cls)
    if steps is None:
        return _resolve_types(cls, *arguments, **options)
    steps.append(lambda: _resolve_types(cls, *arguments, **options))
    return cls


with put_off():
    import lsprotocol.types as _types  # noqa: F401
