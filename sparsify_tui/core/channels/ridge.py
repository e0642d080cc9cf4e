"""Least squares that brings a narrowed product back to its old outputs.

All that is needed of the rows are their sums of products, by fold: rows are never kept.

Imports numpy: neither the interface nor the workbench may import this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.protocols import Array

Floats: TypeAlias = NDArray[np.float64]

STRENGTHS = (1e-4, 1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0)
"""Of the pull towards the weights that are there, relative to the mean power of the inputs."""
FOLDS = 4
WIDE = 800
"""Input columns from which strengths are tried on one fold instead of all, and fewer of them."""
_WIDE_STRENGTHS = STRENGTHS[1::2]
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums over rows of inputs x [g, n, k] and targets t [g, n, m], for g products side by side."""

    count: int
    inputs: Floats
    """Σ x, shape [g, k]."""
    targets: Floats
    """Σ t, shape [g, m]."""
    powers: Floats
    """Σ x xᵀ, shape [g, k, k]."""
    mixed: Floats
    """Σ x tᵀ, shape [g, k, m]."""
    squares: Floats
    """Σ |t|², shape [g]."""

    def __add__(self, other: Sums) -> Sums:
        return self._merged(other, 1)

    def __sub__(self, other: Sums) -> Sums:
        return self._merged(other, -1)

    @property
    def means(self) -> tuple[Floats, Floats]:
        """Of inputs and targets."""
        return self.inputs / max(self.count, 1), self.targets / max(self.count, 1)

    def _merged(self, other: Sums, sign: int) -> Sums:
        return Sums(
            count=self.count + sign * other.count,
            inputs=self.inputs + sign * other.inputs,
            targets=self.targets + sign * other.targets,
            powers=self.powers + sign * other.powers,
            mixed=self.mixed + sign * other.mixed,
            squares=self.squares + sign * other.squares,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A change of weights and biases: t ≈ x · weights + bias."""

    weights: Floats
    """Shape [g, k, m]."""
    bias: Floats
    """Shape [g, m]."""

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not self.weights.any() and not self.bias.any()


def sums_of(inputs: Array, targets: Array) -> Sums:
    """The sums of some rows.

    Wide inputs are multiplied in the precision that they come in, half types in float32: that
    takes half the time of float64. What is added up over many such calls is float64 all the same.

    Args:
        inputs: Shape [g, n, k].
        targets: Shape [g, n, m].
    """
    is_wide = inputs.shape[2] > WIDE
    precision = np.promote_types(inputs.dtype, np.float32) if is_wide else np.dtype(np.float64)
    inputs = np.ascontiguousarray(inputs, dtype=precision)
    exact = np.ascontiguousarray(targets, dtype=np.float64)
    across = inputs.transpose(0, 2, 1)
    return Sums(
        count=inputs.shape[1],
        inputs=inputs.sum(axis=1, dtype=np.float64),
        targets=exact.sum(axis=1),
        powers=(across @ inputs).astype(np.float64),
        mixed=(across @ exact.astype(inputs.dtype)).astype(np.float64),
        squares=np.einsum("gnm,gnm->g", exact, exact),
    )


def fitted(folds: Sequence[Sums], *, has_bias: bool = True) -> Correction:
    """The ridge solution, its strength chosen for each product by leaving out folds.

    Where no strength beats a change of the bias alone on what was left out, weights stay as they
    are; so do those of which there is only one fold.

    Args:
        folds: Sums by fold; no sample may be in two of them.
        has_bias: Whether there is a bias to change.
    """
    whole = reduce(add, folds)
    chosen = _chosen_strengths(folds, whole, has_bias=has_bias)
    return _Centred(whole, has_bias=has_bias).solved(chosen)


def error_of(sums: Sums, correction: Correction) -> Floats:
    """Σ |t − x · weights − bias|² of each product, shape [g]."""
    change, bias = correction.weights, correction.bias
    mixed = sums.mixed - _outer(sums.inputs, bias)
    squares = sums.squares + ((sums.count * bias - 2 * sums.targets) * bias).sum(axis=1)
    spread = (change * (sums.powers @ change - 2 * mixed)).sum(axis=(1, 2))
    return np.asarray(np.maximum(squares + spread, 0))


def bias_of(folds: Sequence[Sums]) -> Correction:
    """The change of the bias alone: the mean of what is missing."""
    whole = reduce(add, folds)
    return Correction(weights=np.zeros_like(whole.mixed), bias=whole.means[1])


def best_of(corrections: Sequence[Correction], held_out: Sums) -> Correction:
    """For each product the best of some corrections, or none, on rows that took no part."""
    weights = np.stack([np.zeros_like(held_out.mixed), *(one.weights for one in corrections)])
    bias = np.stack([np.zeros_like(held_out.targets), *(one.bias for one in corrections)])
    errors = np.stack([held_out.squares, *(error_of(held_out, one) for one in corrections)])
    best = np.argmin(np.where(np.isnan(errors), np.inf, errors), axis=0)
    at = np.arange(len(best))
    return Correction(weights=weights[best, at], bias=bias[best, at])


def _chosen_strengths(folds: Sequence[Sums], whole: Sums, *, has_bias: bool) -> Floats:
    """Of each product the strength that errs least on folds left out; infinite for no change."""
    unchanged = np.full(len(whole.inputs), np.inf)
    if len(folds) < 2:
        return unchanged
    is_wide = whole.inputs.shape[1] > WIDE
    strengths = np.array([*(_WIDE_STRENGTHS if is_wide else STRENGTHS), np.inf])
    errors = np.zeros((len(strengths), len(unchanged)))
    for fold in folds[:1] if is_wide else folds:
        rest = _Centred(whole - fold, has_bias=has_bias)
        for at, strength in enumerate(strengths):
            errors[at] += error_of(fold, rest.solved(np.full_like(unchanged, strength)))
    return np.asarray(strengths[np.argmin(errors, axis=0)])


class _Centred:
    """Normal equations around the means, where a bias makes up for these."""

    def __init__(self, sums: Sums, *, has_bias: bool) -> None:
        inputs, targets = sums.means
        self._inputs = inputs if has_bias else np.zeros_like(inputs)
        self._targets = targets if has_bias else np.zeros_like(targets)
        self._powers = sums.powers - sums.count * _outer(self._inputs, self._inputs)
        self._mixed = sums.mixed - sums.count * _outer(self._inputs, self._targets)
        self._mean = np.trace(self._powers, axis1=1, axis2=2) / inputs.shape[1] + _NOTHING

    def solved(self, strengths: Floats) -> Correction:
        """The ridge solutions; an infinite strength leaves the weights as they are."""
        weights = np.zeros_like(self._mixed)
        some = np.flatnonzero(np.isfinite(strengths))
        if some.size:
            powers = self._powers[some]
            diagonal = np.arange(powers.shape[1])
            powers[:, diagonal, diagonal] += (strengths * self._mean)[some, None]
            weights[some] = np.linalg.solve(powers, self._mixed[some])
        return Correction(
            weights=weights, bias=self._targets - (self._inputs[:, None] @ weights)[:, 0]
        )


def _outer(first: Floats, second: Floats) -> Floats:
    return np.asarray(first[:, :, None] * second[:, None, :])
