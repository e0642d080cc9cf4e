from __future__ import annotations

import math

import pytest
from textual.color import Color

from sparsify_tui.tui.widgets.interval_chart import Interval, IntervalChart
from tests.tui.stage import Stage, lines, styles


def chart_of(*rows: Interval) -> IntervalChart:
    chart = IntervalChart()
    chart.set_intervals(rows, title="Latency", value_format=lambda value: f"{value:.1f} ms")
    return chart


RUNS = tuple(
    Interval(label=f"run {index}", low=4.0 - index, middle=4.5 - index, high=5.0 - index)
    for index in range(4)
)


@pytest.mark.parametrize("size", [(80, 10), (160, 50), (80, 4), (30, 3), (9, 2), (3, 1)])
async def test_every_cell_of_every_size_has_the_ground_of_the_widget(size):
    async with Stage(chart_of(*RUNS)).run_test(size=size) as pilot:
        await pilot.pause()
        ground = Color.parse(pilot.app.theme_variables["surface"]).rich_color
        assert {len(line) for line in lines(pilot.app)} == {size[0]}
        assert {style.bgcolor for style in styles(pilot.app)} == {ground}


async def test_all_rows_share_one_axis():
    async with Stage(chart_of(*RUNS)).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        rows = lines(pilot.app)
        assert rows[0].strip() == "Latency"
        assert [row.split()[0:2] for row in rows[1:5]] == [["run", str(i)] for i in range(4)]
        assert [row.split()[-2] for row in rows[1:5]] == ["4.5", "3.5", "2.5", "1.5"]
        starts = [row.index("├") for row in rows[1:5]]
        ends = [row.index("┤") for row in rows[1:5]]
        assert starts == sorted(starts, reverse=True)
        assert starts[:3] == ends[1:]
        middles = [row.index("●") for row in rows[1:5]]
        assert all(s < m < e for s, m, e in zip(starts, middles, ends, strict=True))
        assert "2.0 ms" in rows[5]


async def test_a_narrow_interval_is_a_point_and_a_note_follows_the_value():
    exact = Interval(label="a", low=2.0, middle=2.0, high=2.0, note="±0 %")
    async with Stage(chart_of(exact, *RUNS)).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        row = lines(pilot.app)[1]
        assert "●" in row
        assert "├" not in row
        assert row.rstrip().endswith("2.0 ms ±0 %")


async def test_rows_without_bounds_are_left_out():
    broken = Interval(label="a", low=math.nan, middle=2.0, high=2.0)
    chart = chart_of(broken)
    async with Stage(chart).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        assert chart.is_empty
        assert "Nothing to draw yet." in "\n".join(lines(pilot.app))


async def test_hostile_labels_stay_in_their_column():
    row = Interval(label="\x1b[31m" + "x[/a]" * 30, low=1.0, middle=2.0, high=3.0)
    async with Stage(chart_of(row, *RUNS)).run_test(size=(60, 8)) as pilot:
        await pilot.pause()
        assert lines(pilot.app)[1].index("├") >= 20
        assert "␛[31m" in lines(pilot.app)[1]
