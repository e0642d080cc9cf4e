from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.tui.widgets.bands import bands_of


def test_the_top_tenth_is_high_and_the_next_three_tenths_are_in_the_middle():
    bands = bands_of([float(value) for value in range(100)])
    assert [bands.count(band) for band in ("high", "middle", "low")] == [10, 30, 60]
    assert bands[99] == "high"
    assert bands[0] == "low"


def test_what_is_not_measured_or_all_the_same_is_low():
    assert bands_of([None, 1.0, None]) == ("low", "low", "low")
    assert set(bands_of([2.0] * 30)) == {"low"}
    assert bands_of([]) == ()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.none() | st.floats(0, 1), max_size=40))
def test_a_larger_value_is_never_in_a_lower_band(values):
    order = ("low", "middle", "high")
    ranked = [
        (value, order.index(band))
        for value, band in zip(values, bands_of(values), strict=True)
        if value is not None
    ]
    places = [place for _, place in sorted(ranked)]
    assert places == sorted(places)
