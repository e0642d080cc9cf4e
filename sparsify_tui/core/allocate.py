"""A sparsity budget becomes a level for each layer.

Both rules are heuristics with no measured loss behind them: they look at sizes and
magnitudes only, which cannot rank layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sparsify_tui.core.model import LayerId
from sparsify_tui.core.profile import Curve

HIGHEST_LEVEL = 0.99
_DIGITS = 3
_BISECTIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A layer that takes part in the budget."""

    id: LayerId
    params: int
    """Elements of its weight."""
    fixed: float | None
    """Level of a layer that is locked or switched off; None when it may be chosen."""
    magnitudes: Curve | None = None
    """Threshold |w| over level, for the global rule."""


def uniform_levels(candidates: Sequence[Candidate], target: float) -> dict[LayerId, float]:
    """The same level for every free layer, so that `target` of all weights become zero.

    What locked layers keep is made up for by the free ones, up to `HIGHEST_LEVEL`.
    """
    level = _uniform_level(candidates, target)
    return {one.id: round(level, _DIGITS) for one in _free(candidates)}


def global_levels(candidates: Sequence[Candidate], target: float) -> dict[LayerId, float]:
    """One threshold on |w| for all free layers, found by bisection.

    Weights that tie at the threshold become zero in part, the same part in each layer.
    A free layer without a magnitude curve gets the uniform level.
    """
    free = _free(candidates)
    budget = _budget(candidates, target)
    uniform = _uniform_level(candidates, target)
    largest = max((one.magnitudes.values[-1] for one in free if one.magnitudes), default=0.0)
    low, high = 0.0, 2 * largest or 1.0  # beyond the largest, which may tie as well
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _zeros(free, middle, uniform) < budget else (low, middle)
    below, above = _zeros(free, low, uniform), _zeros(free, high, uniform)
    part = min(max((budget - below) / (above - below), 0.0), 1.0) if above > below else 1.0
    return {
        one.id: round(
            (1 - part) * _level_at(one, low, uniform) + part * _level_at(one, high, uniform),
            _DIGITS,
        )
        for one in free
    }


def reached(candidates: Sequence[Candidate], levels: dict[LayerId, float]) -> float:
    """Fraction of all weights that are zero once `levels` and the fixed ones are applied."""
    total = sum(one.params for one in candidates)
    zeros = sum(
        round((levels[one.id] if one.fixed is None else one.fixed) * one.params)
        for one in candidates
    )
    return zeros / total if total else 0.0


def _free(candidates: Sequence[Candidate]) -> list[Candidate]:
    return [one for one in candidates if one.fixed is None]


def _budget(candidates: Sequence[Candidate], target: float) -> float:
    total = sum(one.params for one in candidates)
    fixed = sum(one.params * one.fixed for one in candidates if one.fixed is not None)
    return target * total - fixed


def _uniform_level(candidates: Sequence[Candidate], target: float) -> float:
    params = sum(one.params for one in _free(candidates))
    return _clip(_budget(candidates, target) / params) if params else 0.0


def _zeros(free: Sequence[Candidate], threshold: float, uniform: float) -> float:
    return sum(one.params * _level_at(one, threshold, uniform) for one in free)


def _level_at(candidate: Candidate, threshold: float, uniform: float) -> float:
    if candidate.magnitudes is None:
        return uniform
    return _clip(candidate.magnitudes.level_of(threshold))


def _clip(level: float) -> float:
    return min(max(level, 0.0), HIGHEST_LEVEL)
