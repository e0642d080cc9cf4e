from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.widgets.sheet import Sheet

GROUND = Style(bgcolor="#101010")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.integers(-5, 30), st.integers(-2, 4))
def test_whatever_is_written_every_row_keeps_its_width(text, x, y):
    sheet = Sheet(20, 3, GROUND)
    sheet.write(x, y, clean_text(text), Style(bold=True))
    assert [strip.cell_length for strip in sheet.strips()] == [20, 20, 20]


def test_every_cell_has_the_ground_below_it():
    sheet = Sheet(12, 2, GROUND)
    sheet.write(3, 0, "bar", Style(color="red"))
    grounds = {segment.style.bgcolor for strip in sheet.strips() for segment in strip}
    assert grounds == {GROUND.bgcolor}


def test_a_wide_character_takes_two_cells_and_an_accent_none():
    sheet = Sheet(10, 1, GROUND)
    assert sheet.write(0, 0, "層e\u0301x", GROUND) == 4
    assert sheet.strips()[0].text == "層e\u0301x      "


def test_a_wide_character_is_left_out_when_only_half_of_it_fits():
    sheet = Sheet(3, 1, GROUND)
    sheet.write(0, 0, "ab層", GROUND)
    assert sheet.strips()[0].text == "ab "


def test_shading_leaves_the_character():
    sheet = Sheet(2, 1, GROUND)
    sheet.put(0, 0, "x", Style(color="red"))
    sheet.shade(0, 0, Style(bgcolor="blue"))
    sheet.shade(9, 9, Style(bgcolor="blue"))
    first = next(iter(sheet.strips()[0]))
    assert (first.text, first.style) == ("x", Style(color="red", bgcolor="blue"))
