from __future__ import annotations

from tests.tui.screens.house import House, frame, until, write


async def test_the_preview_has_line_numbers_and_is_what_is_saved(house: House, tmp_path):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "6")
        await until(lambda: "3 version" in frame(app) or "modifiers" in frame(app), pilot)
        file = tmp_path / "recipe.yml"
        await pilot.press("enter")
        write(app, str(file))
        await pilot.press("enter")
        await until(file.exists, pilot)
        plan = house.stored().optimizations[0]
        assert file.read_text() == house.bench.exports.preview(house.stored(), plan, "sparseml")


async def test_v_shows_the_code(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "6", "v")
        await until(lambda: "PyTorch" in frame(app), pilot)


async def test_a_path_that_cannot_be_written_is_explained(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "6")
        await until(lambda: "modifiers" in frame(app), pilot)
        await pilot.press("enter")
        write(app, str(house.file / "recipe.yml"))
        await pilot.press("enter")
        await until(lambda: "cannot be written" in frame(app), pilot)


async def test_a_saves_the_changed_model(house: House, tmp_path):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "6")
        await until(lambda: "modifiers" in frame(app), pilot)
        await pilot.press("a")
        await until(lambda: "Save half as" in frame(app), pilot)
        write(app, str(tmp_path / "half.onnx"))
        await pilot.press("enter")
        await until(lambda: any(spec.kind == "apply" for spec in house.jobs.specs), pilot)
        assert house.jobs.specs[-1].args["output"] == str(tmp_path / "half.onnx")
        await until(lambda: "half.onnx:1" in "".join(frame(app).split()), pilot)
