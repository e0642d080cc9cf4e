from __future__ import annotations

import pytest

from sparsify_tui.errors import ModelError
from tests.tui.screens.house import House, frame, until, write


async def test_a_new_project_lands_on_its_performance_profile(empty_house: House):
    app = empty_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        write(app, str(empty_house.file))
        await pilot.press("f2")
        await until(lambda: "b1 t" in frame(app), pilot)
        assert "[1 Perf]" in frame(app)
        (summary,) = empty_house.bench.projects.list()
        assert (summary.name, summary.perf_profiles, summary.loss_profiles) == ("net", 1, 1)


async def test_a_file_that_is_no_model_leaves_no_project(empty_house: House):
    empty_house.jobs.failure = ModelError("net.onnx is not ONNX.", "Export it again.")
    app = empty_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        write(app, str(empty_house.file))
        await pilot.press("f2")
        await until(lambda: "net.onnx is not ONNX." in frame(app), pilot)
        assert "Export it again." in frame(app)
        assert empty_house.bench.projects.list() == ()


async def test_a_missing_file_is_said_in_the_form(empty_house: House):
    app = empty_house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("n")
        write(app, "/nowhere/x.onnx")
        await pilot.press("f2")
        await until(lambda: "There is no such file." in frame(app), pilot)


async def test_renaming_is_stored(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: "net" in frame(app), pilot)
        await pilot.press("R", "end", *"-2", "enter")
        await until(lambda: house.stored().name == "net-2", pilot)


@pytest.mark.parametrize(("typed", "is_gone"), [("net", True), ("no", False)])
async def test_deleting_measurements_wants_the_name_typed(house: House, typed, is_gone):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: "net" in frame(app), pilot)
        await pilot.press("D", *typed, "enter")
        await pilot.pause(0.2)
        assert (house.bench.projects.list() == ()) is is_gone


async def test_a_damaged_project_is_listed_with_its_problem(house: House):
    house.bench.projects.path_of(house.project.id).write_text("{")
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: "cannot be read" in frame(app), pilot)
