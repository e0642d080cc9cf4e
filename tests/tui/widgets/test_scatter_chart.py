from __future__ import annotations

import math

import pytest
from textual.color import Color

from sparsify_tui.core.units import format_count, format_score
from sparsify_tui.tui.symbols import ASCII, UNICODE
from sparsify_tui.tui.widgets.scatter_chart import Bound, ScatterChart, ScatterPoint
from tests.tui.stage import Stage, lines, styles

POINTS = (
    ScatterPoint(label="wide[/x]", x=1e6, y=0.1),
    ScatterPoint(label="small", x=1e3, y=0.4),
    ScatterPoint(label="middle", x=1e4, y=0.0),
)


def chart_of(*points: ScatterPoint, x_scale: str = "log", **markers: float) -> ScatterChart:
    chart = ScatterChart()
    chart.set_points(
        points,
        title="Sensitivity",
        x_label="params",
        y_label="sensitivity",
        x_format=format_count,
        y_format=format_score,
        x_scale=x_scale,
        **markers,
    )
    return chart


def stage_of(chart: ScatterChart, **options) -> Stage:
    stage = Stage(chart, **options)
    stage.listen(ScatterChart.Picked)
    return stage


@pytest.mark.parametrize("size", [(80, 4), (80, 20), (160, 50), (40, 8), (12, 3), (4, 1)])
async def test_every_cell_of_every_size_has_the_ground_of_the_widget(size):
    chart = chart_of(*POINTS, marker_x=1e5, marker_y=0.2)
    async with stage_of(chart).run_test(size=size) as pilot:
        await pilot.pause()
        ground = Color.parse(pilot.app.theme_variables["surface"]).rich_color
        assert {len(line) for line in lines(pilot.app)} == {size[0]}
        assert {style.bgcolor for style in styles(pilot.app)} == {ground}


async def test_points_lie_where_their_values_say_on_a_log_axis():
    async with stage_of(chart_of(*POINTS)).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        rows = lines(pilot.app)
        assert rows[1].index("●") == 6
        assert rows[-4].index("●") == 6 + round(52 / 3)
        assert rows[-2].split() == ["1.00k", "10.0k", "100k", "1.00M"]


async def test_the_arrow_keys_walk_in_the_order_of_x():
    chart = chart_of(*POINTS)
    async with stage_of(chart).run_test(size=(60, 14)) as pilot:
        chart.focus()
        await pilot.press("right", "right", "l", "l", "left")
        assert [message.index for message in pilot.app.heard] == [1, 2, 0, 0, 2]


async def test_a_click_picks_the_nearest_point_and_its_values_are_told():
    chart = chart_of(*POINTS)
    async with stage_of(chart).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        await pilot.click(chart, offset=(55, 7))
        await pilot.pause()
        assert [message.control for message in pilot.app.heard] == [chart]
        assert chart.picked == 0
        assert lines(pilot.app)[-1].strip() == "◉ wide[/x]  1.00M  0.100"


async def test_only_points_that_can_be_drawn_count():
    broken = [ScatterPoint(label="z", x=0.0, y=1.0), ScatterPoint(label="n", x=1.0, y=math.nan)]
    chart = chart_of(*broken)
    async with stage_of(chart).run_test(size=(60, 14)) as pilot:
        chart.focus()
        await pilot.press("right")
        await pilot.click(chart, offset=(5, 5))
        assert chart.is_empty
        assert pilot.app.heard == []
        assert not chart_of(*broken, x_scale="linear").is_empty


async def test_a_picked_point_is_forgotten_when_it_is_gone():
    chart = chart_of(*POINTS)
    async with stage_of(chart).run_test(size=(60, 14)):
        chart.pick(2)
        assert chart.picked == 2
        chart.set_points(
            POINTS[:1],
            title="",
            x_label="",
            y_label="",
            x_format=str,
            y_format=str,
        )
        assert chart.picked is None


async def test_targets_are_lines():
    async with stage_of(chart_of(*POINTS, marker_x=1e5, marker_y=0.3)).run_test(size=(60, 14)) as p:
        await p.pause()
        rows = lines(p.app)
        assert "──────" in rows[3]
        assert "100k" in rows[-2]
        assert all(row[6 + round(52 * 2 / 3)] in "│─" for row in rows[2:11])


