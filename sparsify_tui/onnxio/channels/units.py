"""Channels that can only go together: a union-find over all elements of all channel axes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
"""Of the elements of one axis of a tensor, in order."""
Axes = tuple[Ids | None, ...]
"""Of a tensor; None for an axis along which nothing can go, such as the batch."""
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Why elements must stay."""

    reason: str
    end: Literal["input", "output", "node"] = "node"
    """What holds them: an input or an output of the model, or a node between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """Units: the finest sets of elements that can only go together."""

    unit: Ids
    """Of each element, by its id."""
    count: int
    locks: tuple[Lock, ...]
    lock: Ids
    """Of each unit: the first of `locks` that holds it, or their number where none does."""
    at_output: Bools
    """Of each unit: whether an output of the model holds it."""

    @property
    def is_locked(self) -> Bools:
        """Of each unit."""
        return self.lock < len(self.locks)


class Elements:
    """Gives out elements, and notes which go together and which must stay; solved at the end."""

    def __init__(self) -> None:
        self._count = 0
        self._one: list[Ids] = []
        self._other: list[Ids] = []
        self._locks: list[Lock] = []
        self._locked: list[Ids] = []

    def fresh(self, count: int) -> Ids:
        """New elements that nothing is known of."""
        first, self._count = self._count, self._count + count
        return np.arange(first, self._count, dtype=np.int64)

    def join(self, one: Ids, other: Ids) -> None:
        """Elements at the same place of two arrays of one shape go together."""
        if one is not other:
            self._one.append(one.ravel())
            self._other.append(other.ravel())

    def lock(self, ids: Ids, lock: Lock) -> None:
        """These elements stay; of several reasons the first is told."""
        self._locks.append(lock)
        self._locked.append(ids.ravel())

    def solved(self) -> Solved:
        """What follows from all that was noted."""
        roots = _roots(self._count, _joined(self._one), _joined(self._other))
        _, unit = np.unique(roots, return_inverse=True)
        count = int(unit.max(initial=-1)) + 1
        lengths = [len(ids) for ids in self._locked]
        event = np.repeat(np.arange(len(lengths)), lengths)
        held = unit[_joined(self._locked)]
        lock = np.full(count, len(lengths), np.int64)
        np.minimum.at(lock, held, event)
        at_output = np.zeros(count, np.bool_)
        is_end = np.array([one.end == "output" for one in self._locks], np.bool_)
        at_output[held[is_end[event]]] = True
        return Solved(
            unit=unit, count=count, locks=tuple(self._locks), lock=lock, at_output=at_output
        )


def _joined(parts: Iterable[Ids]) -> Ids:
    return np.concatenate([np.empty(0, np.int64), *parts])


def _roots(count: int, one: Ids, other: Ids) -> Ids:
    """The least element that each is connected with.

    Roots hook on the least root beside them, and paths are halved, until nothing changes
    (Shiloach and Vishkin 1982).
    """
    parent = np.arange(count, dtype=np.int64)
    while True:
        left, right = parent[one], parent[other]
        apart = left != right
        if not apart.any():
            return parent
        one, other, left, right = one[apart], other[apart], left[apart], right[apart]
        np.minimum.at(parent, np.maximum(left, right), np.minimum(left, right))
        while True:
            shorter = parent[parent]
            if (shorter == parent).all():
                break
            parent = shorter
