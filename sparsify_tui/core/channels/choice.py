"""Which narrowed model is taken: on what was measured and on held-out calibration alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sparsify_tui.core.channels.front import FrontPoint
from sparsify_tui.core.units import format_ratio

LEAST_GAIN = 1.05
"""Measured in turn with the original; below it a change of the file is not worth its risk."""
SMALL_ERROR = 0.075
"""MSE over variance that is good enough where nobody says otherwise.

A heuristic of ours, set on two models: a digit classifier and a classifier of text lines
lose some two points of accuracy there.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of a search; with neither, what is good enough by a rule of ours."""

    speed_up: float | None = None
    """At least that, measured; the least lossy of them is taken."""
    max_loss: float | None = None
    """At most that, of the held-out outputs; the fastest of them is taken."""

    def allows(self, point: FrontPoint) -> bool:
        """Whether the outputs of a point are good enough."""
        if self.max_loss is not None:
            return point.error <= self.max_loss
        return self.speed_up is not None or point.error <= SMALL_ERROR

    def is_fast(self, point: FrontPoint) -> bool:
        """Whether a point is surely faster, and as fast as asked."""
        ratio = point.ratio
        return ratio is not None and ratio.low >= 1 and ratio.value >= (self.speed_up or LEAST_GAIN)


def choose_point(points: Sequence[FrontPoint], wanted: Wanted) -> tuple[int | None, str]:
    """Position of the point that is taken, and why that one, or why none, in words."""
    good = [at for at, one in enumerate(points) if wanted.allows(one) and wanted.is_fast(one)]
    if not good:
        return None, _why_none(points, wanted)
    if wanted.speed_up is not None:
        best = min(good, key=lambda at: (points[at].error, -_speed(points[at])))
        return best, f"the least lossy one measured at {format_ratio(wanted.speed_up)} or more"
    best = max(good, key=lambda at: (_speed(points[at]), -points[at].error))
    limit = SMALL_ERROR if wanted.max_loss is None else wanted.max_loss
    return best, f"the fastest one with a held-out output error of {limit:g} or less"


def _why_none(points: Sequence[FrontPoint], wanted: Wanted) -> str:
    measured = [one for one in points if one.ratio is not None]
    allowed = [one for one in measured if wanted.allows(one)]
    if not measured:
        return "no narrower model was measured"
    if not allowed:
        least = min(measured, key=lambda one: one.error)
        return (
            f"every narrower model loses too much: an output error of {least.error:.3g} at least, "
            f"at {format_ratio(_speed(least))}"
        )
    fastest = max(allowed, key=_speed)
    return (
        f"none of those that are good enough is as fast as asked: {format_ratio(_speed(fastest))} "
        f"at best, with an output error of {fastest.error:.3g}"
    )


def _speed(point: FrontPoint) -> float:
    return point.ratio.value if point.ratio else 0.0
