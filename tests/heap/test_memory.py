"""Where memory is short, that is told with the limit that was hit: no traceback, and nothing that the kernel ends."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pmat_lsp.errors import DumpError
from pmat_lsp.heap import building, cgroups, memory
from pmat_lsp.heap.cache import Cache
from pmat_lsp.heap.cgroups import Group
from pmat_lsp.heap.memory import NotEnoughMemory, for_reading, require, shortage
from pmat_lsp.heap.opening import open_heap
from tests.benchmarks.in_cgroup import Ended, Unable, group_of, run_in
from tests.dump_writer import DumpWriter
from tests.dumps import ROOT
from tests.heap.test_cgroups import MIB, recorded, v2

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
SVS = 150_000
_LEAST_OF_PYTHON = 60 * MIB
"""More than the interpreter has with numpy and our modules, and less than it has with anything large."""


@pytest.fixture
def group() -> Iterator[Path]:
    try:
        with group_of(_LEAST_OF_PYTHON + 20 * MIB) as folder:
            yield folder
    except Unable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of many scalars; its columns do not fit into 20 MiB."""
    writer = DumpWriter()
    writer.array(0x1000, [0x10000 + 0x18 * number for number in range(SVS)])
    for number in range(SVS):
        writer.scalar(0x10000 + 0x18 * number)
    writer.root("main_cv", 0x1000)
    path = tmp_path_factory.mktemp("dumps") / "large.pmat"
    path.write_bytes(writer.to_bytes())
    return path


