from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sparsify_tui.core.sensitivity import (
    DISTANCES,
    cosine_distance,
    disagreement,
    divergence,
    histogram_of,
    relative_error,
    top1,
)

LEVELS = tuple(i / 100 for i in range(101))
BIN_WIDTH = 1 / 128
"""Largest relative width of a histogram bin: seven bits of mantissa."""


def weights_of(seed: int, size: int, kind: str) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    values = {
        "normal": random.normal(0, 0.05, size),
        "heavy": random.standard_t(2, size),
        "uniform": random.uniform(-1, 1, size),
        "half zero": random.normal(0, 1, size) * (random.random(size) < 0.5),
        "ternary": random.integers(-1, 2, size) * 0.3,
    }
    return values[kind].astype(np.float32)


weights = st.builds(
    weights_of,
    st.integers(0, 1000),
    st.integers(1, 5000),
    st.sampled_from(["normal", "heavy", "uniform", "half zero", "ternary"]),
)


@settings(max_examples=60, deadline=None)
@given(weights)
def test_thresholds_are_those_of_a_sort_within_a_bin(weight: NDArray[np.float32]) -> None:
    ordered = np.sort(np.abs(weight)).astype(np.float64)
    wanted = np.array(LEVELS[1:]) * weight.size
    # where a whole number of weights is wanted, all between it and the next will do
    lowest, highest = (
        ordered[np.clip(np.ceil(wanted + slack).astype(int), 1, weight.size) - 1]
        for slack in (-1e-6, 1e-6)
    )

    found = histogram_of(weight).magnitudes(LEVELS)

    assert found[0] == 0
    assert np.all(found[1:] >= lowest * (1 - BIN_WIDTH))
    assert np.all(found[1:] <= highest * (1 + BIN_WIDTH) + 1e-38)


@settings(max_examples=60, deadline=None)
@given(weights)
def test_removed_energy_is_that_of_a_sort_within_a_bin(weight: NDArray[np.float32]) -> None:
    squares = np.sort(np.abs(weight)).astype(np.float64) ** 2
    running = np.concatenate([[0.0], np.cumsum(squares)])
    exact = np.interp(np.array(LEVELS) * weight.size, np.arange(weight.size + 1), running)
    total = running[-1] or 1.0

    found = histogram_of(weight).removed_energy(LEVELS)

    # inside a bin the energies differ by at most (1 + 1/128)² - 1 of what lies there
    np.testing.assert_allclose(found, exact / total, atol=2.1 * BIN_WIDTH)
    assert np.all(np.diff(found) >= -1e-12)


def test_removed_energy_of_many_weights_is_far_closer_than_a_bin() -> None:
    weight = weights_of(0, 200_000, "normal")
    squares = np.sort(np.abs(weight)).astype(np.float64) ** 2
    counts = np.round(np.array(LEVELS) * weight.size).astype(int)
    exact = np.concatenate([[0.0], np.cumsum(squares)])[counts] / squares.sum()

    np.testing.assert_allclose(histogram_of(weight).removed_energy(LEVELS), exact, atol=2e-5)


def test_what_is_not_finite_is_left_out() -> None:
    weight = np.array([np.nan, 1.0, -np.inf, 1.0, np.inf], dtype=np.float32)
    histogram = histogram_of(weight)

    assert histogram.size == 2
    np.testing.assert_allclose(histogram.removed_energy([0.5, 1.0]), [0.5, 1.0])


def test_the_largest_float_still_has_a_finite_threshold() -> None:
    largest = np.finfo(np.float32).max

    found = histogram_of(np.array([largest, largest], dtype=np.float32)).magnitudes([0.5, 1.0])

    np.testing.assert_allclose(found, largest, rtol=BIN_WIDTH)


