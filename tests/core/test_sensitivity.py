from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sparsify_tui.core.sensitivity import magnitude_curve

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

    found = magnitude_curve(weight).magnitudes(LEVELS)

    assert found[0] == 0
    assert np.all(found[1:] >= lowest * (1 - BIN_WIDTH))
    assert np.all(found[1:] <= highest * (1 + BIN_WIDTH) + 1e-38)


@settings(max_examples=60, deadline=None)
@given(weights)
def test_removed_energy_is_that_of_the_weights_that_pruning_removes(
    weight: NDArray[np.float32],
) -> None:
    exact = exact_energies(weight)

    found = magnitude_curve(weight).removed_energy(LEVELS)

    # where a bin is half full of its least and half of its largest, 1/256 of its energy is off
    np.testing.assert_allclose(found, exact, atol=1 / 256)
    assert np.all(np.diff(found) >= 0)


def exact_energies(weight: NDArray[np.float32]) -> NDArray[np.float64]:
    squares = np.sort(np.abs(weight)).astype(np.float64) ** 2
    counts = [round(level * weight.size) for level in LEVELS]
    return np.concatenate([[0.0], np.cumsum(squares)])[counts] / (squares.sum() or 1.0)


def test_removed_energy_of_many_weights_is_far_closer_than_a_bin() -> None:
    weight = weights_of(0, 131_072, "normal")

    found = magnitude_curve(weight).removed_energy(LEVELS)

    np.testing.assert_allclose(found, exact_energies(weight), atol=5e-5)


@pytest.mark.parametrize("kind", ["normal", "heavy", "uniform", "half zero", "ternary"])
@pytest.mark.parametrize(("size", "off"), [(300_000, 0.01), (2_400_000, 0.006)])
def test_a_part_of_a_large_weight_tells_its_curve(size: int, off: float, kind: str) -> None:
    weight = weights_of(1, size, kind)
    ordered = np.sort(np.abs(weight))

    curve = magnitude_curve(weight)

    energies = curve.removed_energy(LEVELS)
    np.testing.assert_allclose(energies, exact_energies(weight), atol=off)
    assert np.all(np.diff(energies) >= 0)
    assert energies[-1] == 1
    found = curve.magnitudes(LEVELS)
    below = np.searchsorted(ordered, found * (1 - BIN_WIDTH) - 1e-38, "left") / size
    up_to = np.searchsorted(ordered, found * (1 + BIN_WIDTH) + 1e-38, "right") / size
    assert np.all(below <= np.array(LEVELS) + 0.004)
    assert np.all(up_to >= np.array(LEVELS) - 0.004)


@pytest.mark.parametrize("period", [2, 3, 4, 8, 16, 64, 768])
def test_a_pattern_in_a_large_weight_is_not_mistaken_for_the_whole(period: int) -> None:
    weight = weights_of(2, 768 * 768, "normal").reshape(-1, period)
    weight[:, 0] = 0

    found = magnitude_curve(weight).magnitudes([1 / period - 0.005, 1 / period + 0.005])

    assert found[0] < 1e-38
    assert found[1] > 1e-38


def test_a_few_huge_weights_are_reckoned_with_even_unread() -> None:
    weight = weights_of(3, 400_000, "normal")
    weight[17::50_000] *= 300
    squares = np.sort(weight.astype(np.float64) ** 2)
    exact = squares[: round(0.9 * squares.size)].sum() / squares.sum()

    assert magnitude_curve(weight).removed_energy([0.9])[0] == pytest.approx(exact, abs=0.01)


def test_huge_weights_that_happen_to_be_read_stand_for_no_others() -> None:
    weight = weights_of(3, 400_000, "normal")
    weight[:16] *= 5000  # the first run is always read
    ordered = np.sort(weight.astype(np.float64) ** 2)
    exact = ordered[: round(0.9 * ordered.size)].sum() / ordered.sum()

    found = magnitude_curve(weight).removed_energy([0.9, 0.99996, 0.99998, 1.0])

    assert found[0] == pytest.approx(exact, rel=0.02)
    assert np.all(np.diff(found) >= 0)
    assert found[-1] == 1


@pytest.mark.parametrize("size", [5, 200_000])
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_said_and_left_out(size: int, odd: float) -> None:
    weight = np.ones(size, dtype=np.float32)
    weight[[1, -1]] = odd

    curve = magnitude_curve(weight)

    assert not curve.is_finite
    np.testing.assert_allclose(curve.removed_energy([0.5, 1.0]), [0.5, 1.0], atol=0.2)
    assert magnitude_curve(np.ones(size)).is_finite


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_weights_beyond_the_squares_of_float32_have_the_same_curve(scale: float) -> None:
    weight = weights_of(4, 200_000, "normal")

    found = magnitude_curve(weight * np.float32(scale))

    assert found.is_finite
    np.testing.assert_allclose(
        found.removed_energy(LEVELS), magnitude_curve(weight).removed_energy(LEVELS), atol=0.01
    )


def test_the_largest_float_still_has_a_finite_threshold() -> None:
    largest = np.finfo(np.float32).max

    found = magnitude_curve(np.array([largest, largest], dtype=np.float32)).magnitudes([0.5, 1.0])

    np.testing.assert_allclose(found, largest, rtol=BIN_WIDTH)


@pytest.mark.parametrize("weight", [np.zeros((3, 4)), np.zeros(0), np.full(3, np.nan)])
def test_weights_without_energy_lose_none(weight: NDArray[np.float64]) -> None:
    curve = magnitude_curve(weight)

    assert curve.removed_energy([0.0, 0.5, 1.0]).tolist() == [0, 0, 0]
    assert curve.magnitudes([0.0, 1.0]).max() < 1e-38


def test_half_types_and_strides_are_read_as_they_are() -> None:
    weight = np.arange(1, 13, dtype=np.float16).reshape(3, 4)

    np.testing.assert_allclose(
        magnitude_curve(weight.T).removed_energy(LEVELS),
        magnitude_curve(weight.astype(np.float32)).removed_energy(LEVELS),
    )
