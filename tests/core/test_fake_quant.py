from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sparsify_tui.core.fake_quant import fake_quantize, fake_quantize_activation, symmetric_scales

weights = arrays.arrays(
    dtype=st.sampled_from([np.float32, np.float64]),
    shape=arrays.array_shapes(min_dims=2, max_dims=3, max_side=6),
    elements=st.floats(-100, 100, width=32),
)
bits = st.sampled_from([8, 4])
axes = st.sampled_from([None, 0, 1])


@settings(max_examples=50, deadline=None)
@given(weights, bits, axes)
def test_every_weight_is_off_by_half_a_scale_at_most(values, width, axis):
    found = fake_quantize(values, bits=width, axis=axis)
    scales = symmetric_scales(values, bits=width, axis=axis)
    assert found.dtype == values.dtype
    assert np.all(np.abs(found - values) <= scales * 0.5001)


@settings(max_examples=50, deadline=None)
@given(weights, bits, axes)
def test_rounding_twice_is_rounding_once(values, width, axis):
    once = fake_quantize(values, bits=width, axis=axis)
    twice = fake_quantize(once, bits=width, axis=axis)
    np.testing.assert_allclose(twice, once, rtol=1e-6, atol=0)


@settings(max_examples=50, deadline=None)
@given(weights, bits, st.sampled_from([0, 1]))
def test_a_channel_holds_no_more_numbers_than_its_bits_can_name(values, width, axis):
    found = fake_quantize(values, bits=width, axis=axis)
    for channel in np.moveaxis(found, axis, 0):
        assert np.unique(channel).size <= 2**width - 1


@settings(max_examples=50, deadline=None)
@given(weights, bits, st.sampled_from([0, 1]))
def test_no_channel_has_a_larger_bound_on_its_error_than_the_whole_tensor(values, width, axis):
    own = symmetric_scales(values, bits=width, axis=axis)
    assert np.all(own <= symmetric_scales(values, bits=width) * (1 + 1e-12))


@settings(max_examples=50, deadline=None)
@given(weights, axes)
def test_the_largest_weight_of_all_stays_what_it_is(values, axis):
    at = np.unravel_index(np.abs(values).argmax(), values.shape)
    found = fake_quantize(values, bits=8, axis=axis)
    assert found[at] == pytest.approx(values[at], rel=1e-6, abs=1e-7)


def test_a_large_channel_does_not_blur_a_small_one():
    values = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    values[0] *= 1000
    whole, channels = (np.abs(fake_quantize(values, bits=8, axis=a) - values) for a in (None, 0))
    assert np.all(channels[1:].max(axis=1) < whole[1:].max(axis=1) / 50)


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_zeros_stay_zeros(axis):
    assert not fake_quantize(np.zeros((3, 4), np.float32), bits=8, axis=axis).any()


def test_half_types_are_rounded_as_the_float32_that_they_are():
    values = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float16)
    found = fake_quantize(values, bits=8, axis=0)
    assert found.dtype == np.float16
    exact = fake_quantize(values.astype(np.float32), bits=8, axis=0)
    np.testing.assert_array_equal(found, exact.astype(np.float16))


def test_a_channel_far_below_the_largest_shares_a_ten_thousandth_of_its_scale():
    values = np.array([[127.0, 1.0], [1e-6, 0.0], [0.0, 0.0]])
    assert symmetric_scales(values, bits=8, axis=0).ravel().tolist() == [1, 1e-4, 1e-4]


ranges = st.tuples(st.floats(-100, 100, width=32), st.floats(-100, 100, width=32)).map(sorted)
activations = arrays.arrays(np.float32, 20, elements=st.floats(-300, 300, width=32))


@settings(max_examples=50, deadline=None)
@given(activations, ranges)
def test_activations_come_back_within_half_a_scale_or_clipped(x, bounds):
    low, high = min(bounds[0], 0), max(bounds[1], 0)
    found = fake_quantize_activation(x, *bounds)
    scale = (high - low) / 255
    assert found.dtype == x.dtype
    assert np.unique(found).size <= 256
    # the zero point is rounded, too: both ends may move by half a scale
    assert np.all(np.abs(found - np.clip(x, low, high)) <= scale * 1.001 + 1e-4)
    inside = (x > low + scale) & (x < high - scale)
    assert np.all(np.abs(found - x)[inside] <= scale * 0.501 + 1e-5)


@settings(max_examples=50, deadline=None)
@given(activations, ranges)
def test_activations_rounded_twice_are_rounded_once(x, bounds):
    once = fake_quantize_activation(x, *bounds)
    np.testing.assert_allclose(fake_quantize_activation(once, *bounds), once, rtol=1e-5, atol=1e-6)


def test_what_is_far_out_of_the_range_comes_back_as_its_end():
    with np.errstate(all="raise"):
        found = fake_quantize_activation(np.array([-3e38, 3e38], np.float32), 0.0, 1e-3)
    np.testing.assert_allclose(found, [0, 1e-3], rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(ranges)
def test_zero_is_exact_whatever_the_range(bounds):
    assert fake_quantize_activation(np.zeros(3, np.float32), *bounds).tolist() == [0, 0, 0]


@pytest.mark.parametrize("bounds", [(-1.0, 1.0), (0.0, 0.0)])
def test_an_activation_that_is_no_number_stays_none(bounds):
    x = np.array([np.nan, 0.5], np.float32)
    assert np.isnan(fake_quantize_activation(x, *bounds)).tolist() == [True, False]


@pytest.mark.parametrize("high", [0.0, 1e-45, 1e-38])
def test_a_tensor_that_was_always_zero_is_always_zero(high):
    x = np.array([-1.0, 0.0, 3.0], np.float32)
    assert fake_quantize_activation(x, 0.0, high).tolist() == [0, 0, 0]
