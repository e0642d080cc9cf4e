"""Repairs a weight matrix that is pruned: the weights that stay make up for those that go.

Optimal Brain Surgeon (Hassibi and Stork 1993) corrects the weights that stay for each one that
is removed, in the norm of the layer's inputs; done for all that go, this is least squares over
what stays, which SparseGPT (Frantar and Alistarh 2023) approaches column by column. Here it is
solved by conjugate gradients, all rows side by side, and the mask is made in rounds: score,
remove some, fit, score again. Scores are those of Wanda (Sun et al. 2024).

Weights are [groups, rows, columns]: a row makes one output from the inputs of its group.

Imports numpy: neither the interface nor the workbench may import this file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.channels.ridge import WIDE, Correction, Sums, error_of
from sparsify_tui.core.masks import Mask, magnitude_mask

Floats: TypeAlias = NDArray[np.floating]
Choice: TypeAlias = Callable[[Floats, float], Mask]
"""The mask that keeps the highest scores, shape [groups, rows, columns], at a level."""

DAMPINGS = (0.003, 0.03, 0.3)
"""That are tried; SparseGPT has 0.01."""
_STEPS = 10
"""Of conjugate gradients in a round; more changes the third digit of a layer's error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastSquares:
    """What a layer is to give, as normal equations.

    The error of weights V is ‖V X − Y‖² + damping · ‖V − W‖², less what does not depend on V,
    with W the weights as they are.
    """

    gram: Floats
    """X Xᵀ plus the damping on its diagonal, shape [groups, columns, columns]."""
    cross: Floats
    """Y Xᵀ plus the damping times W, shape [groups, rows, columns]."""

    @property
    def diagonal(self) -> Floats:
        """Of the left side, shape [groups, 1, columns]."""
        return np.diagonal(self.gram, axis1=-2, axis2=-1)[:, None]

    def error(self, weights: Floats) -> float:
        """Less a constant, so that it may be negative; it only serves to compare."""
        return float(np.sum((weights @ self.gram - 2 * self.cross) * weights))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedWeights:
    """A layer's weights at its level."""

    change: Correction
    """From the weights as they were."""
    is_repaired: bool
    """Whether those that stay were fitted; if not, this is the plain mask."""


def pruned_weights(
    weights: Floats, level: float, folds: Sequence[Sums], held_out: Sums, *, has_bias: bool
) -> PrunedWeights:
    """The better of the plain mask and of fitted weights, on rows that took no part.

    Args:
        weights: As they are.
        level: Sparsity wanted, in [0, 1].
        folds: Of its inputs, and of what its outputs lack with these weights; no sample may be
            in two of them.
        held_out: The same of further samples.
        has_bias: Whether there is a bias to change.
    """
    whole = reduce(add, folds)
    plain = np.where(magnitude_mask(weights, level), weights, 0.0)
    damping = _best_damping(weights, level, folds, whole, has_bias=has_bias)
    equations = least_squares(weights, whole, damping, has_bias=has_bias)
    fitted = prune_fitted(weights, level, equations)
    as_it_is = correction_to(plain, weights, whole, has_bias=False)
    repaired = correction_to(fitted, weights, whole, has_bias=has_bias)
    before, after = (error_of(held_out, one).sum() for one in (as_it_is, repaired))
    is_repaired = bool(after < before)
    return PrunedWeights(change=repaired if is_repaired else as_it_is, is_repaired=is_repaired)


def least_squares(weights: Floats, sums: Sums, damping: float, *, has_bias: bool) -> LeastSquares:
    """The equations of a layer.

    Args:
        weights: As they are.
        sums: Of its inputs, and of what its outputs lack with these weights.
        damping: How much weights are held where they are, relative to the mean square of the
            inputs.
        has_bias: Whether a bias makes up for the means.
    """
    inputs, targets = sums.means if has_bias else (0 * sums.inputs, 0 * sums.targets)
    gram = sums.powers - sums.count * inputs[:, :, None] * inputs[:, None, :]
    lacking = sums.mixed - sums.count * inputs[:, :, None] * targets[:, None, :]
    held = damping * np.trace(gram, axis1=1, axis2=2) / gram.shape[-1]
    held = np.where(held > 0, held, 1.0)[:, None, None]  # inputs may be all zero
    damped = gram + held * np.eye(gram.shape[-1])
    cross = lacking.transpose(0, 2, 1) + weights @ damped
    dtype = np.float32 if gram.shape[-1] > WIDE else np.float64  # takes half the time
    return LeastSquares(gram=damped.astype(dtype), cross=cross.astype(dtype))


