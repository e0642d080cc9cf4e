from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.group_widths import filled_losses, first_width, measured_widths
from sparsify_tui.core.channels.groups import legal_widths
from tests.core.channel_losses import LEVELS, group

sizes = st.integers(2, 200)
steps = st.sampled_from([1, 4, 8, 16])


def test_a_level_is_measured_at_the_width_that_runs_well_and_is_nearest() -> None:
    assert measured_widths(group("a", size=64), LEVELS) == (48, 32, 16)
    assert measured_widths(group("a", size=32), LEVELS) == (16, 16, 16)
    assert measured_widths(group("a", size=16), LEVELS) == (8, 8, 8)
    assert measured_widths(group("a", size=10, step=1), (0.2, 0.99)) == (8, 1)


@settings(max_examples=60, deadline=None)
@given(sizes, steps, st.lists(st.floats(0.01, 0.99), min_size=1, max_size=4))
def test_something_goes_and_something_stays_at_each_level(
    size: int, step: int, levels: list[float]
) -> None:
    one = group("a", size=size, step=step)
    found = measured_widths(one, levels)

    assert len(found) in {0, len(levels)}
    assert all(kept in legal_widths(one) and 0 < kept < size for kept in found)


def test_a_group_that_runs_well_only_as_a_whole_has_no_width() -> None:
    assert measured_widths(group("a", size=5, step=16, fixed=tuple(range(5))), LEVELS) == ()


def test_the_width_of_the_level_nearest_to_a_half_comes_first() -> None:
    assert first_width(LEVELS, (48, 32, 16)) == 32
    assert first_width((0.7, 0.9), (19, 6)) == 19


def test_between_and_beyond_measured_widths_losses_follow_from_what_goes() -> None:
    one, widths = group("a", size=64), (48, 32, 16)

    assert filled_losses(one, widths, {}) == (None, None, None)
    assert filled_losses(one, widths, {32: 0.2}) == pytest.approx((0.1, 0.2, 0.3))
    assert filled_losses(one, widths, {48: 0.1, 16: 0.9}) == pytest.approx(
        (0.1, 0.4, 0.9), abs=0.02
    )


def test_levels_that_share_a_width_share_its_loss() -> None:
    assert filled_losses(group("a", size=32), (16, 16, 16), {16: 0.3}) == (0.3, 0.3, 0.3)
