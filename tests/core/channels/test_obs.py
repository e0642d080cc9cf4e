"""The order in which units go."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels import obs
from sparsify_tui.core.channels.obs import (
    Consumer,
    activation_costs,
    consumer_of,
    removal_order,
    with_scales,
)


def consumer(inputs: np.ndarray, weights: np.ndarray, width: int = 1) -> Consumer:
    columns = np.arange(len(weights)).reshape(-1, width)
    moments = np.cov(inputs.T, bias=True).reshape(len(weights), len(weights))
    return Consumer(weights=weights, moments=moments, blocks=tuple(columns))


def left_over(inputs: np.ndarray, weights: np.ndarray, gone: list[int]) -> float:
    """What least squares on the other columns misses of the outputs."""
    outputs = (inputs - inputs.mean(axis=0)) @ weights
    kept = np.delete(inputs - inputs.mean(axis=0), gone, axis=1)
    solved = np.linalg.lstsq(kept, outputs, rcond=None)[0]
    return float(((outputs - kept @ solved) ** 2).sum())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), width=st.integers(1, 3))
def test_each_unit_that_goes_is_the_one_that_least_squares_misses_least(
    seed: int, width: int
) -> None:
    random = np.random.default_rng(seed)
    mixing = random.normal(size=(6 * width, 6 * width))
    inputs, weights = (
        random.normal(size=(400, 6 * width)) @ mixing,
        random.normal(size=(6 * width, 4)),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(obs, "_DAMPING", 1e-9)
        order = removal_order([consumer(inputs, weights, width)], range(6))
    gone: list[int] = []
    for unit in order[:-1]:
        losses = {
            one: left_over(
                inputs,
                weights,
                [c for u in (*gone, one) for c in range(u * width, u * width + width)],
            )
            for one in range(6)
            if one not in gone
        }
        assert losses[unit] <= min(losses.values()) * (1 + 1e-3)
        gone.append(unit)


def test_of_twins_one_goes_early_and_the_other_late() -> None:
    random = np.random.default_rng(1)
    inputs = random.normal(size=(500, 40))
    inputs[:, 30] = inputs[:, 7]
    order = removal_order([consumer(inputs, np.full((40, 5), 1.0))], range(40))
    first, second = sorted((order.index(7), order.index(30)))
    assert first == 0
    assert second > 5


def test_what_never_varies_goes_first() -> None:
    random = np.random.default_rng(2)
    inputs = random.normal(size=(300, 60))
    inputs[:, [11, 50]] = 3.0
    order = removal_order([consumer(inputs, random.normal(size=(60, 8)))], range(60))
    assert set(order[:2]) == {11, 50}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16), units=st.integers(2, 90))
def test_all_units_that_may_go_are_in_the_order_once(seed: int, units: int) -> None:
    random = np.random.default_rng(seed)
    free = sorted(random.choice(units, random.integers(1, units + 1), replace=False).tolist())
    one = consumer(random.normal(size=(200, units)), random.normal(size=(units, 3)))
    assert sorted(removal_order([one], free)) == free


def test_consumers_may_take_only_some_units() -> None:
    random = np.random.default_rng(3)
    whole = consumer(random.normal(size=(200, 4)), np.array([[3.0], [1.0], [2.0], [0.1]]))
    part = Consumer(
        weights=np.full((2, 1), 100.0),
        moments=np.eye(2),
        blocks=(np.array([], int), np.array([1]), np.array([], int), np.array([0])),
    )
    assert removal_order([whole], range(4))[:2] == (3, 1)
    assert removal_order([whole, part], range(4))[0] == 2


def test_without_a_consumer_units_go_in_rising_order() -> None:
    assert removal_order([], {4, 1, 3}) == (1, 3, 4)


def test_a_wide_consumer_has_one_scale_for_each_unit_and_still_tells_twins() -> None:
    random = np.random.default_rng(4)
    inputs = random.normal(size=(400, 24))
    inputs[:, 6:8] = inputs[:, 16:18]
    weights = random.normal(size=(24, 3))
    weights[6:8] = weights[16:18]
    scaled = with_scales(consumer(inputs, weights, width=2))
    assert scaled.moments.shape == (12, 12)
    order = removal_order([scaled], range(12))
    assert order[0] in {3, 8}


def test_scales_leave_room_for_units_that_are_not_taken_and_for_other_columns() -> None:
    wide = Consumer(
        weights=np.ones((5, 1)),
        moments=np.diag([1.0, 2.0, 3.0, 4.0, 5.0]),
        blocks=(np.array([3, 4]), np.array([], int), np.array([0, 1])),
    )
    scaled = with_scales(wide)
    np.testing.assert_allclose(np.diag(scaled.moments), [9.0, 3.0, 3.0])
    assert [block.tolist() for block in scaled.blocks] == [[0], [], [1]]


def test_only_wide_consumers_of_broad_units_are_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obs, "WIDE", 4)
    weights, moments = np.ones((6, 1)), np.eye(6)
    pairs, singles = tuple(np.arange(6).reshape(3, 2)), tuple(np.arange(6).reshape(6, 1))
    assert len(consumer_of(weights, moments, pairs).weights) == 3
    assert len(consumer_of(weights, moments, singles).weights) == 6


def test_activation_costs_weigh_variance_by_squared_weights() -> None:
    one = Consumer(
        weights=np.array([[1.0], [2.0], [0.5]]),
        moments=np.diag([1.0, 1.0, 8.0]),
        blocks=(np.array([0, 1]), np.array([2])),
    )
    np.testing.assert_allclose(activation_costs([one], 2), [5 / 7, 2 / 7])
