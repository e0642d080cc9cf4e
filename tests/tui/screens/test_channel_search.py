from __future__ import annotations

from sparsify_tui.errors import ModelError
from tests.tui import channels
from tests.tui.channels import HEADS, HIDDEN, STEM
from tests.tui.screens.house import House, frame, until, write
from tests.tui.screens.narrowing import kept, opened, turned


async def test_a_search_is_one_step_of_undo_and_tells_speed_loss_and_what_they_rest_on(
    narrow_house: House,
):
    app = narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(narrow_house, pilot, app)
        await pilot.press("C")
        await until(lambda: "Search narrower channels" in frame(app), pilot)
        await pilot.press("f2")
        await until(lambda: kept(narrow_house) == {STEM: 32, HIDDEN: 16}, pilot)
        text = frame(app)
        assert "speed-up 1.90× [1.85×, 1.95×] measured  predicted 1.86×" in text
        assert "loss 0.016 on 16 held-out samples  agrees 98.4%  repaired" in text
        await pilot.press("right_square_bracket")
        await until(lambda: "loss of these widths not measured" in frame(app), pilot)
        assert " predicted" in frame(app)
        await pilot.press("u", "u")
        await until(lambda: HEADS in kept(narrow_house), pilot)


async def test_a_search_is_asked_for_what_the_form_says_and_keeps_what_is_locked(
    narrow_house: House,
):
    app = narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(narrow_house, pilot, app)
        await pilot.press("K", "C")
        write(app, "8")
        await pilot.press("tab", "tab", "right", "right", "tab")
        write(app, "0.02")
        await pilot.press("tab", "right", "tab", "right", "f2")
        await until(lambda: narrow_house.jobs.specs[-1].kind == "narrow", pilot)
        args = narrow_house.jobs.specs[-1].args
        assert args["options"]["batch"] == 8
        assert (args["speed_up"], args["max_loss"]) == (None, 0.02)
        assert (args["selection"], args["repair"]) == ("activation", "none")
        assert args["locked"] == [[STEM, 32]]


async def test_a_target_without_its_limit_is_said_and_searches_nothing(narrow_house: House):
    app = narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("C", "tab", "tab", "right", "f2")
        await until(lambda: "needs its limit" in frame(app), pilot)
        assert all(one.kind != "narrow" for one in narrow_house.jobs.specs)


async def test_a_search_that_cut_nothing_says_why(narrow_house: House):
    narrow_house.jobs.search = channels.search(chosen=None, cause="none is surely faster")
    app = narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(narrow_house, pilot, app)
        await pilot.press("C", "f2")
        await until(lambda: "nothing is cut: none is surely faster" in frame(app), pilot)
        assert kept(narrow_house) == {}


async def test_a_search_lands_in_its_plan_though_another_is_open(narrow_house: House):
    house, app = narrow_house, narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(house, pilot, app)
        house.jobs.hold.clear()
        await pilot.press("C", "f2", "c")
        await until(lambda: len(house.stored().optimizations) == 2, pilot)
        house.jobs.hold.set()
        await until(lambda: kept(house) == {STEM: 32, HIDDEN: 16}, pilot)
        assert HEADS in kept(house, 1)


async def test_another_point_of_the_front_can_be_taken(narrow_house: House):
    app = narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(narrow_house, pilot, app)
        await pilot.press("F")
        await until(lambda: "No front yet" in frame(app), pilot)
        await pilot.press("C", "f2")
        await until(lambda: kept(narrow_house) == {STEM: 32, HIDDEN: 16}, pilot)
        await pilot.press("F")
        await until(lambda: "loss 0.004" in frame(app), pilot)
        await pilot.press("down", "enter")
        await until(lambda: kept(narrow_house) == {STEM: 32, HIDDEN: 24}, pilot)
        assert "speed-up 1.50× [1.45×, 1.55×] measured" in frame(app)
        await pilot.press("a")
        await until(lambda: "chosen by hand from the front" in frame(app), pilot)


async def test_the_front_is_a_chart_below_the_groups(narrow_house: House):
    app = narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(narrow_house, pilot, app)
        await pilot.press("C", "f2")
        await until(lambda: kept(narrow_house) == {STEM: 32, HIDDEN: 16}, pilot)
        assert "units that go  7 rows" in frame(app)
        await pilot.press("v")
        await until(lambda: "front  loss over speed-up" in frame(app), pilot)
        assert "point 3 of 4 searched chosen" in frame(app)
        await pilot.press("v")
        await until(lambda: "units that go  7 rows" in frame(app), pilot)


async def test_a_new_plan_of_channels_is_made_when_its_groups_are_known(narrow_house: House):
    house, app = narrow_house, narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        house.jobs.hold.clear()
        await pilot.press("n")
        write(app, "25")
        await pilot.press("tab", "right", "f2")
        await until(lambda: "channels 1/4" in frame(app), pilot)
        assert len(house.stored().optimizations) == 1
        house.jobs.hold.set()
        await until(lambda: len(house.stored().optimizations) == 2, pilot)
        assert kept(house, 1) == {STEM: 48, HIDDEN: 24}
        await until(lambda: "units go in 2 of 3 groups" in frame(app), pilot)


async def test_a_new_plan_of_channels_without_a_target_is_searched(narrow_house: House):
    house, app = narrow_house, narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, app)
        await pilot.press("n")
        write(app, "")
        await pilot.press("tab", "right", "f2")
        await until(lambda: len(house.stored().optimizations) == 2, pilot)
        assert kept(house, 1) == {STEM: 32, HIDDEN: 16}
        assert house.jobs.specs[-1].kind == "narrow"


async def test_a_failed_job_is_shown_and_changes_nothing(narrow_house: House):
    house, app = narrow_house, narrow_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await turned(house, pilot, app)
        house.jobs.failure = ModelError("It does not run.")
        await pilot.press("C", "f2")
        await until(lambda: "It does not run." in frame(app), pilot)
        assert len(kept(house)) == 3
