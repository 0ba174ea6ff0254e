"""What the package imports is what it declares to need."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.dumps import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
OWN = {*sys.stdlib_module_names, "compression", "pmat_lsp"}
"""Modules that nothing needs to be declared for; `compression` came with Python 3.14."""
OF_DEVELOPERS = "dev"
"""The extra with what the tests need, not the package."""


def names(requirements: Iterable[str]) -> set[str]:
    """The distributions of some requirements: `backports-zstd` of `backports.zstd>=1.0; python_version < '3.14'`."""
    return {_normal(re.split(r"[^\w.-]", requirement, maxsplit=1)[0]) for requirement in requirements}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(source: str, known: set[str]) -> Iterator[str]:
    """What a module imports from outside of the standard library: the distribution, or the module where none is known.

    A distribution is known by the name of its module or namespace package: `tree-sitter` has `tree_sitter`.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for module in modules:
            if module.partition(".")[0] not in OWN:
                parts = module.split(".")
                prefixes = [_normal(".".join(parts[:length])) for length in range(1, len(parts) + 1)]
                yield next((one for one in prefixes if one in known), module)


def test_every_distribution_that_is_imported_is_declared_and_none_in_vain() -> None:
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(one for name in extras if name != OF_DEVELOPERS for one in extras[name])]
    # The kernels import Cython where it compiles them, and do without it elsewhere.
    known = names(wanted) | {"cython"}
    assert {"cython"} <= names(PYPROJECT["build-system"]["requires"])
    imported = {
        distribution
        for path in sorted((ROOT / "pmat_lsp").rglob("*.py"))
        for distribution in distributions(path.read_text(encoding="utf-8"), known)
    }
    assert imported == known


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os.path, numpy.typing as npt", ["numpy"]),
        ("from lsprotocol import types", ["lsprotocol.types"]),
        ("def late():\n    from backports import zstd", ["backports-zstd"]),
        ("from backports import tarfile", ["backports.tarfile"]),
        ("from . import near\nfrom pmat_lsp.errors import PmatError", []),
    ],
)
def test_imports_are_found_wherever_they_stand(source: str, found: list[str]) -> None:
    assert list(distributions(source, {"numpy", "backports-zstd"})) == found


def test_the_oldest_python_that_is_declared_is_the_one_that_the_readme_names() -> None:
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert f"Python {oldest} or newer" in (ROOT / "README.md").read_text(encoding="utf-8")
    versions = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", one)]
    assert versions[0] == oldest
