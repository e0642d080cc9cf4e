"""What a child may use, set by the child itself before it opens anything untrusted."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

from sparsify_tui.engines.machine import available_memory

_PR_SET_PDEATHSIG = 1
_LEAVE_TO_OTHERS = 0.9


def apply_limits(memory_bytes: int | None, parent: int) -> None:
    """No core dump, bounded memory, and death with the parent.

    Args:
        memory_bytes: Address space; None for nine tenths of what the machine has.
        parent: Process id of the one that started this; if it is gone already, exit.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = memory_bytes or int(available_memory() * _LEAVE_TO_OTHERS)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses an address space limit
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(1)
