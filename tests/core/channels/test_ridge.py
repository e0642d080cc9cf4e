"""Sums of rows, and the corrections that follow from them."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.ridge import (
    WIDE,
    Correction,
    best_of,
    bias_of,
    error_of,
    fitted,
    sums_of,
)

_RANDOM = np.random.default_rng(0)


def rows(count: int, inputs: int, groups: int = 1) -> np.ndarray:
    return _RANDOM.standard_normal((groups, count, inputs)) + 1.0


def in_folds(inputs: np.ndarray, targets: np.ndarray) -> list:
    return [sums_of(inputs[:, at::4], targets[:, at::4]) for at in range(4)]


def test_what_is_linear_in_the_inputs_is_found_with_its_bias() -> None:
    inputs, weights = rows(200, 5, groups=2), rows(5, 3, groups=2)
    found = fitted(in_folds(inputs, inputs @ weights + 7.0))
    np.testing.assert_allclose(found.weights, weights, rtol=0.01, atol=0.01)
    np.testing.assert_allclose(found.bias, 7.0, rtol=0.02)


def test_without_a_bias_only_weights_change() -> None:
    inputs = rows(200, 4)
    found = fitted(in_folds(inputs, inputs @ rows(4, 2) + 5.0), has_bias=False)
    assert not found.bias.any()
    assert found.weights.any()


def test_noise_hardly_moves_the_weights() -> None:
    inputs = rows(24, 20)
    targets = np.random.default_rng(3).standard_normal((1, 24, 6))
    follows = np.linalg.lstsq(inputs[0], targets[0], rcond=None)[0]
    found = fitted(in_folds(inputs, targets)).weights
    assert np.linalg.norm(found) < 0.2 * np.linalg.norm(follows)


def test_each_product_of_a_group_chooses_its_own_strength() -> None:
    inputs = rows(40, 12, groups=2)
    noise = np.random.default_rng(5).standard_normal((40, 3))
    targets = np.stack([inputs[0] @ rows(12, 3)[0], noise])
    found = fitted(in_folds(inputs, targets))
    assert np.linalg.norm(found.weights[0]) > 1
    assert np.linalg.norm(found.weights[1]) < 0.5


def test_one_fold_alone_changes_only_the_bias() -> None:
    inputs = rows(50, 3)
    found = fitted([sums_of(inputs, inputs @ rows(3, 2))])
    assert not found.weights.any()
    assert found.bias.any()


def test_a_wide_product_is_solved_too() -> None:
    inputs = rows(2 * WIDE, WIDE + 1).astype(np.float32)
    targets = inputs[..., :2] * 0.5
    folds = in_folds(inputs, targets)
    found = fitted(folds)
    before = sum(one.squares.sum() for one in folds)
    assert sum(error_of(one, found).sum() for one in folds) < 0.01 * before


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), groups=st.integers(1, 3), split=st.integers(1, 9))
def test_sums_tell_the_error_of_the_rows_and_add_up(seed: int, groups: int, split: int) -> None:
    random = np.random.default_rng(seed)
    inputs, targets = random.normal(2, 1, (groups, 10, 4)), random.normal(-1, 1, (groups, 10, 3))
    change = Correction(weights=random.normal(size=(groups, 4, 3)), bias=targets[:, 0])
    missing = targets - inputs @ change.weights - change.bias[:, None]
    whole = sums_of(inputs, targets)
    parts = sums_of(inputs[:, :split], targets[:, :split])
    parts += sums_of(inputs[:, split:], targets[:, split:])
    np.testing.assert_allclose(error_of(whole, change), (missing**2).sum(axis=(1, 2)))
    np.testing.assert_allclose(error_of(parts, change), error_of(whole, change))
    np.testing.assert_allclose((parts - whole).powers, 0, atol=1e-9)


def test_the_best_on_held_out_rows_may_be_no_change_at_all() -> None:
    inputs, targets = rows(30, 2, groups=2), np.ones((2, 30, 1))
    targets[1] = 0
    held_out = sums_of(inputs, targets)
    found = best_of([Correction(weights=np.zeros((2, 2, 1)), bias=np.ones((2, 1)))], held_out)
    np.testing.assert_array_equal(found.bias, [[1.0], [0.0]])
    assert not found.is_empty


def test_the_bias_alone_is_the_mean_of_what_is_missing() -> None:
    inputs, targets = rows(30, 2), rows(30, 3)
    np.testing.assert_allclose(bias_of(in_folds(inputs, targets)).bias, targets.mean(axis=1))


def test_half_types_do_not_overflow_however_many_columns_there_are() -> None:
    inputs = (20 * np.random.default_rng(7).standard_normal((1, 400, 900))).astype(np.float16)

    assert np.isfinite(sums_of(inputs, inputs[..., :2]).powers).all()


def test_what_is_no_number_is_never_the_best() -> None:
    held_out = sums_of(rows(8, 2), rows(8, 1))
    broken = Correction(weights=np.full((1, 2, 1), np.nan), bias=np.zeros((1, 1)))

    assert best_of([broken], held_out).is_empty
