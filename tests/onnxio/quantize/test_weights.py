"""Integer weights are near the float ones, and integer biases never overflow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.fake_quant import fake_quantize
from sparsify_tui.onnxio.quantize.weights import Integers, integer_bias, integer_weight
from tests.onnxio.quantize.nets import normal

SIZES = st.floats(1e-6, 1e6)


def meant(integers: Integers) -> np.ndarray:
    shape = [1] * integers.values.ndim
    shape[integers.axis] = -1
    return integers.values.astype(np.float64) * integers.scale.reshape(shape)


@given(seed=st.integers(0, 999), size=SIZES, axis=st.integers(0, 1))
@settings(max_examples=40, deadline=None)
def test_a_weight_is_off_by_at_most_half_its_channels_scale(
    seed: int, size: float, axis: int
) -> None:
    weights = normal(6, 5, seed=seed, spread=size)
    held = integer_weight(weights, axis, None, 0.1)
    limit = held.scale.max() * 0.5001
    assert held.values.dtype == np.int8
    assert np.abs(held.values).max() == 127
    assert np.abs(meant(held) - weights).max() <= limit


@given(seed=st.integers(0, 999), small=st.floats(1e-12, 1), large=SIZES, scale=SIZES)
@settings(max_examples=60, deadline=None)
def test_a_bias_fits_whatever_the_sizes_are(
    seed: int, small: float, large: float, scale: float
) -> None:
    weights, bias = normal(4, 8, seed=seed, spread=small), normal(4, seed=seed, spread=large)
    held = integer_weight(weights, 0, bias, scale)
    integers = integer_bias(bias, held.scale, scale)
    assert integers.values.dtype == np.int32
    assert np.abs(integers.values.astype(np.int64)).max() <= 2**29 * 1.001
    assert meant(integers) == pytest.approx(bias, rel=1e-5, abs=float(integers.scale.max()))


@given(seed=st.integers(0, 99), size=SIZES, axis=st.integers(0, 1))
@settings(max_examples=20, deadline=None)
def test_what_is_written_is_what_was_measured(seed: int, size: float, axis: int) -> None:
    weights = normal(6, 5, seed=seed, spread=size)
    held = integer_weight(weights, axis, None, 0.1)
    scales = np.expand_dims(held.scale, 1 - axis)
    assert np.array_equal(held.values * scales, fake_quantize(weights, bits=8, axis=axis))


def test_channels_of_zeros_get_a_scale_that_is_not_zero() -> None:
    weights = np.zeros((3, 4), np.float32)
    weights[0] = 127
    held = integer_weight(weights, 0, None, 1.0)
    assert held.scale == pytest.approx([1, 1e-4, 1e-4])
    assert integer_weight(0 * weights, 0, None, 1.0).scale.min() > 0
