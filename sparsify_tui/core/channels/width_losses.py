"""What all widths of a group lose, from the few of them that were measured."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import exp, log
from statistics import median

POWER = 2.0
"""Loss by the removed share, outside what was measured. A heuristic: what goes first is missed
least, so that the loss rises faster than the share."""
_LEAST = 1e-9


def losses_by_width(
    size: int, widths: Sequence[int], measured: Mapping[int, float], usual: float = 1.0
) -> tuple[float, ...]:
    """The loss of each width: 0 for the whole, between measured ones straight in the logarithms.

    A loss that is measured below that of a wider one counts as much as that one.

    Args:
        size: Units with nothing removed.
        widths: Kept units to give a loss for.
        measured: Loss by kept units.
        usual: Of a group of which nothing was measured: its loss with all units gone.
    """
    known = sorted((_removed(kept, size), loss) for kept, loss in measured.items() if kept < size)
    shares = [share for share, _ in known] or [1.0]
    losses = list(accumulate((max(loss, _LEAST) for _, loss in known), max)) or [usual]
    return tuple(_loss(_removed(kept, size), shares, losses) for kept in widths)


def usual_loss(measured: Iterable[tuple[int, Mapping[int, float]]]) -> float:
    """What a group would lose with all units gone, by the median of all that was measured.

    Args:
        measured: Size of each group, and loss by kept units.
    """
    scaled = [
        loss / _removed(kept, size) ** POWER
        for size, losses in measured
        for kept, loss in losses.items()
        if kept < size
    ]
    return median(scaled) if scaled else 1.0


def _removed(kept: int, size: int) -> float:
    return 1 - kept / size


def _loss(share: float, shares: Sequence[float], losses: Sequence[float]) -> float:
    if share <= 0:
        return 0.0
    right = bisect_left(shares, share)
    if right in (0, len(shares)):
        end = min(right, len(shares) - 1)
        return float(losses[end] * (share / shares[end]) ** POWER)
    low, high = shares[right - 1], shares[right]
    part = log(share / low) / log(high / low)
    return exp((1 - part) * log(losses[right - 1]) + part * log(losses[right]))
