from __future__ import annotations

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from sparsify_tui.tui.theme import DARK, LIGHT, THEMES, choose_theme, has_no_color, palette_for


def contrast(one: str, other: str) -> float:
    def luminance(color: str) -> float:
        parts = [c / 255 for c in Color.parse(color).rgb]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_text_is_readable_on_every_ground(theme: Theme):
    for ground in (theme.background, theme.surface, theme.panel):
        assert contrast(theme.foreground, ground) >= 7
        assert contrast(theme.variables["text-muted"], ground) >= 4.5
    cursor = theme.variables["block-cursor-background"]
    assert contrast(theme.variables["block-cursor-foreground"], cursor) >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_chart_colours_stand_out_from_the_ground_and_from_each_other(theme: Theme):
    palette = palette_for(is_dark=theme.dark)
    bands = (palette.low, palette.middle, palette.high)
    assert all(contrast(color, theme.surface) >= 3 for color in (*bands, *palette.series))
    assert len(set(bands)) == 3
    assert len(set(palette.series)) == 6


@pytest.mark.parametrize("system", [ColorSystem.STANDARD, ColorSystem.EIGHT_BIT])
@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_cursor_and_the_bands_survive_few_colours(theme: Theme, system: ColorSystem):
    def number(color: str) -> int | None:
        return RichColor.parse(color).downgrade(system).number

    cursor = number(theme.variables["block-cursor-background"])
    assert cursor != number(theme.surface)
    assert cursor != number(theme.variables["block-cursor-foreground"])
    assert number(theme.foreground) != number(theme.surface)
    palette = palette_for(is_dark=theme.dark)
    bands = [number(color) for color in (palette.low, palette.middle, palette.high)]
    assert number(theme.surface) not in bands
    assert len(set(bands)) == 3


def test_the_theme_wanted_wins_then_the_environment_then_ours():
    assert choose_theme(LIGHT.name, {"TEXTUAL_THEME": "nord"}) == LIGHT.name
    assert choose_theme("", {"TEXTUAL_THEME": "nord"}) == "nord"
    assert choose_theme("", {}) == DARK.name


def test_without_colour_no_ansi_theme_is_taken():
    assert choose_theme("ansi-dark", {"NO_COLOR": "1"}) == DARK.name
    assert choose_theme("ansi-dark", {}) == "ansi-dark"
    assert choose_theme(LIGHT.name, {"NO_COLOR": "1"}) == LIGHT.name


def test_no_color_counts_only_when_it_is_not_empty():
    assert has_no_color({"NO_COLOR": "1"})
    assert not has_no_color({"NO_COLOR": ""})
    assert not has_no_color({})
