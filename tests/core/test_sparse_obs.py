from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.ridge import Sums, error_of, sums_of
from sparsify_tui.core.masks import Mask, magnitude_mask, mask_of
from sparsify_tui.core.sparse_obs import (
    Floats,
    LeastSquares,
    correction_to,
    fit_kept,
    least_squares,
    prune_fitted,
)
from sparsify_tui.core.structures import WeightAxes

DAMPING = 0.01
seeds = st.integers(0, 2**32 - 1)
levels = st.floats(0, 1)
few = settings(max_examples=40, deadline=None)


def layer(seed: int, columns: int = 12, groups: int = 2) -> tuple[Floats, Floats]:
    """Weights [groups, 6, columns] and inputs [groups, 40, columns] that go together."""
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((groups, columns, columns)) * rng.uniform(0, 2, columns)
    return rng.standard_normal((groups, 6, columns)), rng.standard_normal(
        (groups, 40, columns)
    ) @ mixing


def lacking(inputs: Floats, targets: Floats | None = None) -> Sums:
    """Sums of a layer that is to give what it gives, or something on top of that."""
    groups, count, _ = inputs.shape
    return sums_of(inputs, np.zeros((groups, count, 6)) if targets is None else targets)


def equations_of(weights: Floats, inputs: Floats, damping: float = DAMPING) -> LeastSquares:
    return least_squares(weights, lacking(inputs), damping, has_bias=False)


def plain(weights: Floats, level: float) -> Floats:
    return np.where(magnitude_mask(weights, level), weights, 0)


def output_error(weights: Floats, wanted: Floats, inputs: Floats) -> float:
    return float(np.square(inputs @ (weights - wanted).transpose(0, 2, 1)).sum())


@given(seeds, levels)
@few
def test_the_level_is_reached_exactly(seed: int, level: float) -> None:
    weights, inputs = layer(seed)
    fitted = prune_fitted(weights, level, equations_of(weights, inputs))
    assert np.count_nonzero(fitted == 0) == round(level * weights.size)


@given(seeds, levels)
@few
def test_the_error_is_never_above_that_of_the_plain_mask(seed: int, level: float) -> None:
    weights, inputs = layer(seed)
    equations = equations_of(weights, inputs)
    fitted = prune_fitted(weights, level, equations)
    slack = 1e-9 * abs(equations.error(weights))
    assert equations.error(fitted) <= equations.error(plain(weights, level)) + slack


@given(seeds)
@few
def test_a_row_depends_on_no_other_row(seed: int) -> None:
    weights, inputs = layer(seed)
    keep = np.random.default_rng(seed).random(weights.shape) < 0.5
    whole = fit_kept(weights, keep, equations_of(weights, inputs))
    for group, row in ((0, 0), (0, 3), (1, 5)):
        alone = np.s_[group : group + 1, row : row + 1]
        equations = LeastSquares(
            gram=equations_of(weights, inputs).gram[group : group + 1],
            cross=equations_of(weights, inputs).cross[alone],
        )
        np.testing.assert_allclose(fit_kept(weights[alone], keep[alone], equations), whole[alone])


@given(seeds)
@few
def test_enough_steps_give_the_least_squares_over_what_is_kept(seed: int) -> None:
    weights, inputs = layer(seed, groups=1)
    keep = np.random.default_rng(seed).random(weights.shape) < 0.6
    equations = equations_of(weights, inputs)
    best = np.zeros_like(weights)
    for row in range(6):
        on = np.flatnonzero(keep[0, row])
        left, right = equations.gram[0][np.ix_(on, on)], equations.cross[0, row, on]
        best[0, row, on] = np.linalg.solve(left, right)
    found = fit_kept(weights, keep, equations, steps=60)
    assert equations.error(found) == pytest.approx(equations.error(best), rel=1e-6, abs=1e-6)


@given(seeds, st.integers(0, 11))
@few
def test_more_steps_never_raise_the_error(seed: int, steps: int) -> None:
    weights, inputs = layer(seed)
    keep = np.random.default_rng(seed).random(weights.shape) < 0.5
    equations = equations_of(weights, inputs)
    before, after = (equations.error(fit_kept(weights, keep, equations, n)) for n in (steps, 12))
    assert after <= before + 1e-9 * abs(before)


