"""Everything is asked of many dumps with kernels that AddressSanitizer and UndefinedBehaviorSanitizer watch.

`python -m tests.fuzz.sanitized` builds them into build/sanitized, beside those that are in use, and starts itself again
with the sanitizers loaded. It reads the dumps of the repository, the inputs in tests/data/found, and the big corpus
where it is; then drawn dumps, until SANITIZE_SECONDS (default: 600) are over. What a sanitizer finds ends the process.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BUILT = ROOT / "build" / "sanitized"
_FLAGS = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
_WATCHED = "PMAT_SANITIZED"
"""Set in the process in which the sanitizers are loaded."""
_SLOWER = 10
"""How much longer than usual something may take."""
_BREAK = "--break"


def build() -> None:
    """Compile the kernels with the sanitizers, in a copy of the package.

    Raises:
        subprocess.CalledProcessError: the package cannot be built.
    """
    flags = {"CFLAGS": _FLAGS, "LDFLAGS": "-fsanitize=address,undefined"}
    with tempfile.TemporaryDirectory(prefix="pmat-sources-") as sources:
        # What was compiled before must not be taken again.
        shutil.copytree(ROOT / "pmat_lsp", f"{sources}/pmat_lsp", ignore=shutil.ignore_patterns("*.so", "*.c"))
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, sources)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
        shutil.rmtree(BUILT, ignore_errors=True)
        subprocess.run([*command, "--target", str(BUILT), sources], env={**os.environ, **flags}, check=True)


def start_again(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[bytes]:
    """This program in a process that the sanitizers watch."""
    libraries = [
        subprocess.run(["cc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    environment = {
        **os.environ,
        _WATCHED: "1",
        "LD_PRELOAD": " ".join(libraries),
        # Python frees nothing at its end, and keeps small things in blocks that hide what is beside them.
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "PYTHONMALLOC": "malloc",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    command = [sys.executable, "-m", "tests.fuzz.sanitized", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=capture)


def watch() -> int:
    """Ask everything; returns the exit status."""
    sys.path.insert(0, str(BUILT))
    from pmat_lsp.kernels import dominators, forest, graph, interning, linking, matching, scan

    for kernel in (dominators, forest, graph, interning, linking, matching, scan):
        assert Path(str(kernel.__file__)).is_relative_to(BUILT), f"{kernel.__name__} was not built with the sanitizers"
    if _BREAK in sys.argv:
        return _write_out_of_bounds()
    from hypothesis import given, seed

    from tests.dumps import corpus_dumps, own_dumps
    from tests.fuzz import checking
    from tests.fuzz.by_strategy import SETTINGS
    from tests.fuzz.failures import FOUND
    from tests.fuzz.heaps import dumps

    seconds, began = float(os.environ.get("SANITIZE_SECONDS", "600")), time.monotonic()
    checking.MOST_SECONDS *= _SLOWER
    paths = [*own_dumps(), *corpus_dumps()]
    # Where the time is short, some of every perl.
    random.Random(1).shuffle(paths)
    read = drawn = 0
    with tempfile.TemporaryDirectory(prefix="pmat-sanitized-") as name:
        folder = Path(name)

        @SETTINGS
        @given(raw=dumps())
        def draw(raw: bytes) -> None:
            nonlocal drawn
            if time.monotonic() - began < seconds:
                drawn += 1
                checking.check(raw, folder)

        for path in FOUND.glob("*.pmat"):
            checking.check(path.read_bytes(), folder)
        for path in paths:
            # Half of the time is for drawn ones.
            if time.monotonic() - began < seconds / 2:
                read += 1
                checking.run_kernels(path)
        number = 0
        while time.monotonic() - began < seconds:
            seed(number := number + 1)(draw)()
    print(f"{read} of {len(paths)} dumps and {drawn:,} drawn ones in {time.monotonic() - began:.0f} s: nothing found")
    return 0


def _write_out_of_bounds() -> int:
    """What a sanitizer must notice: a byte behind the end of an array."""
    import ctypes

    import numpy as np

    block = np.zeros(64, np.uint8)
    ctypes.memset(block.ctypes.data + len(block), 1, 1)
    return 0


def main() -> int:
    """Build and watch, or do what is watched."""
    if os.environ.get(_WATCHED):
        return watch()
    build()
    broken = start_again(_BREAK, capture=True)
    if broken.returncode == 0 or b"AddressSanitizer: heap-buffer-overflow" not in broken.stderr:
        print("sanitized: the sanitizers do not work here: they did not stop a write out of bounds", file=sys.stderr)
        return 1
    return start_again().returncode


if __name__ == "__main__":
    sys.exit(main())
