from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.channels.choice import (
    LEAST_GAIN,
    SMALL_ERROR,
    Wanted,
    choose_point,
)
from sparsify_tui.core.channels.front import FrontPoint
from sparsify_tui.core.timing import Ratio

few = settings(max_examples=80, deadline=None)


def point(speed: float | None, error: float, low: float | None = None) -> FrontPoint:
    ratio = None if speed is None else Ratio(value=speed, low=low or speed, high=speed)
    return FrontPoint(kept=(), predicted_ms=1.0, error=error, agreement=None, ratio=ratio)


points = st.lists(
    st.builds(point, st.none() | st.floats(0.5, 4.0), st.floats(0.0, 0.5)), max_size=8
)


@few
@given(found=points, speed_up=st.floats(1.0, 3.0))
def test_of_points_as_fast_as_asked_the_least_lossy_is_chosen(found, speed_up):
    chosen, cause = choose_point(found, Wanted(speed_up=speed_up))
    fast = [one for one in found if one.ratio and one.ratio.value >= speed_up]
    assert cause
    if chosen is None:
        assert not fast
    else:
        assert found[chosen] in fast
        assert found[chosen].error == min(one.error for one in fast)


@few
@given(found=points, max_loss=st.none() | st.floats(0.0, 0.5))
def test_of_points_that_are_good_enough_the_fastest_is_chosen(found, max_loss):
    limit = SMALL_ERROR if max_loss is None else max_loss
    chosen, _ = choose_point(found, Wanted(max_loss=max_loss))
    good = [
        one.ratio.value
        for one in found
        if one.ratio and one.error <= limit and one.ratio.value >= LEAST_GAIN
    ]
    if chosen is None:
        assert not good
    else:
        assert found[chosen].error <= limit
        ratio = found[chosen].ratio
        assert ratio is not None
        assert ratio.value == max(good)


def test_both_limits_hold_at_once():
    found = [point(1.5, 0.01), point(2.0, 0.02), point(3.0, 0.2)]
    assert choose_point(found, Wanted(speed_up=1.8, max_loss=0.1))[0] == 1
    assert choose_point(found, Wanted(speed_up=2.5, max_loss=0.1))[0] is None


def test_a_point_that_may_be_slower_is_never_chosen():
    chosen, cause = choose_point([point(1.2, 0.0, low=0.9)], Wanted())
    assert chosen is None
    assert "1.20×" in cause


def test_why_none_is_chosen_is_said_with_figures():
    assert "measured" in choose_point([point(None, 0.0)], Wanted())[1]
    lossy = choose_point([point(2.0, 0.9), point(1.5, 0.7)], Wanted(max_loss=0.1))[1]
    assert "0.7" in lossy
    assert "1.50×" in lossy
    slow = choose_point([point(1.4, 0.03)], Wanted(speed_up=2.0))[1]
    assert "1.40×" in slow
    assert "0.03" in slow
