"""Which Perl modules are here. A test that misses one skips on a developer's machine and fails in CI."""

from __future__ import annotations

import os
import subprocess
from functools import cache

import pytest


@cache
def has_module(module: str) -> bool:
    """Whether perl can load a module; options behind `=`, as for `perl -M`."""
    try:
        return subprocess.run(["perl", f"-M{module}", "-e1"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def require_modules(*modules: str) -> None:
    """Skip the running test where a module is missing; in CI, where `.ci/run` installs them all, fail."""
    missing = [module for module in modules if not has_module(module)]
    if missing:
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell(f"not installed here: {', '.join(missing)}")
