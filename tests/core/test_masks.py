from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sparsify_tui.core.masks import magnitude_mask

weights = arrays.arrays(
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    shape=arrays.array_shapes(max_dims=3, max_side=6),
    elements=st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, np.inf, np.nan]),
)
levels = st.floats(0, 1)


@settings(max_examples=80, deadline=None)
@given(weights, levels)
def test_the_number_of_weights_removed_is_the_rounded_share(values, level):
    assert np.count_nonzero(~magnitude_mask(values, level)) == round(level * values.size)


@settings(max_examples=80, deadline=None)
@given(weights, levels)
def test_no_weight_removed_is_larger_than_one_kept(values, level):
    keep = magnitude_mask(values, level)
    magnitudes = np.nan_to_num(np.abs(values.astype(np.float64)), nan=np.inf, posinf=np.inf)
    if keep.any() and not keep.all():
        assert magnitudes[~keep].max() <= magnitudes[keep].min()


@settings(max_examples=80, deadline=None)
@given(weights, levels, levels)
def test_what_a_lower_level_removes_a_higher_one_removes_too(values, one, other):
    low, high = sorted((one, other))
    assert not (magnitude_mask(values, high) & ~magnitude_mask(values, low)).any()


def test_a_large_weight_is_split_where_sorting_would_split_it():
    values = np.random.default_rng(0).normal(size=5000)
    smallest = np.argsort(np.abs(values))[:3333]
    assert sorted(np.flatnonzero(~magnitude_mask(values, 0.6666))) == sorted(smallest)


def test_equal_magnitudes_are_removed_in_order_of_position():
    values = np.array([[1, -1, 1], [0.5, 1, -1]], dtype=np.float32)
    assert magnitude_mask(values, 0.5).tolist() == [[False, False, True], [False, True, True]]


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_empty_weight_gives_an_empty_mask(level):
    assert magnitude_mask(np.zeros((0, 4), np.float32), level).shape == (0, 4)


def test_the_weights_stay_as_they_are():
    values = np.array([np.nan, 3, -2, 1])
    magnitude_mask(values, 0.5)
    np.testing.assert_array_equal(values, [np.nan, 3, -2, 1])
