from __future__ import annotations

from dataclasses import replace

from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table
from tests.tui.screens.house import House, frame, until


async def test_an_unmeasured_layer_is_a_dot_and_never_zero(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        (line,) = [one for one in frame(app).splitlines() if " stem " in one and "Conv" in one]
        assert "·" in line
        assert "0.000" not in line


async def test_without_a_run_the_section_shows_flops_and_says_so(house: House):
    house.bench.projects.update(
        house.project.id, lambda project: replace(project, perf_profiles=())
    )
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "from the architecture" in frame(app), pilot)
        assert "14.0 MFLOPs" in frame(app)


async def test_views_go_from_layers_to_kernels_to_operators(house: House):
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter")
        await until(lambda: "1 other kernels" in frame(app), pilot)
        await pilot.press("v")
        await until(lambda: "relu" in frame(app), pilot)
        await pilot.press("v")
        await until(lambda: "7 × Conv" in frame(app), pilot)


async def test_table_and_chart_point_at_the_same_layer(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.press("j", "j")
        await until(lambda: app.screen.query_one(LayerBars).cursor == 2, pilot)
        assert app.screen.query_one(Table).cursor_key == "x[/a]"


async def test_a_filter_narrows_the_table_and_escape_clears_it(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.press("slash", *"head")
        await until(lambda: app.screen.query_one(Table).matches[0] == 1, pilot)
        await pilot.press("escape")
        await until(lambda: app.screen.query_one(Table).matches[0] > 1, pilot)


async def test_measuring_stores_a_profile_with_the_batch_asked_for(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "r", "backspace", *"32", "f2")
        await until(lambda: len(house.stored().perf_profiles) == 2, pilot)
        assert house.jobs.specs[-1].args["options"]["batch"] == 32


async def test_a_profile_of_another_file_content_is_called_stale(house: House):
    house.bench.projects.update(
        house.project.id,
        lambda project: replace(project, model=replace(project.model, sha256="cd" * 32)),
    )
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "STALE" in frame(app), pilot)


async def test_deleting_a_profile_asks_and_is_stored(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "D")
        await until(lambda: "cannot be brought back" in frame(app), pilot)
        await pilot.press("y")
        await until(lambda: house.stored().perf_profiles == (), pilot)
