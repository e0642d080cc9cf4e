"""Scores from weights: how many lie below each magnitude, and what they add up to.

Imports numpy: neither the interface nor the workbench may import this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_Weights = NDArray[np.float32]

_MOST_READ = 1 << 17
"""Weights of a layer that are all read; of more, an eighth is, or as many as these."""
_RUN = 16
"""Weights read in a row where not all are: a line of the cache."""
_GOLDEN = (5**0.5 - 1) / 2
_CHUNK = 1 << 17
"""Weights counted at a time, which stay in the cache."""
_BINS = 1 << 15
"""By the exponent and the first 7 bits of the mantissa."""
_FIRST_INFINITE = 0x7F80
_SANE = (1e-20, 1e30)
"""Sums of squares that float32 adds up without loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MagnitudeCurve:
    """How many weights lie below each magnitude, and which share of Σw² they hold.

    A float32's bits sort like its magnitude: the upper 16 of them are a bin at most 1/128 of
    the magnitude wide. Up to 131,072 weights the counts are exact, and the energies are those
    of evenly filled bins: off by 0.5 % of Σw² at the very most, and by 0.01 % on weights that
    are spread smoothly. For larger layers see `magnitude_curve`.
    """

    ranks: Floats
    """Running number of weights up to the end of each bin that has some, after a 0."""
    energies: Floats
    """Running share of Σw² likewise, from 0 to 1."""
    lows: Floats
    """Least magnitude of each of these bins."""
    highs: Floats
    is_finite: bool
    """Whether there is neither NaN nor infinity; these are left out."""

    def removed_energy(self, levels: Sequence[float]) -> Floats:
        """Share of Σw² that goes with the round(level × size) least weights, shape [levels]."""
        counts = np.round(np.asarray(levels) * self.ranks[-1])
        return np.asarray(np.interp(counts, self.ranks, self.energies))

    def magnitudes(self, levels: Sequence[float]) -> Floats:
        """|w| below which the fraction `levels` of the weights lies, shape [levels]; 0 at 0."""
        if not self.lows.size:
            return np.zeros(len(levels))
        wanted = np.asarray(levels) * self.ranks[-1]
        bins = np.searchsorted(self.ranks[1:], wanted).clip(max=self.lows.size - 1)
        before, after = self.ranks[bins], self.ranks[bins + 1]
        part = np.clip((wanted - before) / (after - before), 0, 1)
        found = self.lows[bins] + part * (self.highs[bins] - self.lows[bins])
        return np.where(wanted > 0, found, 0.0)


def magnitude_curve(weights: NDArray[Any]) -> MagnitudeCurve:
    """The curve of a weight of any shape and floating-point type.

    Of more than 131,072 weights an eighth is read, or as many as these, in short runs spread
    evenly by the golden ratio, so that no period in the tensor is favoured; Σw² is that of all.
    Ranks are then off by 0.3 % of the weights, two standard errors of weights in random order,
    and energies by up to 1 % of Σw²; from two million weights on by half of it.
    """
    flat = np.ascontiguousarray(weights, dtype=np.float32).ravel()
    read, energy = _spread(flat), _energy(flat)
    counts = _counts(read)
    bins = np.flatnonzero(counts > 0)
    inside, lows, highs = counts[bins], _bin_edges(bins), _bin_edges(bins + 1)
    sums = np.cumsum(inside * (lows**2 + lows * highs + highs**2) / 3)  # evenly filled bins
    return MagnitudeCurve(
        ranks=np.concatenate([[0.0], np.cumsum(inside, dtype=np.float64)]),
        energies=np.concatenate([[0.0], _shares(sums, read, energy / max(flat.size, 1))]),
        lows=lows,
        highs=highs,
        is_finite=bool(np.isfinite(energy)),
    )


def _shares(sums: Floats, read: _Weights, mean: float) -> Floats:
    """Running sums over the weights read as shares of what all would have.

    Args:
        sums: Of w², bin after bin.
        read: The weights read.
        mean: Of w² over all weights. A few may hold much of it: whether these were read
            must not matter to the shares of the others.
    """
    if mean == 0 or not sums.size:
        return np.zeros(sums.size)
    part = _energy(read) / (mean * read.size) if np.isfinite(mean) else 1.0
    shares = np.minimum(sums / sums[-1] * part, 1)
    shares[-1] = 1
    return np.asarray(shares)


def _energy(weights: _Weights) -> float:
    """Σw²; not finite where a weight is not."""
    with np.errstate(over="ignore"):
        total = sum(float(np.dot(part, part)) for part in _chunks(weights))
    if _SANE[0] < total < _SANE[1]:
        return total
    return float(np.square(weights, dtype=np.float64).sum())


def _spread(flat: _Weights) -> _Weights:
    """The weights that are read."""
    if flat.size <= _MOST_READ:
        return flat
    runs = flat[: flat.size // _RUN * _RUN].reshape(-1, _RUN)
    step = flat.size // max(_MOST_READ, flat.size // 8) + _GOLDEN
    return runs.take(np.arange(0, len(runs), step).astype(np.intp), axis=0).ravel()


def _counts(weights: _Weights) -> NDArray[np.int64]:
    """Weights in each bin of finite ones."""
    counts = np.zeros(_BINS, dtype=np.int64)
    for part in _chunks(weights):
        upper = (part.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
        found = np.bincount(upper & np.uint16(_BINS - 1))
        counts[: found.size] += found
    return counts[:_FIRST_INFINITE]


def _chunks(flat: _Weights) -> Iterator[_Weights]:
    return (flat[at : at + _CHUNK] for at in range(0, flat.size, _CHUNK))


def _bin_edges(bins: NDArray[np.intp]) -> Floats:
    patterns = np.minimum(bins, _FIRST_INFINITE - 1).astype(np.uint32) << np.uint32(16)
    return patterns.view(np.float32).astype(np.float64)
