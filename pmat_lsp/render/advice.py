"""The words of an advice, in which Perl stands between backticks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pmat_lsp.format.kinds import Kind, kind_of
from pmat_lsp.heap.naming import quoted
from pmat_lsp.render.escape import visible
from pmat_lsp.source.advice import Access, Advice, AdviceKind

_LONGEST = 500
_TICK = r"\x60"
"""A backtick in a string of Perl."""
_WORD = re.compile(r"[A-Za-z_]\w*|0|[1-9]\d*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an advice; safe to print."""

    text: str
    is_perl: bool
    """Whether it is Perl that can be typed in."""


def advice_pieces(advice: Advice) -> tuple[Piece, ...]:
    """The advice, cut where Perl begins and ends."""
    # The words hold no backtick of their own, and what comes from a dump has lost its own.
    parts = _WORDS[advice.kind](advice).split("`")
    return tuple(Piece(visible(part, _LONGEST), index % 2 == 1) for index, part in enumerate(parts) if part)


def advice_text(advice: Advice) -> str:
    """The same in one line, Perl between backticks."""
    return "".join(f"`{piece.text}`" if piece.is_perl else piece.text for piece in advice_pieces(advice))


def _weak_copy(advice: Advice) -> str:
    drop = _drop(advice, "the callback")
    if advice.is_held is False:
        return f"{drop} when it is no longer needed; nothing else holds every {_owner(advice)} that is alive"
    copy = f"capture a weak copy: `{_weakened_copy(advice)}` before the sub, {_strong_inside(advice)} in it"
    return f"if something else holds the {_owner(advice)}, {copy}; otherwise {drop} when it is no longer needed"


def _weak_copy_outside(advice: Advice) -> str:
    name = advice.variables[0]
    if advice.is_held is False:
        return _weak_copy(advice)
    return (
        f"make the weak copy outside of the outermost sub, `{_weakened_copy(advice)}`, if something else holds the "
        f"{_owner(advice)}: the enclosing sub holds `{name}` strongly while the inner closure keeps that sub alive"
    )


def _copy_before(advice: Advice) -> str:
    name = advice.variables[0]
    return (
        f"the closure captures `{name}`, which was assigned again later and now leads back to the closure: capture a "
        f"copy of the value before, `my $copy = {name};`, and use `$copy` in the sub"
    )


def _promise(advice: Advice) -> str:
    name, owner = advice.variables[0], advice.owner or "promise"
    drop = f"drop it when it is ready: `undef {name};`" if name[0] == "$" else "drop it when it is ready"
    if advice.is_held is False:
        return f"{drop}; nothing else holds every {_clean(owner)} that is alive"
    return (
        f"if something else holds the {_clean(owner)} until it is ready, capture a weak copy: "
        f"`{_weakened_copy(advice)}`; otherwise {drop}"
    )


def _wrapper(advice: Advice) -> str:
    named = [name for name in advice.variables[1:] if name[0] == "$"]
    own = f": `weaken( {named[0]} );`" if named else ""
    told = f"once the wrapper is registered, weaken its own variable{own}"
    if advice.is_held is False:
        return f"{told}; and take the wrapper away when it is no longer needed"
    copy = f"let the wrapper capture a weak copy of it: `{_weakened_copy(advice)}`"
    return f"{told}; and if something else holds the {_owner(advice)}, {copy}"


def _empty(advice: Advice) -> str:
    name = advice.variables[0]
    sigils = {Kind.ARRAY: "@", Kind.HASH: "%"}
    target = name if name[0] in "@%" else f"{sigils.get(kind_of(advice.container), '@')}{name}"
    is_plain = advice.container in sigils or name[0] in "@%"
    empty = f"empty the container, `{target} = ();`," if is_plain else "empty the container"
    drop = "" if _leaves(advice, name) or not advice.accesses else f" or {_drop(advice, 'the callback')}"
    told = f"{empty}{drop} when it is no longer needed"
    if advice.is_held is False:
        return told
    return (
        f"{told}; or, if something else holds the container, capture a weak reference to it: `{_weakened_copy(advice)}`"
    )


def _leaves(advice: Advice, name: str) -> bool:
    """Whether the closure is held by the very container that it captures."""
    return any(access.variable == name for access in advice.accesses)


def _current_sub(advice: Advice) -> str:
    name = advice.variables[0]
    return (
        f"call the running sub as `__SUB__` instead of `{name}` (`use feature 'current_sub';`, since perl 5.16), use a "
        f"named sub, or `undef {name};` when it is done"
    )


def _undef(advice: Advice) -> str:
    if not advice.variables:
        return "undefine one of the references when the structure is no longer used"
    undef = " or ".join(f"`undef {name};`" for name in advice.variables[:3])
    one = "one of the variables" if len(advice.variables) > 1 else "the variable"
    return f"undefine {one} when the sub is no longer called, {undef}, or use a named sub"


