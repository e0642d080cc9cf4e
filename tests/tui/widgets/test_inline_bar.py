from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.tui.symbols import ASCII
from sparsify_tui.tui.widgets.inline_bar import bar_text, change_text, sparkline_text


@settings(max_examples=60, deadline=None)
@given(st.none() | st.floats(allow_nan=True), st.integers(1, 30))
def test_a_bar_is_as_wide_as_asked(fraction, width):
    assert bar_text(fraction, width).cell_len == width


def test_a_bar_fills_in_eighths():
    assert bar_text(0.5, 4).plain == "██  "
    assert bar_text(0.85, 8).plain == "██████▊ "
    assert bar_text(7.0, 3).plain == "███"


def test_tiny_is_not_zero_and_zero_is_not_unknown():
    assert bar_text(1e-9, 3).plain == "▏  "
    assert bar_text(0.0, 3).plain == "   "
    assert bar_text(None, 3).plain == "·  "


def test_a_sparkline_keeps_the_largest_of_each_share():
    assert sparkline_text([0.1, 0.2, 0.4, 0.8], 4).plain == "▁▂▄█"
    assert sparkline_text([0.1, 0.2, 0.4, 0.8], 2).plain == "▂█"
    assert sparkline_text([0.0, None, 1e-9, 1.0], 6).plain == " ·▁█  "
    assert sparkline_text([], 3).plain == "   "


def test_both_are_ascii_when_asked():
    assert bar_text(0.6, 4, symbols=ASCII).plain.isascii()
    assert sparkline_text([1, 2, None], 3, symbols=ASCII).plain.isascii()


def test_a_change_goes_left_below_zero_and_right_above():
    assert change_text(-0.5, 9).plain == "  ██│    "
    assert change_text(1.0, 9).plain == "    │████"
    assert change_text(0.01, 9).plain == "    │█   "
    assert change_text(0.0, 9).plain == "    │    "
    assert change_text(None, 9).plain.strip() == "·"
    assert change_text(-1.0, 5, symbols=ASCII).plain == "##|  "


@settings(max_examples=60, deadline=None)
@given(st.floats(-2, 2), st.integers(3, 31).filter(lambda width: width % 2))
def test_a_change_is_as_wide_as_asked(fraction, width):
    assert change_text(fraction, width).cell_len == width
