"""A forked child does its work and nothing else: nothing of the process that it comes from is done or written twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pmat_lsp.heap.children import Forked, may_fork
from tests.dump_writer import small_dump
from tests.dumps import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a child is forked on Linux alone")
_READ = """
import sys
from pathlib import Path
from pmat_lsp.heap import building
from pmat_lsp.heap.cache import Cache
from pmat_lsp.heap.children import may_fork
from pmat_lsp.heap.opening import open_heap
assert may_fork()
"""
"""What a script begins with that forks a child; its arguments are a dump and the folder of the cache."""


def script(text: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, which has no thread but one."""
    command = [sys.executable, "-c", _READ + text, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def test_what_was_printed_and_what_is_done_at_the_end_are_not_repeated(demo_dump: Path, tmp_path: Path) -> None:
    done = script(
        """
import atexit
atexit.register(print, "the end")
print("printed before", end=" ")
print(open_heap(Path(sys.argv[1]), cache=Cache(Path(sys.argv[2]))).n > 1000, end=" ")
assert may_fork(), "a thread is left"
assert "subprocess" not in sys.modules and "pmat_lsp.heap.load" not in sys.modules
""",
        demo_dump,
        tmp_path,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("printed before True the end\n", "", 0)


def test_a_process_without_standard_streams_can_fork_a_child(demo_dump: Path, tmp_path: Path) -> None:
    done = script(
        """
import os
for number in (0, 1):
    os.close(number)
heap = open_heap(Path(sys.argv[1]), cache=Cache(Path(sys.argv[2])))
sys.stderr.write(str(heap.n > 1000))
sys.stderr.flush()
os._exit(0)
""",
        demo_dump,
        tmp_path,
    )
    assert (done.stderr, done.returncode) == ("True", 0)


def test_a_ctrl_c_for_both_processes_ends_both_without_a_trace(demo_dump: Path, tmp_path: Path) -> None:
    done = script(
        """
import os, signal
os.setpgid(0, 0)
def progress(stage, done, total):
    if stage == "linking":
        os.killpg(0, signal.SIGINT)
try:
    open_heap(Path(sys.argv[1]), cache=Cache(Path(sys.argv[2])), progress=progress)
except KeyboardInterrupt:
    print("interrupted")
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
""",
        demo_dump,
        tmp_path,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted\nno child\n", "", 0)
    assert list(tmp_path.iterdir()) == []


def test_a_child_ends_with_the_process_that_forked_it(demo_dump: Path, tmp_path: Path) -> None:
    done = script(
        """
import os, signal
real = building.Forked
class Told(real):
    def __init__(self, work):
        super().__init__(lambda: (os.kill(os.getpid(), signal.SIGSTOP), work())[1])
        os.waitpid(self.pid, os.WUNTRACED)
        print(self.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
building.Forked = Told
open_heap(Path(sys.argv[1]), cache=Cache(Path(sys.argv[2])))
""",
        demo_dump,
        tmp_path,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    child = int(done.stdout)
    # The kernel goes on with a stopped process whose group has lost its parent, or nobody has: it reads the end then.
    _resume(child)
    _wait_for_end(child)
    assert list(tmp_path.glob("*.pmatidx")) == []


def _resume(process: int) -> None:
    try:
        os.kill(process, signal.SIGCONT)
    except ProcessLookupError:
        return


def _wait_for_end(process: int) -> None:
    patience = threading.Event()
    for _ in range(2000):
        try:
            status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if status == "Z":
            return
        patience.wait(0.01)
    raise AssertionError("the child lives on")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_an_exception_of_the_work_is_a_complaint_and_the_status_1() -> None:
    with Forked(lambda: [][0]) as child:
        assert child.stdout.read() == b""
        assert b"IndexError" in child.stderr.read()
        assert child.wait() == child.wait() == 1
        # It has ended: another process may have its number.
        child.kill()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("status", [0, 2])
def test_the_status_is_that_of_the_work_and_what_it_writes_comes_here(status: int) -> None:
    def work() -> int:
        os.write(1, b"told")
        os.write(2, b"complained")
        return status if not os.read(0, 1) else 9

    child = Forked(work)
    child.stdin.close()
    with child:
        assert (child.stdout.read(), child.stderr.read(), child.wait()) == (b"told", b"complained", status)


def test_a_process_with_a_thread_is_not_forked() -> None:
    done = script(
        """
import threading, time
over = threading.Event()
thread = threading.Thread(target=over.wait)
thread.start()
print(may_fork())
over.set()
thread.join()
# Python lets go of a thread a little before the system does.
while not may_fork():
    time.sleep(0.001)
print(may_fork())
"""
    )
    assert done.stdout.split() == ["False", "True"], done.stderr


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_than_on_linux_nothing_is_forked(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert not may_fork()


def test_a_process_with_much_memory_is_not_forked() -> None:
    assert script("data = b'x' * (300 << 20)\nprint(may_fork())").stdout == "False\n"


def test_a_child_that_stands_by_reads_the_first_dump_and_the_next_is_read_by_another(tmp_path: Path) -> None:
    first, second = (small_dump(tmp_path / name, svs) for name, svs in (("one.pmat", 2), ("two.pmat", 3)))
    done = script(
        """
started = []
class Counted(building.Forked):
    def __init__(self, work):
        super().__init__(work)
        started.append(self.pid)
building.Forked = Counted
building.stand_by()
print(len(started), end=" ")
for dump in sys.argv[1:3]:
    print(open_heap(Path(dump), cache=Cache(Path(sys.argv[3]))).n, len(started), end=" ")
""",
        first,
        second,
        tmp_path / "cache",
    )
    assert (done.stdout.split(), done.stderr) == (["1", "3", "1", "4", "2"], "")


def test_a_child_that_stood_by_and_was_killed_is_replaced(tmp_path: Path) -> None:
    done = script(
        """
import os, signal
building.stand_by()
child = building._standing_by[0]
os.kill(child.pid, signal.SIGKILL)
os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
print(open_heap(Path(sys.argv[1]), cache=Cache(Path(sys.argv[2]))).n)
""",
        small_dump(tmp_path / "app.pmat", 2),
        tmp_path / "cache",
    )
    assert (done.stdout, done.stderr) == ("3\n", "")


@pytest.mark.parametrize("end", ["building.stand_down()", "building._standing_by[0].stdin.close()"])
def test_a_child_that_has_nothing_to_do_ends(end: str) -> None:
    done = script(
        f"""
import os
building.stand_by()
child = building._standing_by[0]
{end}
print(child.wait())
building.stand_down()
building.stand_down()
"""
    )
    assert done.stdout.split()[0] in ("-9", "0"), done.stderr
    assert done.stderr == ""
