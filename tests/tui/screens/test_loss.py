from __future__ import annotations

from sparsify_tui.tui.widgets.curve_chart import CurveChart
from tests.tui.screens.house import House, frame, until


async def test_the_profile_says_that_it_is_no_ranking(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "not a ranking across layers" in frame(app), pilot)


async def test_marked_layers_and_the_one_under_the_cursor_have_curves(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "not a ranking" in frame(app), pilot)
        await pilot.press("space", "j", "j")
        chart = app.screen.query_one(CurveChart)
        await until(lambda: len(chart._curves) == 2, pilot)


async def test_v_turns_to_bars(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "v")
        await until(lambda: "energy at 80%" in frame(app), pilot)


async def test_levels_that_make_no_sense_are_refused_in_the_form(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "r", "end", *",7", "f2")
        await until(lambda: "between 0 and 1" in frame(app), pilot)
        assert house.jobs.specs == []
