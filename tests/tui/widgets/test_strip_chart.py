from __future__ import annotations

import math

import pytest
from textual.color import Color

from sparsify_tui.tui.widgets.strip_chart import Strip, StripChart
from tests.tui.stage import Stage, lines, styles


def chart_of(*strips: Strip) -> StripChart:
    chart = StripChart()
    chart.set_strips(strips, title="Runs", value_format=lambda value: f"{value:.1f}")
    return chart


STRIPS = tuple(
    Strip(label=f"run {at}", values=tuple(10.0 * at + step for step in range(8))) for at in range(3)
)


@pytest.mark.parametrize("size", [(80, 10), (160, 50), (80, 4), (30, 3), (9, 2), (3, 1)])
async def test_every_cell_of_every_size_has_the_ground_of_the_widget(size):
    async with Stage(chart_of(*STRIPS)).run_test(size=size) as pilot:
        await pilot.pause()
        ground = Color.parse(pilot.app.theme_variables["surface"]).rich_color
        assert {len(line) for line in lines(pilot.app)} == {size[0]}
        assert {style.bgcolor for style in styles(pilot.app)} == {ground}


async def test_all_strips_share_one_axis_and_more_is_to_the_right():
    async with Stage(chart_of(*STRIPS)).run_test(size=(60, 5)) as pilot:
        await pilot.pause()
        rows = lines(pilot.app)
        assert rows[0].strip() == "Runs"
        starts = [len(row[6:]) - len(row[6:].lstrip()) for row in rows[1:4]]
        assert starts == sorted(starts)
        assert starts[0] < starts[1] < starts[2]


async def test_later_values_stand_lower():
    rising = Strip(label="a", values=tuple(map(float, range(40))))
    async with Stage(chart_of(rising)).run_test(size=(60, 6)) as pilot:
        await pilot.pause()
        rows = [row[2:] for row in lines(pilot.app)[1:5]]
        firsts = [len(row) - len(row.lstrip()) for row in rows]
        assert firsts == sorted(firsts)
        assert firsts[0] < firsts[-1]


async def test_values_that_are_not_finite_are_left_out():
    chart = chart_of(
        Strip(label="nothing", values=(math.nan, math.inf)), Strip(label="one", values=(1.0,))
    )
    async with Stage(chart).run_test(size=(40, 5)) as pilot:
        await pilot.pause()
        drawn = "\n".join(lines(pilot.app))
        assert "nothing" not in drawn
        assert "one" in drawn


async def test_without_values_it_says_so():
    async with Stage(chart_of()).run_test(size=(40, 5)) as pilot:
        await pilot.pause()
        assert "Nothing to draw yet." in "\n".join(lines(pilot.app))
