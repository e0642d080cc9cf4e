"""Keeps arrays in memory as long as they fit, and in files beyond."""

from __future__ import annotations

import pickle
import tempfile
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from itertools import count
from pathlib import Path
from threading import RLock
from typing import TypeAlias

from sparsify_tui.core.protocols import Array

Arrays: TypeAlias = "Mapping[str, Array]"


class Activations:
    """Groups of arrays by key; the ones that were not used for longest go to files first.

    Args:
        budget_bytes: That all arrays in memory may take together.
    """

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self._held: OrderedDict[Hashable, Arrays] = OrderedDict()
        self._spilled: dict[Hashable, Path] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._numbers = count()
        self._lock = RLock()

    def get(self, key: Hashable) -> Arrays | None:
        """The group of that key, from wherever it is; None where there is none."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            if key not in self._spilled:
                return None
            with self._spilled[key].open("rb") as file:
                group: Arrays = pickle.load(file)  # noqa: S301 - a file of its own
            self._hold(key, group)
            return group

    def put(self, key: Hashable, group: Arrays) -> None:
        """Keeps a group."""
        with self._lock:
            self._spilled.pop(key, None)
            self._hold(key, dict(group))

    @property
    def spilled(self) -> int:
        """How many groups are in files."""
        return len(self._spilled)

    def _hold(self, key: Hashable, group: Arrays) -> None:
        self._held[key] = group
        while len(self._held) > 1 and self._size() > self._budget:
            oldest, arrays = self._held.popitem(last=False)
            if oldest not in self._spilled:
                self._spilled[oldest] = self._written(arrays)

    def _size(self) -> int:
        return sum(array.nbytes for group in self._held.values() for array in group.values())

    def _written(self, arrays: Arrays) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name, str(next(self._numbers)))
        with path.open("wb") as file:
            pickle.dump(arrays, file, protocol=pickle.HIGHEST_PROTOCOL)
        return path
