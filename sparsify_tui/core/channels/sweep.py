"""Which widths are worth building: the trade of predicted time against the groups' own losses.

For each of many prices λ of a millisecond, widths that minimise Σ loss + λ · predicted time are
sought by moves of one group, then of two neighbours at once: one group that gets narrower alone
may gain nothing where its neighbour fills the same kernel's block. The time is no sum over groups,
so that this is a descent and no exact solution; it starts at either end, and each price where the
one before had ended. Sums of single losses rank mixes, they do not foretell the joint loss, which
is measured for whatever is built.

Source of the price: Everett 1963, "Generalized Lagrange multiplier method".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import TypeAlias

from sparsify_tui.core.channels.groups import (
    AxisWidth,
    ChannelGroup,
    ChannelMap,
    GroupId,
    legal_widths,
)

Predict: TypeAlias = Callable[[Mapping[GroupId, int]], float]
"""Milliseconds end to end; groups that are not named keep all."""
_At: TypeAlias = tuple[int, ...]
"""Of each group, the position of its width."""
Pair: TypeAlias = tuple[GroupId, GroupId]

_PRICES = 28
_CHEAPEST, _DEAREST = 1e-4, 1e2
"""Of a millisecond, over the price at which all that can go would just be worth it."""
_MOST_ROUNDS = 6
_PAIR_STEPS = tuple(step for step in product((-1, 1), repeat=2))


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWidths:
    """Widths that one group may have, the widest first, and what the model loses by each alone."""

    id: GroupId
    kept: tuple[int, ...]
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """A width for each group; equal to any other of the same widths."""

    kept: tuple[tuple[GroupId, int], ...]
    predicted_ms: float = field(compare=False)
    loss: float = field(compare=False)
    """Sum of the groups' own losses."""


def tried_widths(group: ChannelGroup, most: int) -> tuple[int, ...]:
    """At most that many legal widths, evenly spread, the whole and the narrowest included."""
    legal = legal_widths(group)
    if len(legal) <= most:
        return legal
    last = len(legal) - 1
    return tuple(legal[round(at * last / (most - 1))] for at in range(most))


def neighbours(found: ChannelMap) -> tuple[Pair, ...]:
    """Groups that meet in a layer, whose widths one kernel thus pays for together."""
    pairs: dict[Pair, None] = {}
    for layer in found.layers:
        met = sorted({*_groups_of(layer.inputs), *_groups_of(layer.outputs)})
        pairs |= dict.fromkeys(combinations(met, 2))
    return tuple(pairs)


def _groups_of(axis: AxisWidth) -> Iterator[GroupId]:
    return (part.id for part in axis.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What was found, the slowest first; of each, nothing in it beats another in time and loss."""

    corners: tuple[Widths, ...]
    """The best at some price, and both ends: what promises most."""
    every: tuple[Widths, ...]
    """All that was looked at on the way: there is more between the corners."""


def sweep(groups: Sequence[GroupWidths], predict: Predict, pairs: Sequence[Pair] = ()) -> Sweep:
    """Widths that nothing found beats in both predicted time and loss.

    Args:
        groups: With at least one width each; a locked one has no more than that.
        predict: The time of any widths.
        pairs: Groups that are moved together, too.
    """
    return _Descents(groups, predict, pairs).found()


def undominated(found: Iterable[Widths]) -> tuple[Widths, ...]:
    """Those that no other one beats in time and is as good in loss, the slowest first."""
    kept: list[Widths] = []
    for one in sorted(found, key=lambda widths: (widths.predicted_ms, widths.loss)):
        if not kept or one.loss < kept[-1].loss:
            kept.append(one)
    return tuple(reversed(kept))


class _Descents:
    """One search over all prices; times are predicted once for each mix."""

    def __init__(
        self, groups: Sequence[GroupWidths], predict: Predict, pairs: Sequence[Pair]
    ) -> None:
        self._groups = groups
        self._predict = predict
        places = {group.id: place for place, group in enumerate(groups)}
        self._pairs = [(places[a], places[b]) for a, b in pairs if a in places and b in places]
        self._times: dict[_At, float] = {}

    def found(self) -> Sweep:
        """All prices, rising from the widest and falling from the narrowest widths."""
        widest = tuple(0 for _ in self._groups)
        narrowest = tuple(len(group.kept) - 1 for group in self._groups)
        prices = self._prices(widest, narrowest)
        ends = [widest, narrowest]
        for start, ordered in ((widest, prices), (narrowest, prices[::-1])):
            at = start
            for price in ordered:
                at = self._descended(at, price)
                ends.append(at)
        return Sweep(
            corners=undominated(map(self._widths, ends)),
            every=undominated(map(self._widths, self._times)),
        )

    def _prices(self, widest: _At, narrowest: _At) -> tuple[float, ...]:
        gain = self._ms(widest) - self._ms(narrowest)
        lost = self._loss(narrowest) - self._loss(widest)
        if gain <= 0 or lost <= 0:
            return (1.0,)
        ratio = (_DEAREST / _CHEAPEST) ** (1 / (_PRICES - 1))
        return tuple(lost / gain * _CHEAPEST * ratio**at for at in range(_PRICES))

    def _descended(self, at: _At, price: float) -> _At:
        for _ in range(_MOST_ROUNDS):
            before = at
            for place in range(len(self._groups)):
                at = self._best((at, *self._moves(at, place)), price)
            for pair in self._pairs:
                at = self._best((at, *self._pair_moves(at, pair)), price)
            if at == before:
                break
        return at

    def _best(self, choices: Iterable[_At], price: float) -> _At:
        """The first of the best, so that a tie moves nothing."""
        return min(choices, key=lambda at: self._loss(at) + price * self._ms(at))

    def _moves(self, at: _At, place: int) -> Iterator[_At]:
        for index in range(len(self._groups[place].kept)):
            yield (*at[:place], index, *at[place + 1 :])

    def _pair_moves(self, at: _At, pair: tuple[int, int]) -> Iterator[_At]:
        for steps in _PAIR_STEPS:
            moved = list(at)
            for place, step in zip(pair, steps, strict=True):
                moved[place] += step
            if all(0 <= moved[place] < len(self._groups[place].kept) for place in pair):
                yield tuple(moved)

    def _loss(self, at: _At) -> float:
        return sum(group.losses[index] for group, index in zip(self._groups, at, strict=True))

    def _ms(self, at: _At) -> float:
        if at not in self._times:
            self._times[at] = self._predict(dict(self._kept(at)))
        return self._times[at]

    def _kept(self, at: _At) -> tuple[tuple[GroupId, int], ...]:
        return tuple(
            (group.id, group.kept[index]) for group, index in zip(self._groups, at, strict=True)
        )

    def _widths(self, at: _At) -> Widths:
        return Widths(kept=self._kept(at), predicted_ms=self._ms(at), loss=self._loss(at))
