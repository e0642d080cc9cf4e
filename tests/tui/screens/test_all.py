from __future__ import annotations

from dataclasses import replace

import pytest
from textual.binding import Binding

from sparsify_tui.tui.app import SparsifyApp
from sparsify_tui.tui.sections import SCREENS, new_screen
from sparsify_tui.tui.widgets.section_strip import SECTIONS
from tests.tui.screens.house import SIZES, House, frame, until

LEAVING = {"q", "ctrl+q", "ctrl+z", "S"}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_section_draws_and_is_marked_by_brackets(house, size):
    app = house.app()
    async with app.run_test(size=size) as pilot:
        await until(lambda: "net" in frame(app), pilot)
        await pilot.press("enter")
        for section in SECTIONS:
            await pilot.press(section.key)
            await until(lambda key=section.key: f"[{key}" in frame(app).splitlines()[1], pilot)
            text = frame(app)
            assert "\x1b" not in text
            assert "? help" in text.splitlines()[-1]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
async def test_an_empty_project_says_which_key_to_press(house, section):
    house.bench.projects.update(
        house.project.id,
        _bare,
    )
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", section.key)
        await until(lambda: f"[{section.key}" in frame(app), pilot)
        expected = {"2": "r  make", "3": "n  make", "4": "3  build", "6": "3  build"}
        assert expected.get(section.key, "") in frame(app)


def _bare(project):
    return replace(project, perf_profiles=(), loss_profiles=(), optimizations=(), benchmarks=())


async def test_an_empty_home_says_how_to_begin(empty_house):
    app = empty_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: "No projects yet" in frame(app), pilot)
        await pilot.press("3")
        await until(lambda: "No project is open" in frame(app), pilot)


@pytest.mark.parametrize("key", sorted(SCREENS))
def test_every_binding_has_an_id_and_a_description(key):
    bindings = [one for one in type(new_screen(key)).BINDINGS if isinstance(one, Binding)]
    bindings += [one for one in SparsifyApp.BINDINGS if isinstance(one, Binding)]
    assert all(one.id and one.description for one in bindings)


@pytest.mark.parametrize("key", sorted(SCREENS))
def test_every_hint_is_a_key_that_does_something(key):
    screen = new_screen(key)
    bound = {
        name
        for kind in (*type(screen).__mro__, SparsifyApp)
        for one in getattr(kind, "BINDINGS", ())
        if isinstance(one, Binding)
        for name in one.key.split(",")
    } | {"enter", "space", "s", "less_than_sign", "greater_than_sign"}
    assert {hint for hint, _ in screen.HINTS} <= bound


@pytest.mark.parametrize("key", sorted(SCREENS))
async def test_no_key_of_a_section_breaks_it(house, key):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: "net" in frame(app), pilot)
        await pilot.press("enter", key)
        await pilot.pause()
        names = {name for name in app.screen.active_bindings if name not in LEAVING}
        for name in sorted(names):
            await pilot.press(name)
            await pilot.press("escape")
        await pilot.pause()
        assert app.is_running


async def test_help_lists_the_keys_and_runs_what_is_picked(house):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await until(lambda: "[1" in frame(app), pilot)
        await pilot.press("question_mark", *"benchmarks", "enter")
        await until(lambda: "[4" in frame(app), pilot)


async def test_an_error_stays_until_it_is_dismissed_and_is_kept_in_the_log(empty_house):
    app = empty_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await until(lambda: "No project is open" in frame(app), pilot)
        await pilot.press("escape")
        await until(lambda: "No project is open" not in frame(app), pilot)
        await pilot.press("E")
        await until(lambda: "No project is open" in frame(app), pilot)


async def test_quitting_asks_only_while_a_job_runs(house: House):
    house.jobs.hold.clear()
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "r", "f2")
        await until(lambda: "performance 1/4" in frame(app), pilot)
        await pilot.press("q")
        await until(lambda: "stop and quit" in frame(app), pilot)
        await pilot.press("n", "J")
        await until(lambda: "stem" in frame(app), pilot)
        await pilot.press("c", "escape")
        await until(lambda: not app.queue.open_jobs, pilot)
        assert app.queue.jobs[0].state == "stopped"
        await pilot.press("q")
    assert app.return_code == 0