@pytest.mark.parametrize("has_bias", [False, True])
def test_the_error_is_that_of_the_outputs_and_the_damping(has_bias: bool) -> None:
    weights, inputs = layer(1)
    inputs = inputs + 3
    targets = np.random.default_rng(2).standard_normal((2, 40, 6)) + 1
    sums = lacking(inputs, targets)
    equations = least_squares(weights, sums, 0.5, has_bias=has_bias)
    about = inputs - inputs.mean(axis=1, keepdims=True) if has_bias else inputs
    held = 0.5 * np.square(about).sum(axis=(1, 2)) / 12

    def full(changed: Floats) -> float:
        change = correction_to(changed, weights, sums, has_bias=has_bias)
        moved = np.square(changed - weights).sum(axis=(1, 2))
        return float((error_of(sums, change) + held * moved).sum())

    one, other = weights * 0.5, weights + 1
    difference = equations.error(one) - equations.error(other)
    assert difference == pytest.approx(full(one) - full(other))


def test_the_bias_makes_up_for_what_goes_on_the_average() -> None:
    weights, inputs = layer(2)
    inputs = inputs + 5
    sums, changed = lacking(inputs), plain(weights, 0.5)
    change = correction_to(changed, weights, sums, has_bias=True)
    moved = inputs @ change.weights + change.bias[:, None]
    np.testing.assert_allclose(moved.mean(axis=1), 0, atol=1e-9)
    assert not correction_to(changed, weights, sums, has_bias=False).bias.any()


def test_correlated_inputs_let_what_stays_stand_in_for_what_goes() -> None:
    errors = []
    for seed in range(20):
        weights, inputs = layer(seed, columns=24)
        fitted = prune_fitted(weights, 0.5, equations_of(weights, inputs))
        before = output_error(plain(weights, 0.5), weights, inputs)
        errors.append(output_error(fitted, weights, inputs) / before)
    assert np.median(errors) < 0.2


def test_the_mask_made_in_rounds_beats_that_made_at_once() -> None:
    won = 0
    for seed in range(20):
        weights, inputs = layer(seed, columns=24)
        equations = equations_of(weights, inputs)
        at_once = prune_fitted(weights, 0.7, equations, rounds=1)
        won += equations.error(prune_fitted(weights, 0.7, equations)) < equations.error(at_once)
    assert won >= 16


def test_weights_whose_input_is_always_zero_are_among_the_first_to_go() -> None:
    weights, inputs = layer(3)
    inputs[..., 4] = 0
    fitted = prune_fitted(weights, 0.4, equations_of(weights, inputs))
    assert np.count_nonzero(fitted[..., 4]) == 0


def test_zeros_stay_zero_even_where_there_are_more_of_them_than_asked() -> None:
    weights, inputs = layer(4)
    weights[..., :6] = 0
    fitted = prune_fitted(weights, 0.25, equations_of(weights, inputs))
    assert np.array_equal(fitted == 0, weights == 0)


def test_weights_are_fitted_to_the_outputs_that_are_wanted() -> None:
    weights, inputs = layer(5)
    wanted = weights * 1.5
    sums = lacking(inputs, inputs @ (wanted - weights).transpose(0, 2, 1))
    equations = least_squares(weights, sums, DAMPING, has_bias=False)
    fitted = prune_fitted(weights, 0.2, equations)
    before = output_error(plain(weights, 0.2), wanted, inputs)
    assert output_error(fitted, wanted, inputs) < 0.2 * before


def test_inputs_that_are_always_zero_leave_the_plain_mask() -> None:
    weights, inputs = layer(6)
    fitted = prune_fitted(weights, 0.5, equations_of(weights, 0 * inputs))
    np.testing.assert_allclose(fitted, plain(weights, 0.5))


@pytest.mark.parametrize(("structure", "level"), [("2:4", 0.5), ("1:4", 0.75)])
def test_n_of_m_holds_in_every_group_of_weights(structure: str, level: float) -> None:
    weights, inputs = layer(7, groups=1)
    axes = WeightAxes(outputs=1, inputs=2)

    def choose(scores: Floats, share: float) -> Mask:
        return mask_of(scores, share, structure, axes)

    fitted = prune_fitted(weights, level, equations_of(weights, inputs), choose, rounds=1)
    zeros = (fitted.reshape(6, 3, 4) == 0).sum(axis=-1)
    assert np.all(zeros == round(level * 4))
    before = output_error(np.where(choose(weights, level), weights, 0), weights, inputs)
    assert output_error(fitted, weights, inputs) < before
