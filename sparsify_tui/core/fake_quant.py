"""Numbers as they come back from few bits: rounded to integers, and scaled back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SMALLEST_SHARE = 1e-4
"""Of the largest channel's scale, which a channel of zeros gets, too."""
_SMALLEST_SCALE = 1e-9
_LARGEST_UINT8 = 255


def fake_quantize(weights: NDArray[Any], *, bits: int, axis: int | None = None) -> NDArray[Any]:
    """The weights after a trip through symmetric integers, whose zero point is 0.

    Args:
        weights: Finite, of any shape and floating-point type.
        bits: Of the integers, which go from -(2^(bits-1) - 1) to 2^(bits-1) - 1.
        axis: Each index along it has a scale of its own; None for one scale for all.

    Returns:
        In shape and type of `weights`; off by half a scale at most, and by the rounding of
        the type.
    """
    exact = weights.astype(np.float64 if weights.dtype.itemsize > 4 else np.float32, copy=False)
    scales = symmetric_scales(exact, bits=bits, axis=axis).astype(exact.dtype)
    limit = 2 ** (bits - 1) - 1
    integers = np.clip(np.rint(exact / scales), -limit, limit)
    return np.asarray((integers * scales).astype(weights.dtype))


def symmetric_scales(
    weights: NDArray[Any], *, bits: int, axis: int | None = None
) -> NDArray[np.float64]:
    """The scales of `fake_quantize`, in a shape that broadcasts against `weights`.

    A channel of zeros, or nearly so, gets the scale of a larger one's tail, not none: integer
    kernels need biases in its units.
    """
    others = tuple(index for index in range(weights.ndim) if index != axis)
    largest = np.abs(weights).max(axis=others, keepdims=True).astype(np.float64)
    scales = largest / (2 ** (bits - 1) - 1)
    floor = max(float(scales.max()) * _SMALLEST_SHARE, _SMALLEST_SCALE)
    return np.asarray(np.maximum(scales, floor), dtype=np.float64)


def fake_quantize_activation(x: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    """Activations after a trip through uint8 with a zero point; NaN stays NaN.

    Args:
        x: Any shape and floating-point type.
        low: Smallest value that calibration saw; the range is widened to hold 0.
        high: Largest value.

    Returns:
        In shape and type of `x`; what lies in the range is off by half a scale at most.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32((high - low) / _LARGEST_UINT8)
    if scale < np.finfo(np.float32).tiny:
        return np.where(np.isnan(x), x, np.zeros((), x.dtype))
    zero = np.clip(np.rint(-low / scale), 0, _LARGEST_UINT8)
    clipped = np.clip(x, low, high)  # first, since what is far off would overflow
    integers = np.clip(np.rint(clipped / scale) + zero, 0, _LARGEST_UINT8)
    return np.asarray(((integers - zero) * scale).astype(x.dtype))
