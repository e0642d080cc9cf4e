"""Which weights to keep at a given sparsity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def magnitude_mask(weights: NDArray[np.generic], level: float) -> NDArray[np.bool_]:
    """Keeps all but the round(level × size) weights of least magnitude.

    Among equal magnitudes the first in memory order go first, so that the same weights
    always give the same mask. NaN counts as infinitely large.

    Args:
        weights: Any shape and floating-point type.
        level: Sparsity wanted, in [0, 1].

    Returns:
        True where the weight stays, in the shape of `weights`.
    """
    count = round(level * weights.size)
    keep = np.ones(weights.size, dtype=np.bool_)
    if count > 0:
        magnitudes = _magnitudes(weights)
        threshold = np.partition(magnitudes, count - 1)[count - 1]
        keep[magnitudes < threshold] = False
        ties = np.flatnonzero(magnitudes == threshold)
        keep[ties[: count - np.count_nonzero(~keep)]] = False
    return keep.reshape(weights.shape)


def _magnitudes(weights: NDArray[np.generic]) -> NDArray[np.floating]:
    # half types sort slowly and bfloat16 is not numpy's own; both are exact in float32
    exact = np.float64 if weights.dtype.itemsize > 4 else np.float32
    magnitudes: NDArray[np.floating] = np.abs(weights.astype(exact)).ravel()
    magnitudes[np.isnan(magnitudes)] = np.inf
    return magnitudes
