"""How much memory this process holds, and held at most; known on Linux only."""

from __future__ import annotations

import ctypes
import gc
import re
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_CLEAR_PEAK = "5"
_FIELD = re.compile(r"^(VmHWM|VmRSS):\s+(\d+) kB$", re.MULTILINE)


def resident_bytes() -> int | None:
    """Memory held now; None where the system does not say."""
    return _field("VmRSS")


def resident_peak() -> int | None:
    """The most memory held since the start, or since `reset_peak`; None where unknown."""
    return _field("VmHWM")


def reset_peak() -> bool:
    """Lets the peak begin at what is held now; whether the system allowed it."""
    try:
        _CLEAR.write_text(_CLEAR_PEAK)
    except OSError:
        return False
    return True


def release_unused() -> None:
    """Gives freed memory back, so that what is loaded next shows in full (malloc_trim(3))."""
    gc.collect()
    with suppress(AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def _field(name: str) -> int | None:
    try:
        found = dict(_FIELD.findall(_STATUS.read_text()))
    except OSError:
        return None
    return int(found[name]) * 1024 if name in found else None
