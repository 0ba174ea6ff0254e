"""What a text has of the things by which values get out of objects: found in one walk, kept as long as the text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from tree_sitter import Node

from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import (
    CALLS,
    NAMED_CONTAINERS,
    SLICES,
    ancestors,
    container_of,
    everything,
    is_field,
    literal,
    literal_key,
)

_CODE_IN_REGEXP = re.compile(r"\(\?\??\{")
_USES_VARIABLE = re.compile(r"[$@%](?![0-9&])[\w{$]|->")
_WEAKENS = frozenset({"weaken", "fieldhash", "fieldhashes", "idhash", "idhashes"})
_WEAK_WORDS = frozenset({"weak_ref", "weak", "Tie::RefHash::Weak", "WeakRef::Auto"})
_STRICT = frozenset({"strict", "strictures", "Moose", "Moo", "Mouse", "Modern::Perl", "Mojo::Base", "common::sense"})


@dataclass
class Occurrences:
    """Nodes of one text, each list in the order of the text."""

    calls: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    """By the last part of the name: every `->name(…)`, `name(…)` and `&name`."""
    references: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    """By the last part of the name: `\\&name`, `goto &name`, `sort name @list`, `defined &name`."""
    elements: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    """By the key: hash elements with a key that is written out, of anything but a named hash."""
    computed: list[Node] = field(default_factory=list)
    """Hash elements with a computed key, of anything but a named hash."""
    hashes: list[Node] = field(default_factory=list)
    """`%$x`, `$x->%*`, and slices of a hash that is referred to."""
    symbolic: list[Node] = field(default_factory=list)
    """Calls by a computed name, `->can(…)`, and globs with a computed name or to which something is assigned."""
    code_calls: list[Node] = field(default_factory=list)
    """`$x->(…)` and `&$x(…)`."""
    string_evals: list[Node] = field(default_factory=list)
    hidden_code: list[Node] = field(default_factory=list)
    """Code in a regular expression, or in what replaces a match, that uses a variable."""
    topics: list[Node] = field(default_factory=list)
    """Every `$_` that a loop outside of its sub may set."""
    weakens: list[Node] = field(default_factory=list)
    """The names of functions, and the words, that make a reference weak."""
    package_variables: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    """By the sigil and the last part of the name."""
    words: dict[str, Node] = field(default_factory=dict)
    """Every word of a string or word list, with the first place."""
    error: Node | None = None
    """Where the parser did not understand the text."""
    strict: bool = False
    """Whether `use strict` holds everywhere: a string cannot be called as a sub."""
    lax: Node | None = None
    """`no strict`: from there on a string can name a variable."""


_KEPT: WeakKeyDictionary[PerlSource, Occurrences] = WeakKeyDictionary()


def occurrences(source: PerlSource) -> Occurrences:
    """Those of a text."""
    if source not in _KEPT:
        _KEPT[source] = _find(source)
    return _KEPT[source]


def _find(source: PerlSource) -> Occurrences:
    found = Occurrences()
    strict = False
    for node in everything(source.root):
        kind = node.type
        if node.is_error or node.is_missing:
            found.error = found.error or node
        elif kind == "method_call_expression":
            _method(source, node, found)
        elif kind == "function":
            _function(source, node, found)
        elif kind == "coderef_call_expression":
            called = node.children[0]
            is_name = called.type in ("string_literal", "interpolated_string_literal")
            (found.symbolic if is_name else found.code_calls).append(node)
        elif kind == "hash_element_expression" and not is_named_container(container_of(node)):
            key = literal_key(node)
            (found.computed if key is None else found.elements[key]).append(node)
        elif is_hash_reference(node):
            found.hashes.append(node)
        elif kind == "glob":
            _glob(node, found)
        elif kind == "eval_expression":
            if not any(child.type == "block" for child in node.named_children):
                found.string_evals.append(node)
        elif kind == "substitution_regexp_modifiers" and "e" in source.string(node):
            _replacement(source, node, found)
        elif kind == "regexp_content" and _CODE_IN_REGEXP.search(source.string(node)):
            found.hidden_code.append(node)
        elif kind in ("string_content", "bareword", "autoquoted_bareword", "attribute_name"):
            _words(source, node, found)
        elif kind == "use_statement":
            module = node.child_by_field_name("module")
            name = source.string(module) if module is not None else ""
            if name == "strict" and source.string(node).startswith("no"):
                found.lax = found.lax or node
            strict = strict or name in _STRICT
        elif kind == "use_version_statement":
            strict = True
    for use in source.lexicals.uses:
        if use.name == "$_" and _is_free(source, use.node):
            found.topics.append(use.node)
        if use.declaration is None or use.declaration.keyword == "our":
            found.package_variables[package_variable(use.name)].append(use.node)
    found.strict = strict and found.lax is None
    return found


def _replacement(source: PerlSource, modifiers: Node, found: Occurrences) -> None:
    whole = modifiers.parent
    if whole is None:
        return
    if source.string(modifiers).count("e") > 1:
        found.string_evals.append(whole)
    elif any(_USES_VARIABLE.search(source.string(part)) for part in whole.children if part.type == "replacement"):
        found.hidden_code.append(whole)


def _is_free(source: PerlSource, topic: Node) -> bool:
    """Whether nothing around a `$_` in its sub sets it."""
    inner = topic
    for outer in ancestors(topic):
        if source.lexicals.sub_with_body(outer) is not None:
            return True
        if outer.type in ("map_grep_expression", "postfix_for_expression") and not is_field(inner, "list"):
            return False
        named = outer.children_by_field_name("variable") + outer.children_by_field_name("variables")
        if outer.type == "for_statement" and is_field(inner, "block") and not named:
            return False
        inner = outer
    return False


def package_variable(name: str) -> str:
    """`%BY_ID` of `%Session::BY_ID`."""
    return name[:1] + name[1:].rpartition("::")[2]


def is_named_container(container: Node) -> bool:
    """`%h` in `$h{key}`, not `%$h` in `$$h{key}`."""
    if container.type not in NAMED_CONTAINERS:
        return False
    name = next((child for child in container.named_children if child.type in ("varname", "block")), None)
    return name is not None and name.type == "varname" and name.named_child_count == 0


def is_hash_reference(node: Node) -> bool:
    """`%$x`, `$x->%*`, `@{$x}{…}`, `%$x{…}`, `$x->@{…}`."""
    if node.type == "hash":
        return not any(child.type == "varname" and not child.named_child_count for child in node.named_children)
    if node.type == "hash_deref_expression":
        return True
    if node.type in SLICES:
        container = node.child_by_field_name("hash")
        return node.child_by_field_name("hashref") is not None or (
            container is not None and not is_named_container(container)
        )
    return False


def _method(source: PerlSource, node: Node, found: Occurrences) -> None:
    method = node.child_by_field_name("method")
    if method is None or method.named_child_count:
        found.symbolic.append(node)
        return
    name = source.string(method).rpartition("::")[2]
    found.calls[name].append(node)
    if name == "can":
        found.symbolic.append(node)


def _function(source: PerlSource, node: Node, found: Occurrences) -> None:
    name, above = static_name(source, node), node.parent
    is_call = above is not None and above.type in CALLS
    jumps = above is not None and above.parent is not None and above.parent.type == "goto_expression"
    if name is None:
        if is_call:
            deref = node.named_children[0].named_children[0] if node.named_children[0].named_children else node
            inner = next(_inside(deref), deref)
            is_name = inner.type in ("string_literal", "interpolated_string_literal")
            (found.symbolic if is_name or jumps else found.code_calls).append(above or node)
        return
    last = name.rpartition("::")[2]
    if last in _WEAKENS:
        found.weakens.append(node)
    if is_call and not jumps:
        found.calls[last].append(above or node)
    else:
        found.references[last].append(node)


def static_name(source: PerlSource, function: Node) -> str | None:
    """The name of a function that is written out, `foo` of `foo(…)` and of `&foo`; None for `&$foo`."""
    if not function.named_child_count:
        return source.string(function).lstrip("&")
    name = function.named_children[0]
    plain = function.named_child_count == 1 and name.type == "varname" and not name.named_child_count
    return source.string(name) if plain else None


def _inside(node: Node) -> Iterator[Node]:
    """What a block with a single expression is about."""
    while node.type in ("block", "expression_statement") and node.named_child_count == 1:
        node = node.named_children[0]
    yield node


def _glob(node: Node, found: Occurrences) -> None:
    computed = not any(child.type == "varname" and not child.named_child_count for child in node.named_children)
    above = node.parent
    local = above is not None and above.type == "localization_expression"
    target = above.parent if local and above is not None else above
    assigned = target is not None and target.type == "assignment_expression"
    if computed or assigned:
        found.symbolic.append(node)


def _words(source: PerlSource, node: Node, found: Occurrences) -> None:
    above = node.parent
    is_key = above is not None and above.type == "hash_element_expression"
    for word in source.string(node).split():
        if word in _WEAK_WORDS and not is_key:
            found.weakens.append(node)
        if node.type == "string_content":
            found.words.setdefault(word.rpartition("::")[2], node)
    if node.type == "bareword" and above is not None and not is_field(node, "name") and not is_field(node, "invocant"):
        found.references[source.string(node).rpartition("::")[2]].append(node)


def literal_words(source: PerlSource, nodes: list[Node]) -> set[str] | None:
    """The words of the keys of a slice; None where one is computed."""
    words: set[str] = set()
    for node in nodes:
        if node.type == "quoted_word_list":
            content = node.child_by_field_name("content")
            words.update(source.string(content).split() if content is not None else ())
        elif node.type in ("list_expression", "parenthesized_expression"):
            inner = literal_words(source, node.named_children)
            if inner is None:
                return None
            words |= inner
        else:
            text = literal(node)
            if text is None:
                return None
            words.add(text)
    return words
