from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.tui.widgets.bar_window import window_over

NUMBERS = st.integers(0, 400)


@settings(max_examples=80, deadline=None)
@given(total=st.integers(1, 400), data=st.data(), first=NUMBERS, width=st.integers(1, 200))
def test_the_cursor_is_in_sight_and_all_bars_fit(total, data, first, width):
    cursor = data.draw(st.integers(0, total - 1))
    window = window_over(total=total, cursor=cursor, first=first, left=6, width=width)
    assert window.first <= cursor < window.first + window.count
    assert window.first >= 0
    assert window.hidden_after >= 0
    assert window.column(window.first + window.count - 1) + window.bar_width <= 6 + width
    assert window.index_at(window.column(cursor)) == cursor


def test_a_window_stands_still_while_the_cursor_is_inside():
    assert window_over(total=106, cursor=60, first=30, left=0, width=40).first == 30
    assert window_over(total=106, cursor=75, first=30, left=0, width=40).first == 55


def test_wide_screens_give_a_bar_up_to_three_cells():
    widths = {n: window_over(total=n, cursor=0, first=0, left=0, width=100) for n in (20, 45, 80)}
    assert [widths[n].pitch for n in (20, 45, 80)] == [3, 2, 1]
    assert [widths[n].bar_width for n in (20, 45, 80)] == [2, 1, 1]


def test_no_bar_stands_left_of_the_first_or_right_of_the_last():
    window = window_over(total=3, cursor=0, first=0, left=6, width=30)
    assert window.index_at(5) is None
    assert window.index_at(6 + 9) is None
