"""What an analysis has cost so far."""

from __future__ import annotations

import time


class Spent:
    """Clocks that run from when this was made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    @property
    def cpu_s(self) -> float:
        """Of all threads of this process."""
        return time.process_time() - self._cpu

    @property
    def wall_s(self) -> float:
        """As a person counts."""
        return time.perf_counter() - self._wall
