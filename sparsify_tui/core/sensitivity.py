"""Scores from weights, and distances between a model's outputs before and after a change.

Imports numpy: neither the interface nor the workbench may import this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BINS = 1 << 16
_LAST_FINITE_BIN = 0x7F7F


@dataclass(frozen=True, slots=True, kw_only=True)
class MagnitudeHistogram:
    """Counts and energies of |w| over the upper 16 bits of its float32 pattern.

    A float's bits sort like its magnitude, so one pass serves every level, exactly but
    for the inside of one bin (at most 1/128 of the threshold).
    """

    counts: Floats
    """Running number of weights up to the end of each bin, shape [65536]."""
    energies: Floats
    """Running sum of w² likewise."""

    @property
    def size(self) -> float:
        """Number of weights."""
        return float(self.counts[-1])

    def removed_energy(self, levels: Sequence[float]) -> Floats:
        """Share of Σw² that lies in the fraction `levels` of least magnitude, shape [levels]."""
        total = self.energies[-1]
        if total == 0:
            return np.zeros(len(levels))
        ranks = np.concatenate([[0.0], self.counts])
        energies = np.concatenate([[0.0], self.energies])
        return np.asarray(np.interp(np.asarray(levels) * self.size, ranks, energies) / total)

    def magnitudes(self, levels: Sequence[float]) -> Floats:
        """|w| below which the fraction `levels` of the weights lies, shape [levels]."""
        wanted = np.asarray(levels) * self.size
        bins = np.minimum(np.searchsorted(self.counts, wanted, side="left"), _BINS - 1)
        before = np.where(bins > 0, self.counts[bins - 1], 0.0)
        inside = np.maximum(self.counts[bins] - before, 1.0)
        part = np.clip((wanted - before) / inside, 0, 1)
        low, high = _bin_edges(bins), _bin_edges(bins + 1)
        return np.asarray(low + part * (high - low), dtype=np.float64)


def _bin_edges(bins: NDArray[np.int64]) -> Floats:
    patterns = np.minimum(bins, _LAST_FINITE_BIN).astype(np.uint32) << np.uint32(16)
    return patterns.view(np.float32).astype(np.float64)


def histogram_of(weights: NDArray[np.floating]) -> MagnitudeHistogram:
    """The histogram of a weight of any shape; values that are not finite are left out."""
    magnitudes = np.abs(np.ascontiguousarray(weights, dtype=np.float32)).ravel()
    magnitudes = magnitudes[np.isfinite(magnitudes)]
    bins = (magnitudes.view(np.uint32) >> np.uint32(16)).astype(np.int64)
    counts = np.bincount(bins, minlength=_BINS)
    squares = np.bincount(bins, weights=np.square(magnitudes, dtype=np.float64), minlength=_BINS)
    return MagnitudeHistogram(
        counts=np.cumsum(counts, dtype=np.float64), energies=np.cumsum(squares)
    )


Outputs = Sequence[NDArray[np.generic]]


def relative_error(base: Outputs, changed: Outputs) -> float:
    """MSE(changed, base) ÷ variance(base), summed over the float outputs; ≥ 0.

    An output that does not vary carries no information and is left out.
    """
    total = 0.0
    for before, after in _floats(base, changed):
        variance = float(np.var(before))
        if variance > 0:
            total += float(np.mean(np.square(after - before))) / variance
    return total


def divergence(base: Outputs, changed: Outputs) -> float:
    """KL(softmax(base) ‖ softmax(changed)) over the last axis of the first output, averaged."""
    before, after = next(_floats(base, changed))
    p, q = _probabilities(before), _probabilities(after)
    tiny = np.finfo(np.float64).tiny
    terms = p * (np.log(np.maximum(p, tiny)) - np.log(np.maximum(q, tiny)))
    return float(np.mean(np.sum(terms, axis=-1)))


def cosine_distance(base: Outputs, changed: Outputs) -> float:
    """1 − mean cosine of the flattened outputs, in [0, 2]."""
    cosines = []
    for before, after in _floats(base, changed):
        norm = float(np.linalg.norm(before) * np.linalg.norm(after))
        if norm > 0:
            cosines.append(float(np.vdot(before, after)) / norm)
    return 1 - float(np.mean(cosines)) if cosines else 0.0


def disagreement(base: Outputs, changed: Outputs) -> float:
    """1 − share of rows of the first output whose largest entry is the same."""
    before, after = base[0], changed[0]
    return 1 - float(np.mean(np.argmax(before, axis=-1) == np.argmax(after, axis=-1)))


def top1(outputs: Outputs, labels: NDArray[np.integer]) -> float:
    """Share of samples whose largest entry of the first output is the label.

    Args:
        outputs: The first of shape [samples, classes].
        labels: Shape [samples].
    """
    return float(np.mean(np.argmax(outputs[0], axis=-1) == labels))


DISTANCES: Mapping[str, Callable[[Outputs, Outputs], float]] = {
    "mse": relative_error,
    "kl": divergence,
    "cosine": cosine_distance,
    "agreement": disagreement,
}


def _floats(base: Outputs, changed: Outputs) -> Iterator[tuple[Floats, Floats]]:
    for before, after in zip(base, changed, strict=True):
        if np.issubdtype(before.dtype, np.floating):
            yield before.astype(np.float64), after.astype(np.float64)


def _probabilities(output: Floats) -> Floats:
    """Softmax over the last axis, unless the rows already sum to 1."""
    if np.all(output >= 0) and np.allclose(output.sum(axis=-1), 1, atol=1e-4):
        return output
    shifted = np.exp(output - output.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
