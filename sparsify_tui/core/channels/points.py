"""Which of the searched widths are built and measured: those around the limit that was asked."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from sparsify_tui.core.channels.groups import ChannelMap, GroupId, nearest_width
from sparsify_tui.core.channels.sweep import Predict, Widths

AROUND = (0.97, 1.04, 1.12, 1.22, 1.35)
"""Predicted speed-ups over the one asked for: a prediction may be off by some percent."""
CLOSE = (1.0, 1.05, 1.12)
"""The same, when it is known how far predictions are off."""
LEAST_SPEED = 1.1
"""Predicted; below it a point is not worth a measurement."""


def uniform_widths(
    found: ChannelMap, level: float, locked: Mapping[GroupId, int], predict: Predict
) -> Widths:
    """Every group with about that share of its units removed, as near as legal widths come."""
    kept = {one.id: locked.get(one.id, nearest_width(one, level)) for one in found.groups}
    return Widths(kept=tuple(kept.items()), predicted_ms=predict(kept), loss=math.nan)


def even_speeds(choices: Sequence[Widths], full_ms: float, count: int) -> tuple[float, ...]:
    """Predicted speed-ups in equal ratios, from hardly worth it to the fastest choice."""
    most = max((_speed(one, full_ms) for one in choices), default=1.0)
    if most <= LEAST_SPEED:
        return (most,)
    return tuple(LEAST_SPEED * (most / LEAST_SPEED) ** (at / (count - 1)) for at in range(count))


def nearest_speeds(
    choices: Sequence[Widths], full_ms: float, speeds: Sequence[float]
) -> tuple[Widths, ...]:
    """For each predicted speed-up the choice that comes nearest to it, each choice once."""
    faster = [one for one in choices if one.predicted_ms < full_ms]
    near = [
        min(faster, key=lambda one: abs(math.log(_speed(one, full_ms) / speed)))
        for speed in speeds
        if faster
    ]
    return tuple(dict.fromkeys(near))


def middle_of_gap(
    choices: Sequence[Widths], good: Collection[Widths], bad: Collection[Widths]
) -> Widths | None:
    """The choice halfway, by predicted time, from the fastest good one to the next bad one.

    Args:
        choices: The slowest first.
        good: Those known to be good enough.
        bad: Those known not to be.

    Returns:
        None where nothing lies between, or nothing faster is bad.
    """
    last_good = max((at for at, one in enumerate(choices) if one in good), default=-1)
    first_bad = next((at for at, one in enumerate(choices) if at > last_good and one in bad), None)
    if first_bad is None or first_bad - last_good < 2:
        return None
    slow = choices[max(last_good, 0)].predicted_ms
    middle = math.sqrt(max(slow * choices[first_bad].predicted_ms, 0.0))
    inside = choices[last_good + 1 : first_bad]
    return min(inside, key=lambda one: abs(one.predicted_ms - middle))


def _speed(widths: Widths, full_ms: float) -> float:
    return full_ms / max(widths.predicted_ms, 1e-9)
