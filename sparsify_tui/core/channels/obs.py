"""Which units of a group are missed least: structured optimal brain surgery.

What is lost with a unit is what the consumers' outputs still miss after least squares on the
units that stay: tr(W_uᵀ (H⁻¹_uu)⁻¹ W_u), where H holds the second moments of a consumer's inputs
and W its weights. One unit goes at a time, and H⁻¹ and W follow by block downdates (Hassibi and
Stork, "Second order derivatives for network pruning", 1993; with whole structures as in Kurtic
et al., "ZipLM", 2023).

Imports numpy: neither the interface nor the workbench may import this file.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Positions: TypeAlias = NDArray[np.intp]

WIDE = 1500
"""Input columns above which a consumer's least squares has one scale for each unit."""
_DAMPING = 0.01
_ROUNDS = 32
"""Rounds in which a group is emptied; a round works on few units before all others follow."""
_FEWEST_AT_ONCE, _FEWEST_WATCHED = 4, 24
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A product that takes a group's units."""

    weights: Floats
    """Shape [columns, outputs]."""
    moments: Floats
    """Centred second moments of the inputs, shape [columns, columns]."""
    blocks: tuple[Positions, ...]
    """Columns of each unit of the group; empty for one that it does not take.

    At least one unit has columns.
    """


def consumer_of(weights: Floats, moments: Floats, blocks: tuple[Positions, ...]) -> Consumer:
    """A consumer; a wide one comes as `with_scales`, unless a unit is no more than a column."""
    found = Consumer(weights=weights, moments=moments, blocks=blocks)
    is_wide = len(weights) > WIDE and max(block.size for block in blocks) > 1
    return with_scales(found) if is_wide else found


