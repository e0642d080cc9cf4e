from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sparsify_tui.core.masks import magnitude_mask, mask_of, masked
from sparsify_tui.core.structures import WeightAxes
from sparsify_tui.errors import UsageError

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


def test_zeros_in_place_of_what_goes_have_no_sign_and_the_rest_stays_to_the_bit():
    for dtype in (np.float16, np.float32, np.float64):
        values = np.array([[-1.5, 2.0], [-np.inf, np.nan]], dtype=dtype)
        kept = masked(values, np.array([[False, True], [False, True]]))
        assert kept.dtype == dtype
        assert kept[:, 0].tolist() == [0, 0]
        assert not np.signbit(kept[:, 0]).any()
        np.testing.assert_array_equal(kept[:, 1], values[:, 1])


CONV = WeightAxes(outputs=0, inputs=1)
LINEAR = WeightAxes(outputs=1, inputs=0)
STRUCTURES = ["unstructured", "block4", "2:4", "1:4", "4:8"]
kernels = arrays.arrays(
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    shape=arrays.array_shapes(min_dims=2, max_dims=4, max_side=9),
    elements=st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0]),
)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_level_zero_keeps_all(structure):
    assert mask_of(np.ones((3, 9)), 0, structure, CONV).all()


@settings(max_examples=80, deadline=None)
@given(kernels, st.sampled_from([(2, 4), (1, 4), (3, 4), (4, 8), (1, 2)]), st.booleans())
def test_n_of_m_keeps_the_largest_n_of_every_m_along_the_inputs(values, group, is_linear):
    kept, size = group
    axes = LINEAR if is_linear else CONV
    level = (size - kept) / size
    keep = np.moveaxis(mask_of(values, level, f"{kept}:{size}", axes), axes.inputs, -1)
    rows = np.abs(np.moveaxis(values, axes.inputs, -1).astype(np.float64))
    whole = rows.shape[-1] // size * size
    for at in range(0, whole, size):
        part, stays = rows[..., at : at + size], keep[..., at : at + size]
        assert np.all(stays.sum(axis=-1) == kept)
        least = np.where(stays, part, np.inf).min(axis=-1)
        assert np.all(np.where(stays, 0, part).max(axis=-1) <= least)
    rest = rows.shape[-1] - whole
    assert np.all((~keep[..., whole:]).sum(axis=-1) == round(rest * level))


@settings(max_examples=80, deadline=None)
@given(kernels, levels)
def test_blocks_of_four_along_the_inputs_go_as_a_whole_by_their_mean(values, level):
    keep = np.moveaxis(mask_of(values, level, "block4", CONV), 1, -1)
    rows = np.abs(np.moveaxis(values, 1, -1).astype(np.float64))
    starts = range(0, rows.shape[-1], 4)
    means = np.stack([rows[..., at : at + 4].mean(axis=-1) for at in starts], axis=-1)
    stays = np.stack([keep[..., at : at + 4].all(axis=-1) for at in starts], axis=-1)
    goes = np.stack([~keep[..., at : at + 4].any(axis=-1) for at in starts], axis=-1)
    np.testing.assert_array_equal(stays, ~goes)
    assert goes.sum() == round(level * means.size)
    if goes.any() and stays.any():
        assert means[goes].max() <= means[stays].min() + 1e-6


@pytest.mark.parametrize("structure", ["2:4", "block4"])
def test_the_groups_of_the_inputs_have_outputs_and_neighbours_of_their_own(structure):
    """A ConvTranspose of two groups is two of one group, laid one behind the other."""
    axes = WeightAxes(outputs=1, inputs=0, groups=2)
    values = np.random.default_rng(0).normal(size=(12, 5, 3)).astype(np.float32)
    values[6:] *= 1000
    keep = mask_of(values, 0.5, structure, axes)
    if structure == "2:4":
        first, second = (mask_of(half, 0.5, structure, LINEAR) for half in np.split(values, 2))
        np.testing.assert_array_equal(keep, np.concatenate([first, second]))
    else:  # the smaller half of all goes
        assert not keep[:6].any()
        assert keep[6:].all()


def test_a_weight_and_its_transpose_lose_the_same_weights():
    values = np.random.default_rng(1).normal(size=(13, 22))
    for structure, level in [("block4", 0.3), ("2:4", 0.5), ("4:8", 0.5)]:
        np.testing.assert_array_equal(
            mask_of(values, level, structure, CONV),
            mask_of(values.T.copy(), level, structure, LINEAR).T,
        )


def test_among_equals_of_a_group_the_first_go():
    values = np.random.default_rng(0).integers(1, 4, (20, 96)).astype(np.float32)
    keep = mask_of(values, 0.5, "48:96", CONV)
    for row, stays in zip(values, keep, strict=True):
        first_go = sorted(range(96), key=lambda at: (row[at], at))[:48]
        assert sorted(np.flatnonzero(~stays)) == sorted(first_go)


def test_doubles_and_huge_weights_are_compared_as_they_are():
    doubles = np.array([1 + 1e-12, 1 - 1e-12, 1.0])
    assert magnitude_mask(doubles, 1 / 3).tolist() == [True, False, True]
    huge = np.array([[3e30], [1e30], [2e30]], np.float32)
    assert mask_of(huge, 1 / 3, "block4", CONV).ravel().tolist() == [True, False, True]


def test_what_is_not_a_number_stays_in_every_structure():
    values = np.ones((8, 8), np.float32)
    values[3, 5] = np.nan
    for structure, level in [("block4", 0.9), ("2:4", 0.5), ("1:4", 0.75)]:
        assert mask_of(values, level, structure, CONV)[3, 5]


def test_a_level_that_n_of_m_does_not_have_is_refused():
    with pytest.raises(UsageError, match=r"2:4 has no level 0\.7"):
        mask_of(np.ones((4, 4)), 0.7, "2:4", CONV)
    with pytest.raises(UsageError, match="no structure"):
        mask_of(np.ones((4, 4)), 0.5, "checkered", CONV)


def test_channels_are_no_mask_of_a_single_weight():
    with pytest.raises(UsageError, match="no structure channel"):
        mask_of(np.ones((4, 4)), 0.5, "channel", CONV)
