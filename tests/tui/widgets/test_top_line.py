from __future__ import annotations

import pytest

from sparsify_tui.tui.symbols import ASCII
from sparsify_tui.tui.widgets.top_line import TopLine
from tests.tui.stage import HOSTILE_NAMES, Stage, lines


async def test_it_says_where_one_is_and_what_runs_at_the_right_end():
    line = TopLine()
    async with Stage(line).run_test(size=(80, 3)) as pilot:
        await pilot.pause()
        assert lines(pilot.app)[0].strip() == "sparsify"
        line.show("resnet50", "uniform-80", is_changed=True)
        line.show_job("perf 12/20 8 s left")
        await pilot.pause()
        left, right = lines(pilot.app)[0].split("   ", 1)
        assert left == " sparsify › resnet50 › uniform-80 *"
        assert right.strip() == "● perf 12/20 8 s left"
        assert lines(pilot.app)[0].endswith("left ")
        line.show_job("")
        await pilot.pause()
        assert "●" not in lines(pilot.app)[0]


@pytest.mark.parametrize("width", [40, 60, 80])
async def test_long_names_give_way_to_the_job(width):
    line = TopLine()
    async with Stage(line).run_test(size=(width, 3)) as pilot:
        line.show("project-with-a-name" * 9, "optimization" * 9)
        line.show_job("benchmark 123456/234567 for 12h30m")
        await pilot.pause()
        row = lines(pilot.app)[0]
        assert len(row) == width
        assert row.rstrip().endswith("30m")
        assert len(row.rstrip()) - row.index("●") <= 30


async def test_a_tick_of_the_job_causes_no_layout(monkeypatch):
    line = TopLine()
    async with Stage(line).run_test(size=(80, 3)) as pilot:
        await pilot.pause()
        asked = []
        monkeypatch.setattr(line, "refresh", lambda *_, **options: asked.append(options))
        line.show_job("perf 1/20")
        line.show_job("perf 1/20")
        assert asked == [{}]


async def test_hostile_names_are_shown_as_they_are():
    line = TopLine()
    async with Stage(line, symbols=ASCII).run_test(size=(120, 3)) as pilot:
        for name in HOSTILE_NAMES:
            line.show(name, name)
            line.show_job(name)
            await pilot.pause()
            assert "\x1b" not in lines(pilot.app)[0]
        line.show("x[/a]")
        await pilot.pause()
        assert "sparsify > x[/a]" in lines(pilot.app)[0]