def removal_order(consumers: Sequence[Consumer], free: Collection[int]) -> tuple[int, ...]:
    """The units that may go, the one that is missed least first.

    Exact up to the choice of units that are watched within a round: those that cost least at
    its beginning. Of groups of no more than 24 units all are watched.

    Args:
        consumers: All that take the group; without any the units are in rising order.
        free: Units that may go.
    """
    left = np.array(sorted(free), dtype=np.intp)
    states = [_state_of(one, left) for one in consumers]
    order: list[int] = []
    at_once = max(_FEWEST_AT_ONCE, len(left) // _ROUNDS)
    while left.size:
        cheapest = np.argsort(_costs(states, len(left)), kind="stable")
        watched = np.sort(cheapest[: max(_FEWEST_WATCHED, 2 * at_once)])
        gone = watched[_emptied([one.only(watched) for one in states], len(watched), at_once)]
        order += left[gone].tolist()
        rest = np.delete(np.arange(len(left)), gone)
        for one in states:
            one.remove(gone)
        states = [one.only(rest) for one in states]
        left = left[rest]
    return tuple(order)


def activation_costs(consumers: Sequence[Consumer], units: int) -> Floats:
    """Variance of the inputs times squared weights, as a share of each consumer's: [units].

    As in Wanda (Sun et al., 2023), with the variance in the place of the power: what is constant
    is made up for by the bias.
    """
    costs = np.zeros(units)
    for one in consumers:
        each = np.diag(one.moments) * (one.weights**2).sum(axis=1)
        found = np.array([each[block].sum() for block in one.blocks])
        costs += found / max(each.sum(), _NOTHING)
    return costs


def with_scales(consumer: Consumer) -> Consumer:
    """The same consumer, whose units can be scaled but not mixed anew when others go.

    Its columns are what each unit adds to the outputs, so that there are as many as units, and
    one for all else. It stands in for consumers too wide for their inverse: a lost unit costs
    at least as much as with all weights free, and twins are still told.
    """
    shared = consumer.moments * (consumer.weights @ consumer.weights.T)
    taken = np.concatenate(consumer.blocks)
    rest = np.setdiff1d(np.arange(len(shared)), taken)
    parts = [block for block in (*consumer.blocks, rest) if block.size]
    starts = np.cumsum([0, *(part.size for part in parts[:-1])])
    ordered = np.concatenate(parts)
    shared = np.add.reduceat(shared[np.ix_(ordered, ordered)], starts, axis=0)
    moments = np.add.reduceat(shared, starts, axis=1)
    places = np.cumsum([block.size > 0 for block in consumer.blocks]) - 1
    return Consumer(
        weights=np.ones((len(moments), 1)),
        moments=moments,
        blocks=tuple(
            np.array([place][: block.size], dtype=np.intp)
            for place, block in zip(places, consumer.blocks, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """H⁻¹ and W Wᵀ of the columns of the units that are left, unit by unit."""

    width: int
    """Columns of each unit; those that a unit lacks are filled up by ones that cost nothing."""
    inverse: Floats
    energy: Floats
    total: float
    """Power of the outputs that costs are relative to."""

    def costs(self) -> Floats:
        """What is lost with each unit alone, shape [units]."""
        inverse, energy = self._diagonal(self.inverse), self._diagonal(self.energy)
        if self.width == 1:
            return np.asarray(energy[:, 0, 0] / inverse[:, 0, 0] / self.total)
        solved = np.linalg.solve(inverse, energy)
        return np.asarray(np.trace(solved, axis1=1, axis2=2) / self.total)

    def only(self, units: Positions) -> _State:
        """A copy for some units; the others stay, and are not looked at."""
        at = self._columns(units)
        block = np.ix_(at, at)
        return _State(
            width=self.width,
            inverse=self.inverse[block],
            energy=self.energy[block],
            total=self.total,
        )

    def remove(self, units: Positions) -> None:
        """Lets the weights of all others follow, in place; what is removed costs nothing."""
        gone = self._columns(units)
        block = np.ix_(gone, gone)
        share = np.linalg.solve(self.inverse[block], self.inverse[gone]).T
        half = self.energy[gone].T - share @ (self.energy[block] / 2)
        self.inverse[...] -= share @ self.inverse[gone]
        self.energy[...] -= np.hstack([share, half]) @ np.hstack([half, share]).T
        self.inverse[gone, gone] = 1

    def _columns(self, units: Positions) -> Positions:
        return (units[:, None] * self.width + np.arange(self.width)).ravel()

    def _diagonal(self, matrix: Floats) -> Floats:
        """The blocks of the units, shape [units, width, width]."""
        units = len(matrix) // self.width
        blocks = matrix.reshape(units, self.width, units, self.width)
        return np.asarray(blocks[np.arange(units), :, np.arange(units)])


def _state_of(consumer: Consumer, units: Positions) -> _State:
    moments = consumer.moments.copy()
    energy = consumer.weights @ consumer.weights.T
    total = max(float((moments * energy).sum()), _NOTHING)
    moments[np.diag_indices_from(moments)] += _DAMPING * np.trace(moments) / len(moments) + _NOTHING
    inverse = np.linalg.inv(moments)
    width = max(max((consumer.blocks[unit].size for unit in units), default=1), 1)
    columns = np.full((len(units), width), -1)
    for at, unit in enumerate(units):
        block = consumer.blocks[unit]
        columns[at, : block.size] = block
    flat = columns.ravel()
    is_there = np.flatnonzero(flat >= 0)
    target, source = np.ix_(is_there, is_there), np.ix_(flat[is_there], flat[is_there])
    filled, shared = np.eye(flat.size), np.zeros((flat.size, flat.size))
    filled[target], shared[target] = inverse[source], energy[source]
    return _State(width=width, inverse=filled, energy=shared, total=total)


def _costs(states: Sequence[_State], units: int) -> Floats:
    return np.asarray(sum((one.costs() for one in states), np.zeros(units)))


def _emptied(states: Sequence[_State], units: int, count: int) -> list[int]:
    """Removes so many units one by one; positions among those given, in the order they went."""
    order: list[int] = []
    for _ in range(min(count, units)):
        costs = _costs(states, units)
        costs[order] = np.inf
        order.append(int(np.argmin(costs)))
        for one in states:
            one.remove(np.array(order[-1:]))
    return order
