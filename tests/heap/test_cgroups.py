"""Limits of control groups are found wherever the kernel says them: files as recorded on hosts and in containers."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from pmat_lsp.heap.cgroups import Group, kills, tightest

MIB = 1 << 20
NONE = "9223372036854771712"
"""How the first version says that there is no limit."""
V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNT = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:13 - cgroup cgroup rw,memory\n"
SYSTEMD_MOUNT = "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime shared:9 - cgroup cgroup rw,name=systemd\n"
UNIFIED_MOUNT = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:10 - cgroup2 cgroup2 rw\n"
V1_GROUPS = "9:name=systemd:{0}\n5:cpu,cpuacct:{0}\n4:memory,hugetlb:{0}\n"


def recorded(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder with `proc` and `sys` as the kernel showed them."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def v2(path: str, groups: Mapping[str, str], mount: str = V2_MOUNT) -> dict[str, str]:
    """The files of the second version; by folder of a group below the mount: its memory.max."""
    files = {f"sys/fs/cgroup/{group}/memory.max".replace("//", "/"): f"{limit}\n" for group, limit in groups.items()}
    return {"proc/self/cgroup": f"0::{path}\n", "proc/self/mountinfo": mount, **files}


def v1(path: str, groups: Mapping[str, str], mount: str = V1_MOUNT) -> dict[str, str]:
    """The same of the first one."""
    folder = "sys/fs/cgroup/memory"
    files = {f"{folder}/{group}/memory.limit_in_bytes".replace("//", "/"): f"{n}\n" for group, n in groups.items()}
    mounts = SYSTEMD_MOUNT + mount
    return {"proc/self/cgroup": V1_GROUPS.format(path), "proc/self/mountinfo": mounts, **files}


SERVICE = "system.slice/pmat.service"
CASES = {
    "a host without limits, version 2": (v2(f"/{SERVICE}", {"system.slice": "max", SERVICE: "max"}), None),
    "a service with a limit of its own": (
        v2(f"/{SERVICE}", {"system.slice": "max", SERVICE: str(512 * MIB)}),
        (f"/sys/fs/cgroup/{SERVICE}/memory.max", 512 * MIB),
    ),
    "a slice that is tighter than the service in it": (
        v2(f"/{SERVICE}", {"system.slice": str(300 * MIB), SERVICE: str(512 * MIB)}),
        ("/sys/fs/cgroup/system.slice/memory.max", 300 * MIB),
    ),
    "memory.high below memory.max": (
        {**v2("/a", {"a": str(512 * MIB)}), "sys/fs/cgroup/a/memory.high": f"{400 * MIB}\n"},
        ("/sys/fs/cgroup/a/memory.high", 400 * MIB),
    ),
    "a container, version 2: its own group is the mount": (
        v2("/", {"": str(256 * MIB)}),
        ("/sys/fs/cgroup/memory.max", 256 * MIB),
    ),
    "a container that shares the host's view of groups, but not its files": (
        v2("/docker/0123abcd", {"": str(256 * MIB)}),
        ("/sys/fs/cgroup/memory.max", 256 * MIB),
    ),
    "a container that was entered from outside": (
        v2("/../../user.slice", {"": str(256 * MIB)}),
        ("/sys/fs/cgroup/memory.max", 256 * MIB),
    ),
    "a host without limits, version 1": (v1("/user.slice", {"": NONE, "user.slice": NONE}), None),
    "a group of version 1": (
        v1("/batch/one", {"": NONE, "batch": str(200 * MIB), "batch/one": NONE}),
        ("/sys/fs/cgroup/memory/batch/memory.limit_in_bytes", 200 * MIB),
    ),
    "a container, version 1: the mount is the group that the host names": (
        v1("/docker/0123abcd", {"": str(256 * MIB)}, V1_MOUNT.replace(" / /sys", " /docker/0123abcd /sys")),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", 256 * MIB),
    ),
    "a group inside a container, version 1": (
        v1(
            "/docker/0123abcd/job",
            {"": str(256 * MIB), "job": str(100 * MIB)},
            V1_MOUNT.replace(" / /sys", " /docker/0123abcd /sys"),
        ),
        ("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", 100 * MIB),
    ),
    "version 1 with a limit above what can be seen": (
        {
            **v1("/", {"": NONE}),
            "sys/fs/cgroup/memory/memory.stat": f"cache 4096\nhierarchical_memory_limit {128 * MIB}\n",
        },
        ("/sys/fs/cgroup/memory/memory.stat", 128 * MIB),
    ),
    "both versions, the second one without memory": (
        {
            "proc/self/cgroup": f"{V1_GROUPS.format('/job')}0::/\n",
            "proc/self/mountinfo": V1_MOUNT + UNIFIED_MOUNT,
            "sys/fs/cgroup/memory/job/memory.limit_in_bytes": f"{64 * MIB}\n",
            "sys/fs/cgroup/unified/cgroup.procs": "",
        },
        ("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", 64 * MIB),
    ),
    "a mount with a space in its name": (
        {
            "proc/self/cgroup": "0::/a\n",
            "proc/self/mountinfo": V2_MOUNT.replace("/sys/fs/cgroup", "/my\\040groups"),
            "my groups/a/memory.max": f"{64 * MIB}\n",
        },
        ("/my groups/a/memory.max", 64 * MIB),
    ),
    "no control groups at all": ({"proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"}, None),
    "no /proc": ({}, None),
}


@pytest.mark.parametrize("name", CASES)
def test_the_limit_that_holds_is_found(tmp_path: Path, name: str) -> None:
    files, expected = CASES[name]
    found = tightest(recorded(tmp_path, files))
    assert (found and (found.file, found.limit)) == expected


def test_used_is_what_the_kernel_cannot_take_back(tmp_path: Path) -> None:
    stat = f"anon {30 * MIB}\nfile {200 * MIB}\nshmem {5 * MIB}\n"
    system = recorded(tmp_path, {**v2("/", {"": str(256 * MIB)}), "sys/fs/cgroup/memory.stat": stat})
    found = tightest(system)
    assert found == Group("/sys/fs/cgroup/memory.max", 256 * MIB, 35 * MIB)
    assert found.left == 221 * MIB


def test_version_1_counts_what_groups_below_use(tmp_path: Path) -> None:
    stat = f"cache {200 * MIB}\nrss {MIB}\nhierarchical_memory_limit {NONE}\ntotal_rss {40 * MIB}\n"
    system = recorded(tmp_path, {**v1("/", {"": str(100 * MIB)}), "sys/fs/cgroup/memory/memory.stat": stat})
    found = tightest(system)
    assert found is not None
    assert found.left == 60 * MIB


def test_a_looser_group_that_is_fuller_counts(tmp_path: Path) -> None:
    files = v2("/outer/inner", {"outer": str(500 * MIB), "outer/inner": str(300 * MIB)})
    files["sys/fs/cgroup/outer/memory.stat"] = f"anon {400 * MIB}\n"
    files["sys/fs/cgroup/outer/inner/memory.stat"] = f"anon {20 * MIB}\n"
    found = tightest(recorded(tmp_path, files))
    assert found is not None
    assert (found.file, found.left) == ("/sys/fs/cgroup/outer/memory.max", 100 * MIB)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("version", [1, 2])
def test_of_any_chain_of_groups_the_least_left_counts(tmp_path: Path, version: int, seed: int) -> None:
    chance = random.Random(seed)
    files: dict[str, str] = {}
    path, left = "", []
    for name in "abcde"[: chance.randint(1, 5)]:
        path = f"{path}/{name}"
        limit = chance.choice([None, chance.randint(100, 900) * MIB])
        used = chance.randint(0, 99) * MIB
        left += [] if limit is None else [limit - used]
        if version == 2:
            files |= v2(path, {path[1:]: "max" if limit is None else str(limit)})
            files[f"sys/fs/cgroup{path}/memory.stat"] = f"anon {used}\n"
        else:
            files |= v1(path, {path[1:]: NONE if limit is None else str(limit)})
            files[f"sys/fs/cgroup/memory{path}/memory.stat"] = f"total_rss {used}\n"
    found = tightest(recorded(tmp_path, files))
    assert (found and found.left) == min(left, default=None)


def test_processes_that_the_kernel_has_ended_are_counted(tmp_path: Path) -> None:
    events = "low 0\nhigh 0\nmax 812\noom 3\noom_kill {}\noom_group_kill 0\n"
    files = v2("/a", {"a": "max"})
    system = recorded(tmp_path, {**files, "sys/fs/cgroup/a/memory.events": events.format(2)})
    assert kills(system) == 2
    recorded(tmp_path, {"sys/fs/cgroup/memory.events": events.format(1)})
    assert kills(system) == 3


def test_version_1_counts_them_too(tmp_path: Path) -> None:
    control = "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"
    assert kills(recorded(tmp_path, {**v1("/", {}), "sys/fs/cgroup/memory/memory.oom_control": control})) == 4