def ran(code: str, cache: Path, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """A Python program of its own, after commands of a shell."""
    return subprocess.run(
        ["/bin/sh", "-c", f'{before} exec "$@"', "-", sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PMAT_LSP_CACHE": str(cache)},
        check=False,
    )


def commanded(group: Path, cache: Path, *words: str) -> Ended:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PMAT_LSP_CACHE": str(cache)}
    return run_in(group, [sys.executable, "-m", "pmat_lsp", *words], environment)


def test_a_setting_is_the_limit_and_says_how_to_allow_more(tmp_path: Path) -> None:
    limit = for_reading(100 * MIB, tmp_path)
    assert limit.size == 100 * MIB
    assert str(limit) == "the 100.0 MiB that are allowed"
    assert "--memory-limit" in limit.hint
    assert "pmat.memoryLimit" in limit.hint


def test_without_a_setting_it_is_half_of_the_machine(tmp_path: Path) -> None:
    for none in (None, 0):
        limit = for_reading(none, tmp_path)
        assert limit.size == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
        assert "half of what this machine has" in str(limit)


@on_linux
def test_a_control_group_holds_where_it_is_tighter_than_the_setting(tmp_path: Path) -> None:
    system = recorded(tmp_path, {**v2("/", {"": str(160 * MIB)}), "sys/fs/cgroup/memory.stat": f"anon {50 * MIB}\n"})
    for setting in (None, 1 << 40):
        limit = for_reading(setting, system)
        # A sixteenth of 160 MiB is the kernel's; what this process has is in the 50 MiB.
        assert abs(limit.size - 100 * MIB - memory.anonymous()) < 8 * MIB
        assert "are left of the 160.0 MiB that /sys/fs/cgroup/memory.max allows" in str(limit)
        assert "container" in limit.hint
    assert for_reading(30 * MIB, system).size == 30 * MIB


@on_linux
def test_what_needs_more_than_a_group_leaves_is_refused_and_the_group_named(tmp_path: Path) -> None:
    system = recorded(tmp_path, {**v2("/", {"": str(160 * MIB)}), "sys/fs/cgroup/memory.stat": f"anon {50 * MIB}\n"})
    require("finding it", 99 * MIB, system)
    with pytest.raises(NotEnoughMemory) as caught:
        require("finding it", 101 * MIB, system)
    assert caught.value.message == (
        "finding it takes about 101.0 MiB of memory, more than the 100.0 MiB that are left of the 160.0 MiB that "
        "/sys/fs/cgroup/memory.max allows"
    )


@on_linux
def test_what_needs_more_than_the_machine_has_free_is_refused(tmp_path: Path) -> None:
    free = f"MemTotal: 2048000 kB\nMemAvailable: {100 << 10} kB\nSwapFree: {50 << 10} kB\n"
    system = recorded(tmp_path, {"proc/meminfo": free})
    require("finding it", 149 * MIB, system)
    with pytest.raises(NotEnoughMemory, match=r"more than the 150\.0 MiB that are free on this machine"):
        require("finding it", 151 * MIB, system)


def test_where_nothing_is_known_nothing_is_refused(tmp_path: Path) -> None:
    require("finding it", 1 << 50, tmp_path) if sys.platform != "linux" else require("finding it", MIB, tmp_path)


@on_linux
def test_memory_without_a_file_is_counted_and_mapped_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 64 * MIB)
    code = """\
import mmap, sys
from pmat_lsp.heap.memory import anonymous
before = anonymous()
with open(sys.argv[1], "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
read = sum(mapped[at] for at in range(0, len(mapped), 4096))
between = anonymous()
made = b"x" * (32 << 20)
print(between - before, anonymous() - between)
"""
    done = ran(code, tmp_path, str(tmp_path / "large"))
    of_file, of_bytes = map(int, done.stdout.split())
    assert of_file < 8 * MIB
    assert 28 * MIB < of_bytes < 40 * MIB


@on_linux
def test_what_is_held_fails_with_an_error_and_programs_that_it_starts_are_not_held(tmp_path: Path) -> None:
    code = """\
import subprocess, sys
from pathlib import Path
from pmat_lsp.heap import memory
from pmat_lsp.heap.opening import never
from pmat_lsp.running.command import run_command
memory.hold(memory.Limit(memory.anonymous() + (50 << 20), "are allowed", "Allow more."))
ok = bytearray(30 << 20)
try:
    bytearray(300 << 20)
except MemoryError as error:
    print(memory.shortage("it", error).message)
out = Path(sys.argv[1]) / "out"
run_command(["/bin/sh", "-c", "sleep 0.3; ulimit -d"], Path("/"), {}, out, Path("/dev/null"), 10, never)
print(out.read_text().strip())
"""
    done = ran(code, tmp_path, str(tmp_path))
    told, of_program = done.stdout.splitlines()
    assert told.startswith("it takes more memory than the ")
    assert told.endswith(" MiB that are allowed")
    assert of_program == "unlimited"


@on_linux
@pytest.mark.parametrize("kib", [200_000, 260_000, 330_000, 400_000])
def test_a_limit_on_the_address_space_is_named_wherever_it_strikes(tmp_path: Path, dump: Path, kib: int) -> None:
    code = "import sys; from pmat_lsp.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = ran(code, tmp_path, "leaks", str(dump), before=f"ulimit -v {kib};")
    assert "Traceback" not in done.stderr
    if done.returncode != 0:
        assert f"{kib / 1024:.1f} MiB that `ulimit -v` allows" in done.stderr


@pytest.mark.parametrize(
    ("error", "is_short"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("can't start new thread"), True),
        (RuntimeError("something else"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (ValueError(), False),
    ],
)
def test_what_means_that_there_is_no_memory_is_known(error: Exception, is_short: bool) -> None:
    assert (shortage("it", error) is not None) == is_short


def test_a_child_that_the_kernel_has_ended_names_the_group(
    tmp_path: Path, demo_dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, counts = subprocess.Popen, iter([3, 4])

    class Killed(real):  # type: ignore[valid-type,misc]
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)
            self.kill()

    monkeypatch.setattr(building, "may_fork", lambda: False)
    monkeypatch.setattr(subprocess, "Popen", Killed)
    monkeypatch.setattr(cgroups, "kills", lambda: next(counts))
    monkeypatch.setattr(cgroups, "tightest", lambda *_: Group("/sys/fs/cgroup/memory.max", 64 * MIB, 0))
    with pytest.raises(DumpError, match=r"took more memory than the 64\.0 MiB that /sys/fs/cgroup/memory\.max allows"):
        open_heap(demo_dump, cache=Cache(tmp_path))


def test_reading_in_a_real_group_that_is_too_small_names_it(group: Path, tmp_path: Path, dump: Path) -> None:
    code = "b = b'x' * (35 << 20); import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
    # What another process of the group has is not there for ours.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PMAT_LSP_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", code, sys.executable, "-m", "pmat_lsp", "summary", str(dump)]
    ended = run_in(group, command, environment)
    # Between two looks at what it has, the kernel may be faster and end the child.
    assert ended.status == 2
    assert ended.stderr.startswith(f"pmat-lsp: {dump}: reading it t")
    assert f" 80.0 MiB that {group}/" in ended.stderr
    assert ended.stderr.count("\n") == 2


def test_an_analysis_in_a_real_group_that_is_too_small_says_so(
    group: Path, tmp_path: Path, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_heap(dump, cache=Cache(tmp_path))
    code = """\
import sys
from pmat_lsp.analysis import needs
from pmat_lsp.cli.main import main
needs.RETAINED = needs.RETAINED._replace(per_sv=needs.RETAINED.per_sv * 100)
sys.exit(main(sys.argv[1:]))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PMAT_LSP_CACHE": str(tmp_path)}
    words = ["largest", "--retained", str(dump)]
    ended = run_in(group, [sys.executable, "-c", code, *words], environment)
    assert (ended.status, ended.kills) == (2, 0)
    assert "finding what each SV retains takes about" in ended.stderr
    assert f"are left of the 80.0 MiB that {group}/" in ended.stderr
    assert ended.stderr.count("\n") == 2
    assert commanded(group, tmp_path, *words).status == 0


def test_what_grows_beyond_a_real_group_fails_with_an_error_before_the_kernel_ends_it(
    group: Path, tmp_path: Path, demo_dump: Path
) -> None:
    code = """\
import sys
import time
from pmat_lsp.analysis import summary
from pmat_lsp.catalogue import summary as question
from pmat_lsp.cli.main import main
def greedy(heap):
    return [(time.sleep(0.002), bytes(range(256)) * 4096) for _ in range(200)]
question.summary_table = greedy
sys.exit(main(sys.argv[1:]))
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PMAT_LSP_CACHE": str(tmp_path)}
    ended = run_in(group, [sys.executable, "-c", code, "summary", str(demo_dump)], environment)
    assert (ended.status, ended.kills) == (2, 0)
    assert "this takes more memory than the" in ended.stderr
    assert f"{group}/" in ended.stderr
    assert ended.stderr.count("\n") == 2
