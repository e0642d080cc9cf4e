from __future__ import annotations

import math

import pytest
from textual.color import Color

from sparsify_tui.core.units import format_percent, format_score
from sparsify_tui.tui.symbols import ASCII
from sparsify_tui.tui.widgets.curve_chart import CurveChart, CurveSeries
from tests.tui.stage import HOSTILE_NAMES, Stage, lines, styles

LEVELS = tuple(index / 10 for index in range(11))


def curve(label: str, power: float = 2, *, selected: bool = False) -> CurveSeries:
    return CurveSeries(
        label=label, xs=LEVELS, ys=tuple(x**power for x in LEVELS), selected=selected
    )


def chart_of(*curves: CurveSeries, marker_x: float | None = None) -> CurveChart:
    chart = CurveChart()
    chart.set_curves(
        curves,
        title="Loss curves",
        x_label="sparsity",
        y_label="loss",
        x_format=lambda value: format_percent(value, 0),
        y_format=format_score,
        marker_x=marker_x,
    )
    return chart


@pytest.mark.parametrize("size", [(80, 4), (80, 20), (160, 50), (40, 8), (12, 3), (4, 1)])
async def test_every_cell_of_every_size_has_the_ground_of_the_widget(size):
    chart = chart_of(*(curve(f"layer{i}", i + 1) for i in range(8)), marker_x=0.85)
    async with Stage(chart).run_test(size=size) as pilot:
        await pilot.pause()
        ground = Color.parse(pilot.app.theme_variables["surface"]).rich_color
        assert {len(line) for line in lines(pilot.app)} == {size[0]}
        assert {style.bgcolor for style in styles(pilot.app)} == {ground}


async def test_a_straight_line_runs_from_corner_to_corner_under_round_ticks():
    async with Stage(chart_of(curve("a", 1))).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        rows = lines(pilot.app)
        assert rows[0].startswith("Loss curves  loss over sparsity")
        assert rows[1].startswith("1 a")
        assert rows[2][6:].rstrip().endswith("⠉")
        assert rows[2][6:40].strip() == ""
        assert rows[-3][6] == "⣀"
        assert rows[-3][20:].strip() == ""
        assert rows[-1].split() == ["0%", "20%", "40%", "60%", "80%", "100%"]
        assert any(row.lstrip().startswith("0.600┤") for row in rows)


async def test_six_curves_have_a_digit_in_the_legend_and_on_the_line_the_rest_are_counted():
    curves = [curve(f"layer{index}", index + 1) for index in range(9)]
    async with Stage(chart_of(*curves)).run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        rows = lines(pilot.app)
        assert "3 more in grey" in rows[0]
        plot = "".join(row.partition("│")[2] or row.partition("┤")[2] for row in rows[2:-2])
        assert sorted(c for c in plot if c.isdigit()) == list("123456")


async def test_a_selected_curve_is_always_coloured_and_the_others_are_dimmed():
    curves = [curve(f"layer{index}", index + 1, selected=index == 8) for index in range(9)]
    async with Stage(chart_of(*curves)).run_test(size=(120, 20)) as pilot:
        await pilot.pause()
        legend = lines(pilot.app)[1]
        assert "layer8" in legend
        assert "layer5" not in legend
        strip = pilot.app.screen._compositor.render_strips()[1]
        bold = "".join(s.text for s in strip if s.style.bold)
        assert "layer8" in bold
        assert "layer1" not in bold


async def test_long_names_take_two_lines_and_lose_their_middle():
    curves = [curve(f"backbone.stage{i}.block.conv.weight", i + 1) for i in range(6)]
    async with Stage(chart_of(*curves)).run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert [lines(pilot.app)[y][0] for y in (1, 2)] == ["1", "4"]
        assert "…" in lines(pilot.app)[1]


async def test_the_marker_is_a_line_with_its_value_and_no_tick_runs_into_it():
    async with Stage(chart_of(curve("a"), marker_x=0.83)).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        rows = lines(pilot.app)
        assert rows[-1].split() == ["0%", "20%", "40%", "60%", "83%", "100%"]
        column = rows[2].rindex("│")
        assert column > 40
        assert rows[3][column] == "│"


async def test_a_marker_outside_of_the_axis_is_not_drawn():
    async with Stage(chart_of(curve("a"), marker_x=1.5)).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        assert "150%" not in lines(pilot.app)[-1]


async def test_points_that_are_not_finite_are_left_out_and_one_point_is_drawn():
    broken = CurveSeries(label="a", xs=(0.0, 0.5, 1.0), ys=(math.nan, 0.5, math.inf))
    async with Stage(chart_of(broken)).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        assert "1" in "".join(lines(pilot.app)[2:-2]).replace("0.1", "")


async def test_without_curves_it_says_so():
    nothing = CurveSeries(label="a", xs=(0.0,), ys=(math.nan,))
    async with Stage(chart_of(nothing)).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        assert "Nothing to draw yet." in "\n".join(lines(pilot.app))


async def test_hostile_names_are_shown_as_they_are():
    async with Stage(chart_of(*map(curve, HOSTILE_NAMES))).run_test(size=(160, 20)) as pilot:
        await pilot.pause()
        legend = lines(pilot.app)[1] + lines(pilot.app)[2]
        assert "x[/a]" in legend
        assert "␛[31mred" in legend


async def test_the_ascii_set_draws_in_ascii():
    chart = chart_of(curve("a"), curve("b", 3), marker_x=0.5)
    async with Stage(chart, symbols=ASCII).run_test(size=(80, 20)) as pilot:
        await pilot.pause()
        assert "".join(lines(pilot.app)).isascii()


async def test_an_interval_is_an_upright_line_through_its_point():
    flat = CurveSeries(label="a", xs=(0.0, 0.5, 1.0), ys=(0.5,) * 3)
    async with Stage(chart_of(flat)).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        assert sum(bool(line[6:].strip()) for line in lines(pilot.app)[2:11]) == 1
    tall = CurveSeries(
        label="a", xs=flat.xs, ys=flat.ys, intervals=(None, (0.1, 0.9), (math.nan, 1.0))
    )
    async with Stage(chart_of(tall)).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        middle = [line[6:].strip() for line in lines(pilot.app)[2:11]]
        assert sum(map(bool, middle)) >= 8


async def test_lines_to_what_was_not_measured_are_dashed():
    xs, ys = (0.0, 0.5, 1.0), (1.0, 1.0, 1.0)
    guessed = CurveSeries(label="a", xs=xs, ys=ys, estimated=frozenset({2}))
    async with Stage(chart_of(guessed)).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        line = lines(pilot.app)[2]
        half = 6 + (len(line) - 7) // 2
        assert " " not in line[6 : half - 1]
        assert " " in line[half + 1 : -2]


@pytest.mark.parametrize(("scale", "row"), [("linear", 10), ("sqrt", 8), ("log", 6)])
async def test_values_lie_where_the_scale_puts_them(scale, row):
    chart = CurveChart()
    chart.set_curves(
        [
            CurveSeries(label="a", xs=(0.0, 1.0), ys=(0.1, 0.1)),
            CurveSeries(label="b", xs=(0.0, 1.0), ys=(0.01, 1.0)),
        ],
        title="t",
        x_label="x",
        y_label="y",
        x_format=format_score,
        y_format=format_score,
        y_scale=scale,
    )
    async with Stage(chart).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        found = [at for at, line in enumerate(lines(pilot.app)[2:12], 2) if "1" in line[7:]]
        assert found[0] == row
