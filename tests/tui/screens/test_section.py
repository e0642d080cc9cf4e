"""What all sections share: room, columns, and a terminal that is too small."""

from __future__ import annotations

import pytest

from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table
from tests.tui.screens.house import House, frame, until


@pytest.mark.parametrize(
    "size", [(39, 24), (80, 9), (10, 3)], ids=lambda size: f"{size[0]}x{size[1]}"
)
async def test_below_40x10_one_line_asks_for_more_and_q_quits(house: House, size):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.resize_terminal(*size)
        asked = f"make me larger (now {size[0]}x{size[1]})"[: size[0] - 1]
        await until(lambda: frame(app).splitlines()[0].startswith(asked), pilot)
        assert "".join(frame(app).splitlines()[1:]).strip() == ""
        await pilot.press("q")
    assert app.return_code == 0


async def test_at_40x10_a_section_is_drawn(house: House):
    app = house.app()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        assert "make me larger" not in frame(app)


async def test_a_terminal_made_larger_again_shows_the_section(house: House):
    app = house.app()
    async with app.run_test(size=(30, 5)) as pilot:
        await pilot.press("enter")
        await until(lambda: "make me larger" in frame(app), pilot)
        await pilot.resize_terminal(80, 24)
        await until(lambda: "stem" in frame(app), pilot)


async def test_maximise_goes_from_table_to_chart_and_back_to_both(house: House):
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter")
        await until(lambda: "stem" in frame(app), pilot)
        table, bars = app.screen.query_one(Table), app.screen.query_one(LayerBars)
        both = table.size
        await pilot.press("M")
        await until(lambda: table.size.height > both.height, pilot)
        assert table.size.width > both.width
        await pilot.press("M")
        await until(lambda: bars.size.height > 30, pilot)
        assert app.focused is bars
        await pilot.press("M")
        await until(lambda: table.size == both, pilot)
        assert app.focused is table


async def test_wide_says_so_when_every_column_is_in_sight(house: House):
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "[2" in frame(app), pilot)
        await pilot.press("w")
        await until(lambda: "all columns are in sight" in frame(app), pilot)
