from __future__ import annotations

from dataclasses import replace

from sparsify_tui.codec import document_from
from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.project import DataSet
from tests.tui.screens.house import House, frame, until, write


async def go_to(pilot, app, name: str) -> None:
    await until(lambda: "net" in frame(app), pilot)
    await pilot.press("enter", "5")
    await until(lambda: "[5" in frame(app), pilot)
    app.screen.table.move_to(name)
    await pilot.pause()


async def test_a_training_setting_is_checked_and_stored(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, app, "training:epochs")
        await pilot.press("enter", "end", "x", "enter")
        await until(lambda: "whole number" in frame(app), pilot)
        await pilot.press("backspace", "enter")
        await until(lambda: house.jobs is not None and not app.screen.is_modal, pilot)
        await pilot.press("enter", "end", "0", "enter")
        await until(lambda: house.stored().training.epochs == 900, pilot)


async def test_delete_clears_a_setting(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, app, "training:initial_lr")
        await pilot.press("delete")
        await until(lambda: house.stored().training.initial_lr is None, pilot)


async def test_data_is_attached_under_its_role(house: House, tmp_path):
    file = tmp_path / "calibration.npz"
    file.write_bytes(b"")
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, app, "data:calibration")
        await pilot.press("enter")
        write(app, str(file))
        await pilot.press("enter")
        await until(lambda: house.jobs.specs, pilot)
        assert house.jobs.specs[-1].args["role"] == "calibration"
        await until(lambda: str(file) in {one.path for one in house.stored().data}, pilot)


async def test_a_moved_model_file_is_located(house: House, tmp_path):
    moved = tmp_path / "moved.onnx"
    house.file.rename(moved)
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await go_to(pilot, app, "model:model file")
        assert "missing" in frame(app)
        await pilot.press("l")
        write(app, str(moved))
        await pilot.press("enter")
        await until(lambda: house.stored().model.path == str(moved), pilot)


async def test_what_can_only_be_read_says_so(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, app, ":sha256")
        await pilot.press("enter")
        await until(lambda: "can only be read" in frame(app), pilot)


async def test_images_are_read_again_as_the_form_says(house: House):
    images = ImageOptions(mean=(0.5,), scale="0..1")
    folder = DataSet(
        role="calibration",
        path="/data/images",
        samples=9,
        labelled=False,
        images=images,
        reading="RGB, centre crop to 8x8",
    )
    house.bench.projects.update(house.project.id, lambda stored: replace(stored, data=(folder,)))
    app = house.app()
    async with app.run_test(size=(160, 50)) as pilot:
        await go_to(pilot, app, "images:calibration")
        assert "RGB, centre crop to 8x8" in frame(app)
        await pilot.press("enter")
        write(app, "0.5,x")
        await pilot.press("f2")
        await until(lambda: "one or three numbers" in frame(app), pilot)
        write(app, "0.1,0.2,0.3")
        await pilot.press("f2")
        await until(lambda: house.jobs.specs, pilot)

    args = house.jobs.specs[-1].args
    assert args["role"] == "calibration"
    ((path, asked),) = args["options"]["images"]
    assert path == "/data/images"
    assert asked == document_from(replace(images, mean=(0.1, 0.2, 0.3)))
