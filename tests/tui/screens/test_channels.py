from __future__ import annotations

import pytest
from textual.binding import Binding

from sparsify_tui.core.channels.groups import ChannelMap, LockedChannels
from sparsify_tui.tui.screens.optimization import CHANNEL_HINTS, OptimizationScreen
from sparsify_tui.tui.screens.planned import PlannedScreen
from sparsify_tui.tui.widgets.key_line import KeyLine
from sparsify_tui.tui.widgets.layer_table import Table
from tests.tui import channels
from tests.tui.channels import HEADS, HIDDEN, STEM
from tests.tui.screens.house import SIZES, House, frame, until, write
from tests.tui.screens.narrowing import kept, opened, stored, turned


async def test_zeros_turn_into_fewer_channels_and_back_each_in_one_step(narrow_house: House):
    house, app = narrow_house, narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(house, pilot, app)
        assert stored(house).levels == {}
        assert "49 of 98 units go in 3 of 3 groups" in frame(app)
        assert "FLOPs 14.0M → 7.50M" in frame(app)
        await pilot.press("z")
        await until(lambda: kept(house) == {}, pilot)
        assert set(stored(house).levels.values()) == {0.5}
        assert "speed-up none on onnxruntime" in frame(app)
        await pilot.press("u")
        await until(lambda: len(kept(house)) == 3, pilot)
        await pilot.press("u")
        await until(lambda: kept(house) == {} and stored(house).levels["stem"] == 0.5, pilot)


@pytest.mark.parametrize(
    ("keys", "width"),
    [
        (("right_square_bracket",), 16),
        (("left_square_bracket",), 48),
        (("right_curly_bracket",), 31),
        (("left_curly_bracket",), 33),
        (("p",), 64),
        (("p", "p"), 32),
        (("right_square_bracket", "u"), 32),
        (("right_square_bracket", "u", "ctrl+r"), 16),
        (("e", "backspace", "backspace", "2", "0", "enter"), 20),
        (("e", "backspace", "backspace", "7", "5", "%", "enter"), 48),
    ],
)
async def test_an_edit_of_a_group_is_shown_at_once_and_stored_soon(
    narrow_house: House, keys, width
):
    app = narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(narrow_house, pilot, app)
        await pilot.press(*keys)
        await until(lambda: app.screen.plan.channels.kept.get(STEM, 64) == width, pilot)
        await until(lambda: kept(narrow_house).get(STEM, 64) == width, pilot)


async def test_a_group_unfolds_into_its_layers_which_can_be_changed(narrow_house: House):
    house, app = narrow_house, narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(house, pilot, app)
        table = app.screen.query_one(Table)
        assert "layer stem" not in table.shown_keys
        await pilot.press("enter")
        await until(lambda: "layer stem" in table.shown_keys, pilot)
        await pilot.press("j", "i")
        await until(lambda: stored(house).quantized == {"stem"}, pilot)
        await pilot.press("right_square_bracket")
        await until(lambda: stored(house).levels.get("stem") == pytest.approx(0.05), pilot)
        assert len(kept(house)) == 3
        await pilot.press("left")
        await until(lambda: "layer stem" not in table.shown_keys, pilot)
        assert table.cursor_key == "group 0"
        await pilot.press("right")
        await until(lambda: "layer stem" in table.shown_keys, pilot)


async def test_int8_of_a_group_is_that_of_its_layers(narrow_house: House):
    house, app = narrow_house, narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(house, pilot, app)
        await pilot.press("i")
        await until(lambda: stored(house).quantized == {"stem", "layer1.conv"}, pilot)


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_what_can_never_go_says_why_in_the_detail(narrow_house: House, size):
    app = narrow_house.app()
    async with app.run_test(size=size) as pilot:
        await turned(narrow_house, pilot, app)
        await pilot.press("j", "j", "j", "right_square_bracket")
        await until(lambda: "these channels cannot go: d says why" in frame(app), pilot)
        assert ("its 10 channels leave the model" in frame(app)) == (size[0] == 160)
        await pilot.press("d")
        await until(lambda: channels.REASON in frame(app), pilot)


async def test_a_level_is_spread_again_over_what_is_not_locked(narrow_house: House):
    house, app = narrow_house, narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(house, pilot, app)
        jobs = len(house.jobs.specs)
        await pilot.press("K", "t")
        write(app, "75")
        await pilot.press("f2")
        await until(lambda: kept(house) == {STEM: 32, HIDDEN: 8, HEADS: 1}, pilot)
        assert len(house.jobs.specs) == jobs, "the groups are known"


async def test_channels_of_another_content_of_the_file_are_found_anew(narrow_house: House):
    house = narrow_house
    house.jobs.analysis = channels.analysis(model_digest="cd" * 32)
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(house, pilot, app)
        house.jobs.analysis = channels.analysis()
        await pilot.press("t", "f2")
        await until(lambda: stored(house).channels.model_digest == channels.DIGEST, pilot)


async def test_a_model_without_channels_to_cut_says_so_and_its_plan_stays(narrow_house: House):
    house = narrow_house
    locked = LockedChannels(layers=(), reason="an If is not understood")
    house.jobs.analysis = channels.analysis(map=ChannelMap(locked=(locked,)), orders=())
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("z", "f2")
        await until(lambda: "No channel of the model can be removed" in frame(app), pilot)
        assert "an If is not understood" in frame(app)
        assert stored(house).levels["stem"] == 0.5


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_plan_of_channels_fits_every_size(narrow_house: House, size):
    app = narrow_house.app()
    async with app.run_test(size=size) as pilot:
        await turned(narrow_house, pilot, app)
        await pilot.press("C", "f2")
        await until(lambda: kept(narrow_house) == {STEM: 32, HIDDEN: 16}, pilot)
        lines = frame(app).splitlines()
        assert any("stem +1" in line and "32" in line and "50.0%" in line for line in lines)
        assert any("fixed" in line for line in lines)
        assert "speed-up 1.90×" in frame(app)
        assert "? help" in lines[-1]
        assert "\x1b" not in frame(app)


async def test_every_hint_of_a_plan_of_channels_is_a_key_that_does_something(narrow_house: House):
    app = narrow_house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await turned(narrow_house, pilot, app)
        bound = set(app.screen.active_bindings)
        assert {key for key, _ in CHANNEL_HINTS} <= bound
        assert app.screen.query_one(KeyLine).keys == CHANNEL_HINTS


async def test_no_key_of_the_editor_breaks_a_plan_of_channels(narrow_house: House):
    app = narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(narrow_house, pilot, app)
        own = [*OptimizationScreen.BINDINGS, *PlannedScreen.BINDINGS]
        for name in (one.key for one in own if isinstance(one, Binding)):
            await pilot.press(name, "escape")
        await pilot.pause()
        assert app.is_running