async def test_the_ascii_set_draws_in_ascii():
    chart = chart_of(*POINTS, marker_y=0.2)
    async with stage_of(chart, symbols=ASCII).run_test(size=(60, 14)) as pilot:
        chart.pick(1)
        await pilot.pause()
        assert "".join(lines(pilot.app)).isascii()


ROOF = Bound(at=lambda x: min(100.0, 10.0 * x), corner=(10.0, 100.0))


def roofline(*points: ScatterPoint, bound: Bound | None = ROOF) -> ScatterChart:
    chart = ScatterChart()
    chart.set_points(
        points,
        title="roofline",
        x_label="FLOPs per byte",
        y_label="GFLOP/s",
        x_format=format_count,
        y_format=format_count,
        x_scale="log",
        y_scale="log",
        bound=bound,
    )
    return chart


@pytest.mark.parametrize("symbols", [UNICODE, ASCII], ids=lambda symbols: symbols.name)
@pytest.mark.parametrize("size", [(80, 8), (60, 20), (12, 3)])
async def test_a_bound_is_drawn_above_the_points_that_keep_to_it(size, symbols):
    points = (ScatterPoint(label="a", x=1.0, y=2.0), ScatterPoint(label="b", x=100.0, y=50.0))
    async with stage_of(roofline(*points), symbols=symbols).run_test(size=size) as pilot:
        await pilot.pause()
        with_roof = "".join(lines(pilot.app))
    async with stage_of(roofline(*points, bound=None), symbols=symbols).run_test(
        size=size
    ) as pilot:
        await pilot.pause()
        assert with_roof != "".join(lines(pilot.app))


async def test_the_roof_rises_to_its_corner_and_stays_level():
    points = (ScatterPoint(label="a", x=1.0, y=10.0), ScatterPoint(label="b", x=100.0, y=10.0))
    async with stage_of(roofline(*points), symbols=ASCII).run_test(size=(80, 14)) as pilot:
        await pilot.pause()
        rows = lines(pilot.app)
        top = rows[1]
        assert top.count("*") == pytest.approx(36, abs=4)
        assert top.rstrip().endswith("*")
        assert rows[5].index("*") < rows[2].index("*") < top.index("*")


async def test_a_note_is_said_of_the_point_that_is_picked():
    chart = roofline(ScatterPoint(label="a", x=1.0, y=2.0, note="20% of roof"))
    async with stage_of(chart).run_test(size=(80, 10)) as pilot:
        chart.pick(0)
        await pilot.pause()
        assert "◉ a  1  2  20% of roof" in lines(pilot.app)[-1]


async def test_points_at_zero_have_no_place_on_log_axes():
    chart = roofline(ScatterPoint(label="a", x=1.0, y=0.0))
    assert chart.is_empty


async def test_only_one_point_is_marked_as_picked():
    chart = chart_of(*POINTS)
    async with stage_of(chart).run_test(size=(60, 14)) as pilot:
        for index in (0, 1, 2):
            chart.pick(index)
            await pilot.pause()
            assert "".join(lines(pilot.app)[:-1]).count("◉") == 1


async def test_what_is_estimated_is_a_smaller_point():
    points = (
        ScatterPoint(label="a", x=1.0, y=1.0),
        ScatterPoint(label="b", x=10.0, y=1.0, is_estimated=True),
    )
    async with stage_of(chart_of(*points)).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        text = "\n".join(lines(pilot.app))
        assert (text.count(UNICODE.point), text.count(UNICODE.dot)) == (1, 1)


@pytest.mark.parametrize(("scale", "row"), [("linear", 9), ("sqrt", 7), ("log", 5)])
async def test_values_lie_where_the_scale_puts_them(scale, row):
    points = [ScatterPoint(label=f"{y}", x=at + 1.0, y=y) for at, y in enumerate((1.0, 0.1, 0.01))]
    chart = chart_of(*points, y_scale=scale)
    async with stage_of(chart).run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        rows = [at for at, line in enumerate(lines(pilot.app)) if UNICODE.point in line]
        assert rows[0] == 1
        assert rows[1] == row
