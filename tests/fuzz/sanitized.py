"""Everything is asked of many dumps with kernels that AddressSanitizer and UndefinedBehaviorSanitizer watch.

`python -m tests.fuzz.sanitized` builds the kernels into build/sanitized, beside those that are in use, makes sure that
the sanitizers notice what they should, and runs `watched.py` for SANITIZE_SECONDS (default: 600). What is found ends
that process; its input is kept in tests/data/found.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.dumps import ROOT
from tests.fuzz.failures import FOUND

BUILT = ROOT / "build" / "sanitized"
_SANITIZERS = "-fsanitize=address,undefined"
# Not optimized: no wrong access is optimized away. Python asks for -fwrapv, with which no overflow is an error.
_FLAGS = f"{_SANITIZERS} -fno-sanitize-recover=undefined -fno-wrapv -fno-omit-frame-pointer -O0 -g1"
_BROKEN = """\
import cython

@cython.boundscheck(False)
def read_behind(data: cython.const[cython.uchar][::1]) -> cython.int:
    return data[len(data)]

def overflow(number: cython.int) -> cython.int:
    return number * number
"""
"""One more kernel, whose faults the sanitizers must notice."""
NOTICED = {
    "array": b"AddressSanitizer: heap-buffer-overflow",
    "bytes": b"AddressSanitizer: use-after-poison",
    "overflow": b"runtime error: signed integer overflow",
}
"""The faults that `watched.py` can commit, and how a sanitizer reports each."""


def build() -> None:
    """Compile the kernels with the sanitizers, in a copy of the package.

    Raises:
        subprocess.CalledProcessError: the package cannot be built.
    """
    with tempfile.TemporaryDirectory(prefix="pmat-sources-") as sources:
        # What was compiled before must not be taken again, and may be written just now.
        made = shutil.ignore_patterns("*.so", "*.c", "__pycache__")
        shutil.copytree(ROOT / "pmat_lsp", f"{sources}/pmat_lsp", ignore=made)
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, sources)
        Path(sources, "pmat_lsp", "kernels", "broken.py").write_text(_BROKEN, encoding="utf-8")
        shutil.rmtree(BUILT, ignore_errors=True)
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
        flags = {"CFLAGS": _FLAGS, "LDFLAGS": _SANITIZERS}
        subprocess.run([*command, "--target", str(BUILT), sources], env={**os.environ, **flags}, check=True)


def watch(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Run `watched.py` with the sanitizers loaded and the kernels that were built."""
    libraries = [
        subprocess.run(["cc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{BUILT}{os.pathsep}{ROOT}",
        "LD_PRELOAD": " ".join(libraries),
        # Python frees nothing at its end, and keeps small things in blocks that hide what is beside them.
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "PYTHONMALLOC": "malloc",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    command = [sys.executable, str(Path(__file__).with_name("watched.py")), *arguments]
    return subprocess.run(command, env=environment, capture_output=capture)


def main() -> int:
    """Build, check the sanitizers, and ask everything; returns the exit status."""
    build()
    for fault, report in NOTICED.items():
        broken = watch(fault, capture=True)
        if broken.returncode == 0 or report not in broken.stderr:
            print(f"sanitized: the sanitizers do not work here: they did not stop the fault {fault!r}", file=sys.stderr)
            return 1
    with tempfile.TemporaryDirectory(prefix="pmat-sanitized-") as name:
        status = watch(name, os.environ.get("SANITIZE_SECONDS", "600")).returncode
        if status in (-signal.SIGTERM, -signal.SIGKILL):
            print("sanitized: somebody ended it", file=sys.stderr)
        elif status and (last := Path(name, "fuzzed.pmat")).exists():
            print(f"sanitized: the input is kept: {shutil.copy(last, FOUND / 'sanitized.pmat')}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
