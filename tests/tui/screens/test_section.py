"""What all sections share: room, columns, and a terminal that is too small."""

from __future__ import annotations

import pytest

from sparsify_tui.tui.go import GOES
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.section_strip import SECTIONS
from tests.tui.screens.house import House, frame, until, write


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


@pytest.mark.parametrize("key", [section.key for section in SECTIONS])
async def test_g_says_in_every_section_which_keys_follow_it(house: House, key):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", key)
        await until(lambda: f"[{key}" in frame(app), pilot)
        await pilot.press("g")
        await until(lambda: "first row" in frame(app), pilot)
        assert all(f"{one.key}  {one.label}" in frame(app) for one in GOES)
        await pilot.press("escape")
        await until(lambda: f"[{key}" in frame(app), pilot)


@pytest.mark.parametrize(
    ("second", "says"),
    [("p", "[0 Proj]"), ("j", "No job has run"), ("e", "No errors so far"), ("z", "first row")],
)
async def test_the_second_key_leads_there_and_no_other_does(house: House, second, says):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "g", second)
        await until(lambda: says in frame(app), pilot)


async def test_gg_is_the_first_row(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "3", "G")
        table = app.screen.query_one(Table)
        await until(lambda: table.cursor_key == "head", pilot)
        await pilot.press("g", "g")
        await until(lambda: table.cursor_key == "stem", pilot)
        assert app.focused is table


async def test_escape_takes_a_range_of_marks_back(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "3", "V", "j", "j")
        table = app.screen.query_one(Table)
        await until(lambda: len(table.marked_keys) == 3, pilot)
        await pilot.press("escape")
        await until(lambda: not table.marked_keys, pilot)


async def test_what_a_range_marks_is_edited_as_one(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "3", "V", "j", "j", "V", "right_square_bracket")
        await until(lambda: app.section.plan != house.project.optimizations[0], pilot)
        levels = [one.level for one in app.section.plan.pruning.layers]
        assert levels == pytest.approx([0.55] * 3 + [0.5] * 4)


@pytest.mark.parametrize("typed", ["range", "sight", "go top"])
async def test_keys_of_marks_and_of_going_are_in_help_and_in_the_palette(house: House, typed):
    app = house.app()
    keys = {"range": "V  Begin or end a range", "sight": "*  Mark all", "go top": "g  Go to top"}
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "3")
        await until(lambda: "[3" in frame(app), pilot)
        await pilot.press("question_mark")
        await until(lambda: "What you can do" in frame(app), pilot)
        write(app, typed)
        await until(lambda: keys[typed] in frame(app), pilot)
        await pilot.press("escape")
        await until(lambda: "[3" in frame(app), pilot)
        titles = [one.title for one in app.get_system_commands(app.screen)]
        assert any(title.startswith(keys[typed][3:]) for title in titles)
