from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.width_losses import losses_by_width, usual_loss

few = settings(max_examples=60, deadline=None)


@few
@given(
    size=st.integers(2, 200),
    measured=st.dictionaries(st.integers(1, 200), st.floats(0.0, 5.0), max_size=4),
)
def test_the_whole_loses_nothing_and_narrower_never_less(size, measured):
    known = {kept: loss for kept, loss in measured.items() if kept < size}
    found = losses_by_width(size, range(size, 0, -1), known)
    assert found[0] == 0
    assert all(a <= b * (1 + 1e-9) for a, b in pairwise(found))


def test_measured_losses_are_met_where_they_rise():
    found = losses_by_width(64, (64, 48, 32, 16), {48: 0.01, 16: 0.5, 32: 0.04})
    assert found == pytest.approx((0.0, 0.01, 0.04, 0.5))


def test_between_measured_ones_the_logarithms_are_straight():
    (between,) = losses_by_width(100, (80,), {90: 0.01, 60: 0.16})
    assert between == pytest.approx(0.04)  # a fourth of the share, a sixteenth of the loss


def test_outside_the_loss_goes_with_the_square_of_the_share():
    assert losses_by_width(100, (90, 20), {80: 0.04}) == pytest.approx((0.01, 0.64))


def test_a_group_without_measurements_is_taken_to_be_usual():
    usual = usual_loss([(100, {50: 0.25, 100: 7.0}), (100, {50: 0.5}), (10, {5: 1.0}), (8, {})])
    assert usual == pytest.approx(2.0)
    assert losses_by_width(40, (40, 20), {}, usual) == pytest.approx((0.0, 0.5))
    assert usual_loss([]) == 1.0
