"""What a place of a text has imported, and the `use` line that imports what it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from pmat_lsp.source.edits import Edit, insert_before, insert_behind
from pmat_lsp.source.perl import PerlSource
from pmat_lsp.source.syntax import BLOCKS, ancestors, everything

_VERSION = re.compile(r"v?5\.(\d+)")
_CURRENT_SUB_SINCE = 16
_PACKAGES = ("package_statement", "class_statement", "role_statement")


def weaken_import(source: PerlSource, node: Node) -> list[Edit] | None:
    """The edits after which `weaken` can be called at `node`: [] where it can already, None where it means another."""
    region = list(_region(node))
    if any(sub.name is not None and sub.name.endswith("::weaken") for sub in source.lexicals.subs):
        return None
    for statement in region:
        if statement.type == "use_statement" and _module(source, statement) in ("Scalar::Util", "builtin"):
            if "weaken" in _words(source, statement):
                return []
        elif any(_is_call_of_weaken(source, inner) for inner in everything(statement)):
            return []
    return [_use(source, node, region, "use Scalar::Util 'weaken';")]


def current_sub_import(source: PerlSource, node: Node) -> list[Edit] | None:
    """The edits after which `__SUB__` can be used at `node`; None where that is not known."""
    enabled = False
    for outer in reversed(list(ancestors(node))):
        if outer.type not in BLOCKS:
            continue
        for statement in outer.named_children:
            if statement.start_byte >= node.start_byte:
                break
            if statement.type == "use_version_statement":
                enabled = _minor(source.string(statement)) >= _CURRENT_SUB_SINCE
            elif statement.type == "use_statement" and _module(source, statement) == "feature":
                if source.string(statement).startswith("no"):
                    return None
                enabled = enabled or any(map(_brings_current_sub, _words(source, statement)))
    return [] if enabled else [_use(source, node, list(_region(node)), "use feature 'current_sub';")]


def _brings_current_sub(word: str) -> bool:
    return word in ("current_sub", ":all") or (word.startswith(":") and _minor(word) >= _CURRENT_SUB_SINCE)


def _minor(text: str) -> int:
    """36 of `use v5.36;`, 14 of `use 5.014;`."""
    found = _VERSION.search(text)
    if found is None:
        return 0
    return int(found[1]) if found[0].startswith("v") or len(found[1]) < 3 else int(found[1][:3])


def _container(node: Node) -> Node:
    """The block, or the file, in which the package of `node` begins: `package X { … }`, `{ package X; … }`."""
    outer = node
    for outer in ancestors(node):
        if outer.type == "block" and outer.parent is not None and outer.parent.type in _PACKAGES:
            break
        if any(_begins_package(child) and child.start_byte < node.start_byte for child in outer.named_children):
            break
    return outer


def _begins_package(statement: Node) -> bool:
    """`package X;`, which goes on to the end of the block."""
    return statement.type in _PACKAGES and statement.children[-1].type != "block"


def _region(node: Node) -> Iterator[Node]:
    """The statements of the package that `node` is in, next to each other in its file or block; `package` is none."""
    found: list[Node] = []
    for statement in _container(node).named_children:
        if _begins_package(statement):
            if statement.start_byte > node.start_byte:
                break
            found = []
        found.append(statement)
    yield from found


def _use(source: PerlSource, node: Node, region: list[Node], statement: str) -> Edit:
    """Insert a `use`: behind the last one of the package before `node`, else at the package's beginning."""
    before = [one for one in region if one.end_byte <= node.start_byte and one.type.startswith("use_")]
    if before:
        return insert_behind(source, source.range(before[-1]).end, statement)
    if region and _begins_package(region[0]):
        return insert_behind(source, source.range(region[0]).end, statement)
    first = next(one for one in region if one.type != "comment")
    return insert_before(source, source.range(first).start, statement)


def _module(source: PerlSource, statement: Node) -> str:
    module = statement.child_by_field_name("module")
    return source.string(module) if module is not None else ""


def _words(source: PerlSource, statement: Node) -> list[str]:
    found: list[str] = []
    for inner in everything(statement):
        if inner.type in ("string_content", "autoquoted_bareword"):
            found += source.string(inner).split()
    return found


def _is_call_of_weaken(source: PerlSource, node: Node) -> bool:
    return node.type == "function" and source.string(node) == "weaken"
