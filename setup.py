"""Compiles the kernels where Cython and a C compiler are; without them the same files run as plain Python."""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, setup

KERNELS = Path("pmat_lsp/kernels")
PLAIN = ("__init__", "uncompiled")
"""The modules in that folder which hold no loop."""


def kernels() -> list[Extension]:
    """One extension a kernel; none of them must build for the package to install."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    # Who says how to optimise is obeyed: these flags come behind the others.
    flags = [] if os.name == "nt" or "-O" in os.environ.get("CFLAGS", "") else ["-O3"]
    wanted = [
        Extension(f"pmat_lsp.kernels.{path.stem}", [path.as_posix()], extra_compile_args=flags)
        for path in sorted(KERNELS.glob("*.py"))
        if path.stem not in PLAIN
    ]
    extensions: list[Extension] = cythonize(wanted, build_dir="build/cython", language_level=3)
    for extension in extensions:
        # Set here: cythonize makes new Extensions, and does not take this over.
        extension.optional = True
    return extensions


setup(ext_modules=kernels())
