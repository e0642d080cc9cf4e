"""What this machine is, and how much of it this process may use."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_CPU_INFO = Path("/proc/cpuinfo")
_OWN_GROUPS = Path("/proc/self/cgroup")
_WIDEST_FIRST = (
    "amx_int8",
    "avx512_vnni",
    "avx512f",
    "avx_vnni",
    "avx2",
    "asimddp",
    "asimd",
)


def available_memory() -> int:
    """Bytes of memory this process may count on: the machine's, or its container's."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    texts = (
        text.strip()
        for folder in control_groups("memory")
        for text in (read_text(folder / "memory.max"), read_text(folder / "memory.limit_in_bytes"))
    )
    return min((machine, *(int(text) for text in texts if text.isdigit())))


def allowed_core_ids() -> frozenset[int]:
    """Numbers of the cores that this process may run on, by affinity."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def allowed_cores() -> int:
    """Cores this process may run on, by affinity and container quota."""
    quotas = (max(1, round(quota)) for quota in map(_quota, control_groups("cpu")) if quota)
    return min((len(allowed_core_ids()), *quotas))


def control_groups(controller: str) -> Iterator[Path]:
    """Folders of the control groups that this process is in, from its own up to the root.

    Both versions of the interface are looked at (cgroups(7)); a container sees its own as root.
    """
    for line in read_text(_OWN_GROUPS).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = _CGROUP / controllers
        own = root / path.strip("/")
        yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(root))


@cache
def cpu_name() -> str:
    """The processor's name for itself."""
    return _cpu_field("model name") or platform.processor() or platform.machine()


@cache
def widest_isa() -> str:
    """The widest vector instructions that matter to a runtime."""
    flags = set((_cpu_field("flags") or _cpu_field("Features")).split())
    return next((name for name in _WIDEST_FIRST if name in flags), platform.machine())


def read_text(path: Path) -> str:
    """What a file of the system says; nothing where there is none."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _quota(folder: Path) -> float | None:
    quota, _, period = read_text(folder / "cpu.max").partition(" ")
    if not quota:
        quota = read_text(folder / "cpu.cfs_quota_us").strip()
        period = read_text(folder / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() else None


def _cpu_field(name: str) -> str:
    for line in read_text(_CPU_INFO).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
