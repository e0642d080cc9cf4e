from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.anchors import anchor_levels, anchored
from sparsify_tui.core.options import ORIGINAL_LEVELS

LEVELS = (0.2, 0.4, 0.6, 0.8, 0.95)
LOSSES = st.one_of(st.just(0.0), st.floats(1e-9, 1e3))
ENERGIES = st.builds(
    lambda still, rising: [0.0] * still + sorted(one / 1e6 for one in rising)[still:],
    st.integers(0, 5),
    st.sets(st.integers(1, 10**6), min_size=5, max_size=5),
)
"""Each level removes more than the one before, but for those that only remove zeros."""


def test_the_levels_next_to_the_wanted_ones_are_measured_first() -> None:
    assert anchor_levels(ORIGINAL_LEVELS) == (0.6, 0.95)
    assert anchor_levels((0.1, 0.5, 0.9)) == (0.5, 0.9)


def test_anchor_levels_come_once_and_in_order() -> None:
    assert anchor_levels((0.75,)) == (0.75,)
    assert anchor_levels((0.99, 0.3)) == (0.3, 0.99)
    assert anchor_levels(()) == ()


@settings(max_examples=50, deadline=None)
@given(ENERGIES, st.dictionaries(st.sampled_from(LEVELS), LOSSES, min_size=1))
def test_a_curve_goes_through_its_anchors_and_is_a_loss(
    energies: list[float], anchors: dict[float, float]
) -> None:
    curve = dict(zip(LEVELS, anchored(LEVELS, energies, anchors), strict=True))

    assert {level: curve[level] for level in anchors} == anchors
    assert all(value >= 0 for value in curve.values())


@settings(max_examples=100, deadline=None)
@given(
    ENERGIES,
    st.sets(st.sampled_from(LEVELS), min_size=1),
    st.lists(LOSSES, min_size=5, max_size=5).map(sorted),
)
def test_a_curve_rises_where_its_anchors_do(
    energies: list[float], at: set[float], losses: list[float]
) -> None:
    moved = (level for level, energy in zip(LEVELS, energies, strict=True) if energy > 0)
    anchors = dict.fromkeys(at, 0.0)  # where nothing is removed nothing is lost
    anchors |= dict(zip((level for level in moved if level in at), losses, strict=False))

    curve = anchored(LEVELS, energies, anchors)

    assert all(left <= right * (1 + 1e-9) for left, right in pairwise(curve))


def test_the_logarithms_lie_on_a_line_between_anchors_and_are_proportional_outside() -> None:
    energies = (0.001, 0.01, 0.1, 0.2, 0.4)

    curve = anchored(LEVELS, energies, {0.4: 1e-4, 0.95: 0.16})

    assert curve == pytest.approx([1e-5, 1e-4, 1e-2, 4e-2, 0.16])  # the energy squared


def test_one_anchor_makes_the_loss_proportional_to_the_energy() -> None:
    assert anchored((0.5, 0.8), (0.1, 0.3), {0.8: 6.0}) == pytest.approx([2.0, 6.0])


def test_up_to_an_anchor_of_zero_nothing_is_lost() -> None:
    curve = anchored(LEVELS, (0.01, 0.05, 0.1, 0.3, 0.6), {0.6: 0.0, 0.95: 0.4})

    assert curve == pytest.approx([0, 0, 0, 0.2, 0.4])


def test_zeros_alone_give_zeros() -> None:
    assert anchored((0.5, 0.8, 0.9), (0.1, 0.3, 0.5), {0.5: 0.0, 0.8: 0.0}) == (0, 0, 0)


def test_removing_nothing_costs_nothing() -> None:
    """A layer with many zeros loses no energy at the lower levels."""
    curve = anchored(LEVELS, (0.0, 0.0, 0.1, 0.3, 0.6), {0.6: 0.2, 0.95: 0.9})

    assert curve[:2] == (0, 0)


def test_beyond_the_anchors_no_power_gets_out_of_hand() -> None:
    """Noise may give two close anchors any slope."""
    steep = anchored(LEVELS, (0.001, 0.1, 0.11, 0.2, 0.4), {0.4: 1e-6, 0.6: 1e-2})
    falling = anchored(LEVELS, (0.001, 0.1, 0.11, 0.2, 0.4), {0.4: 1e-2, 0.6: 1e-6})

    assert steep[0] >= 1e-6 * 0.01**4 * (1 - 1e-9)
    assert steep[4] <= 1e-2 * (0.4 / 0.11) ** 4 * (1 + 1e-9)
    assert falling[0] < 1e-2 < 1e-2 * falling[4] / falling[3] * 1.01
