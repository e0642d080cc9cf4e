"""What this machine is, and how much of it this process may use."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_CPU_INFO = Path("/proc/cpuinfo")
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
    text = _read(_CGROUP / "memory.max").strip()
    return min(machine, int(text)) if text.isdigit() else machine


def allowed_cores() -> int:
    """Cores this process may run on, by affinity and container quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota, _, period = _read(_CGROUP / "cpu.max").partition(" ")
    if not quota.isdigit():
        return cores or 1
    return max(1, min(cores or 1, round(int(quota) / int(period))))


@cache
def cpu_name() -> str:
    """The processor's name for itself."""
    return _cpu_field("model name") or platform.processor() or platform.machine()


@cache
def widest_isa() -> str:
    """The widest vector instructions that matter to a runtime."""
    flags = set((_cpu_field("flags") or _cpu_field("Features")).split())
    return next((name for name in _WIDEST_FIRST if name in flags), platform.machine())


def _cpu_field(name: str) -> str:
    for line in _read(_CPU_INFO).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
