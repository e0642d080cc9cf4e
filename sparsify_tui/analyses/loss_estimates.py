"""What stands in for losses that are not measured yet: the energy that pruning removes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

import numpy as np

from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.core.anchors import anchored
from sparsify_tui.core.loss_profile import LayerLoss, Losses
from sparsify_tui.core.model import Layer
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.sensitivity import magnitude_curve

_FRACTIONS = tuple(at / 100 for at in range(101))
_DIGITS = 7
"""What a float32 holds; more would only make documents longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weight:
    """What a layer's weight alone tells; empty where it is not finite."""

    magnitudes: tuple[float, ...] = ()
    energies: tuple[float, ...] = ()
    """Share of Σw² that each level removes; empty where there is no such pruning of it."""


class Estimates:
    """Curves from the weights alone; each weight is read once, on first use.

    Args:
        evaluator: Of the model.
        levels: Of the profile.
        structure: Of the pruning.
    """

    def __init__(self, evaluator: Evaluator, levels: Sequence[float], structure: str) -> None:
        self._evaluator = evaluator
        self._levels = tuple(levels)
        self._structure = structure

    def magnitudes(self, layer: str) -> tuple[float, ...]:
        """|w| below which the fraction 0, 0.01, … 1 of the weights lies; empty when unknown."""
        return self._weights[layer].magnitudes

    def problem(self, layer: Layer) -> str:
        """Why the layer cannot be pruned in that structure; empty when it can."""
        return self._evaluator.replacements(layer).problem(self._structure)

    def between(self, layer: str, known: Mapping[float, float]) -> tuple[float | None, ...]:
        """Losses at all levels, from those that are known at some."""
        energies = self._weights[layer].energies
        if not energies:
            return tuple(map(known.get, self._levels))
        return tuple(map(short, anchored(self._levels, energies, known)))

    def scales(self, rows: Sequence[LayerLoss]) -> tuple[float, ...]:
        """What a share of removed energy costs in the median layer, level by level."""
        return tuple(self._scale(at, rows) for at in range(len(self._levels)))

    def scaled(self, losses: Losses, layer: str, scales: Sequence[float]) -> Losses | None:
        """The energies of a layer in the unit of measured losses; None without any."""
        pairs = zip(self._weights[layer].energies, scales, strict=False)
        values = tuple(short(energy * scale) for energy, scale in pairs)
        return replace(losses, values=values) if values else None

    def _scale(self, at: int, rows: Sequence[LayerLoss]) -> float:
        ratios = [
            (row.pruning.values[at] or 0.0) / energies[at]
            for row in rows
            if row.pruning.is_measured(at)
            and (energies := self._weights[row.id].energies)
            and energies[at] > 0
        ]
        return median(ratios) if ratios else 1.0

    @cached_property
    def _weights(self) -> Mapping[str, _Weight]:
        return {layer.id: self._weight(layer) for layer in self._evaluator.layers}

    def _weight(self, layer: Layer) -> _Weight:
        numbers = self._evaluator.opened.loaded.constants.numbers(layer.weight)
        assert numbers is not None, "a layer was read from this weight"
        curve = magnitude_curve(numbers)
        if not curve.is_finite:
            return _Weight()
        if self._structure == "unstructured":
            energies = curve.removed_energy(self._levels)
        elif self.problem(layer):
            energies = np.zeros(0)
        else:
            replacements = self._evaluator.replacements(layer)
            energies = replacements.energies(self._levels, self._structure)
        return _Weight(
            magnitudes=_rounded(curve.magnitudes(_FRACTIONS)), energies=tuple(energies.tolist())
        )


def short(value: float | None) -> float | None:
    """A number as it is kept."""
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values)