def _move_sub(advice: Advice) -> str:
    return (
        "move the inner sub out of the enclosing one or give it a name; a string eval, and perl 5.40 always, keeps the "
        "enclosing sub alive with all that it captures"
    )


def _untie(advice: Advice) -> str:
    untie = f": `untie {advice.variables[0]};`" if advice.variables else ""
    told = f"untie the variable before it goes out of scope{untie}"
    if not advice.accesses:
        return told
    weak = f"`weaken( {_access(advice.accesses[0])} );`"
    return f"{told}; or, if something else holds the variable, weaken the reference to it in the tied object: {weak}"


def _local_isa(advice: Advice) -> str:
    return "perl itself leaks by `local @ISA;`: assign to the array without it"


def _remove_magic(advice: Advice) -> str:
    return "remove what attached the magic before the variable goes out of scope"


def _delete(advice: Advice) -> str:
    drop = f"{_drop(advice, 'the reference')} when the structure is no longer used"
    if advice.is_held is False:
        return drop
    weaken = f"weaken it: `weaken( {_access(advice.accesses[0])} );`"
    return f"{drop}; or, if something else holds the {_owner(advice)}, {weaken}"


def _weaken(advice: Advice) -> str:
    access, owner = _access(advice.accesses[0]), _owner(advice)
    if advice.is_held is False:
        drop = _drop(advice, "the reference")
        return f"{drop} when it is no longer used; nothing else holds every {owner} that is alive"
    held = f"the {owner}" if advice.owner else "what it leads to"
    return f"weaken the reference that leads back, `weaken( {access} );`; something else must hold {held}"


def _choose(advice: Advice) -> str:
    told = [
        f"`weaken( {_access(access)} );`" + (f" of the {_clean(access.holder)}" if access.holder else "")
        for access in advice.accesses
    ]
    told = list(dict.fromkeys(told))
    if len(told) == 1:
        return f"weaken one of the references, that which leads back to the owner of the other: {told[0]}"
    return f"weaken the reference that leads back to the owner of the other; one must be chosen: {' or '.join(told)}"


_WORDS: dict[AdviceKind, Callable[[Advice], str]] = {
    AdviceKind.WEAK_COPY: _weak_copy,
    AdviceKind.WEAK_COPY_OUTSIDE: _weak_copy_outside,
    AdviceKind.COPY_BEFORE: _copy_before,
    AdviceKind.PROMISE: _promise,
    AdviceKind.WRAPPER: _wrapper,
    AdviceKind.EMPTY: _empty,
    AdviceKind.CURRENT_SUB: _current_sub,
    AdviceKind.UNDEF: _undef,
    AdviceKind.MOVE_SUB: _move_sub,
    AdviceKind.UNTIE: _untie,
    AdviceKind.LOCAL_ISA: _local_isa,
    AdviceKind.REMOVE_MAGIC: _remove_magic,
    AdviceKind.DELETE: _delete,
    AdviceKind.WEAKEN: _weaken,
    AdviceKind.CHOOSE: _choose,
}


def _weakened_copy(advice: Advice) -> str:
    """An array or a hash cannot be weak, but a reference to it can."""
    name = advice.variables[0]
    return f"weaken( my $weak = {name if name[0] == '$' else chr(92) + name} );"


def _strong_inside(advice: Advice) -> str:
    name = advice.variables[0]
    return f"`my {name} = $weak or return;`" if name[0] == "$" else "`my $strong = $weak or return;`"


def _drop(advice: Advice, what: str) -> str:
    if not advice.accesses:
        return f"drop {what}"
    access = advice.accesses[0]
    text, kind = _access(access), access.subscripts[-1][0]
    if kind == "key":
        return f"delete {what}, `delete {text};`,"
    if len(access.subscripts) > 1 and kind == "index":
        container = _access(Access(access.variable, access.subscripts[:-1], access.holder))
        return f"take {what} out of `{container}`"
    return f"undefine {what}, `undef {text};`,"


def _access(access: Access) -> str:
    """`$child->{kids}[0]`, `$state{handle}`; a field is a variable of its own."""
    subscripts = [_field(name) if kind == "field" else _subscript(kind, name) for kind, name in access.subscripts]
    if access.subscripts[0][0] == "field":
        return subscripts[0] + "".join(f"->{one}" if index == 0 else one for index, one in enumerate(subscripts[1:]))
    if access.variable[0] == "$":
        return f"{access.variable}->{''.join(subscripts)}"
    return f"${access.variable[1:]}{''.join(subscripts)}"


def _subscript(kind: str, name: str) -> str:
    if kind == "index":
        return f"[{name}]"
    return f"{{{name if _WORD.fullmatch(name) else quoted(name).replace('`', _TICK)}}}"


def _field(name: str) -> str:
    return name if re.fullmatch(r"[$@%]\w+", name) else "$field"


def _owner(advice: Advice) -> str:
    return _clean(advice.owner) if advice.owner else "structure"


def _clean(name: str) -> str:
    return name.replace("`", "'")