def correction_to(changed: Floats, weights: Floats, sums: Sums, *, has_bias: bool) -> Correction:
    """The change that turns the weights into the changed ones, with the bias that goes with it."""
    difference = (changed - weights).transpose(0, 2, 1)
    inputs, targets = sums.means
    moved = (inputs[:, None] @ difference)[:, 0]
    return Correction(weights=difference, bias=targets - moved if has_bias else 0 * targets)


def prune_fitted(
    weights: Floats,
    level: float,
    equations: LeastSquares,
    choose: Choice = magnitude_mask,
    rounds: int = 4,
) -> Floats:
    """The weights at a level of sparsity, those that stay fitted to what the layer is to give.

    A weight that is zero stays zero. The error is never above that of the plain mask, which
    is `choose` of the magnitudes.

    Args:
        weights: As they are.
        level: Sparsity wanted, in [0, 1]; reached exactly as `choose` does.
        equations: Of the same layer.
        choose: Makes the masks.
        rounds: Levels on the way; 1 for a structure that has no level but its own.
    """
    fitted = weights
    for done in range(1, rounds + 1):
        share = 1 - (1 - level) ** (done / rounds) if done < rounds else level
        keep = choose(_scores(fitted, weights, equations), share) & (weights != 0)
        fitted = fit_kept(fitted, keep, equations)
    plain = np.where(choose(np.abs(weights), level), weights, 0)
    if equations.error(fitted) <= equations.error(plain):
        return fitted
    return fit_kept(plain, plain != 0, equations)


def fit_kept(start: Floats, keep: Mask, equations: LeastSquares, steps: int = _STEPS) -> Floats:
    """Lowers the error over the weights that are kept; each row by itself.

    Conjugate gradients, preconditioned with the diagonal: the error never rises.

    Args:
        start: What is not kept counts as zero.
        keep: True where a weight may be other than zero.
        equations: Of the layer.
        steps: At most as many as there are columns are of use.
    """
    scale = 1 / equations.diagonal
    found = np.where(keep, start, 0).astype(equations.gram.dtype)
    rest = np.where(keep, equations.cross - found @ equations.gram, 0)
    direction = rest * scale
    size = _dots(rest, direction)
    for _ in range(steps):
        image = np.where(keep, direction @ equations.gram, 0)
        length = _ratio(size, _dots(direction, image))
        found, rest = found + length * direction, rest - length * image
        before, size = size, _dots(rest, rest * scale)
        direction = rest * scale + _ratio(size, before) * direction
    return found


def _best_damping(
    weights: Floats, level: float, folds: Sequence[Sums], whole: Sums, *, has_bias: bool
) -> float:
    """The one that errs least on two folds left out in turn; on one where the layer is wide."""
    if len(folds) < 2:
        return DAMPINGS[-1]
    errors = dict.fromkeys(DAMPINGS, 0.0)
    for fold in folds[: 1 if weights.shape[-1] > WIDE else 2]:
        rest = whole - fold
        for damping in DAMPINGS:
            equations = least_squares(weights, rest, damping, has_bias=has_bias)
            fitted = prune_fitted(weights, level, equations, rounds=1)
            change = correction_to(fitted, weights, rest, has_bias=has_bias)
            errors[damping] += float(error_of(fold, change).sum())
    return min(errors, key=errors.__getitem__)


def _scores(fitted: Floats, weights: Floats, equations: LeastSquares) -> Floats:
    """Magnitude times the norm of the input; 0 for what was zero before, and for that alone."""
    scores = np.abs(fitted) * np.sqrt(equations.diagonal)
    return np.where(weights != 0, np.maximum(scores, np.finfo(scores.dtype).tiny), 0.0)


def _dots(left: Floats, right: Floats) -> Floats:
    """Of each row, shape [groups, rows, 1]."""
    return np.asarray(np.einsum("grc,grc->gr", left, right)[..., None])


def _ratio(above: Floats, below: Floats) -> Floats:
    """Their quotient; 0 for a row that is done."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