@pytest.mark.parametrize("weight", [np.zeros((3, 4)), np.zeros(0), np.full(3, np.nan)])
def test_weights_without_energy_lose_none(weight: NDArray[np.float64]) -> None:
    histogram = histogram_of(weight)

    assert histogram.removed_energy([0.0, 0.5, 1.0]).tolist() == [0, 0, 0]
    assert histogram.magnitudes([0.0, 1.0]).max() < 1e-38


def test_half_types_and_strides_are_read_as_they_are() -> None:
    weight = np.arange(1, 13, dtype=np.float16).reshape(3, 4)

    np.testing.assert_allclose(
        histogram_of(weight.T).removed_energy(LEVELS),
        histogram_of(weight.astype(np.float32)).removed_energy(LEVELS),
    )


Pair = tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]


@pytest.fixture
def outputs() -> Pair:
    """Logits [8, 5] and a second output [8, 3], before and after a change."""
    random = np.random.default_rng(7)
    base = [random.normal(0, 3, shape).astype(np.float32) for shape in ((8, 5), (8, 3))]
    return base, [one + random.normal(0, 0.5, one.shape).astype(np.float32) for one in base]


def test_relative_error_is_summed_over_the_outputs(outputs: Pair) -> None:
    base, changed = outputs
    expected = sum(
        ((b.astype(float) - c.astype(float)) ** 2).mean() / b.astype(float).var()
        for b, c in zip(base, changed, strict=True)
    )

    assert relative_error(base, changed) == pytest.approx(expected)


def test_an_output_that_never_varies_or_is_no_float_does_not_count(outputs: Pair) -> None:
    base, changed = outputs
    still, indices = np.ones((8, 2), np.float32), np.arange(8)

    assert relative_error([*base, still, indices], [*changed, still * 2, indices + 1]) == (
        relative_error(base, changed)
    )


def test_divergence_is_that_of_the_first_outputs_softmax(outputs: Pair) -> None:
    base, changed = outputs
    p, q = (np.exp(one[0].astype(float)) for one in outputs)
    p, q = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
    expected = (p * np.log(p / q)).sum(-1).mean()

    assert divergence(base, changed) == pytest.approx(expected)
    assert divergence([p], [q]) == pytest.approx(expected), "no second softmax"


def test_logits_that_happen_to_sum_to_one_are_no_probabilities() -> None:
    base, changed = np.array([[2.0, -1.0]]), np.array([[3.0, -2.0]])

    assert divergence([base], [changed]) == pytest.approx(divergence([base + 5], [changed + 5]))
    assert np.isfinite(divergence([base], [changed]))


def test_divergence_is_finite_where_a_class_became_impossible() -> None:
    sure = np.array([[1.0, 0.0]])
    even = np.array([[0.5, 0.5]])

    assert divergence([sure], [even]) == pytest.approx(np.log(2))
    assert np.isfinite(divergence([even], [sure]))
    assert np.isfinite(divergence([np.array([[1e4, -1e4]])], [np.array([[-1e4, 1e4]])]))


def test_cosine_distance_runs_from_none_to_opposite() -> None:
    one = np.array([[3.0, 4.0]])

    assert cosine_distance([one], [one * 7]) == pytest.approx(0)
    assert cosine_distance([one], [np.array([[-4.0, 3.0]])]) == pytest.approx(1)
    assert cosine_distance([one], [-one]) == pytest.approx(2)
    assert cosine_distance([one * 0], [one]) == 0


def test_disagreement_is_the_share_of_other_winners() -> None:
    base = np.eye(4)
    changed = base.copy()
    changed[0] = [0, 0, 0, 9]

    assert disagreement([base], [changed]) == 0.25


def test_top1_is_the_share_of_right_winners() -> None:
    assert top1([np.eye(4)], np.array([0, 1, 2, 0])) == 0.75


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_nothing_is_at_a_distance_from_itself(name: str, outputs: Pair) -> None:
    base, changed = outputs

    assert DISTANCES[name](base, base) == pytest.approx(0, abs=1e-12)
    assert DISTANCES[name](base, changed) >= 0
