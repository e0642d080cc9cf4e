from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tui.screens.house import House, frame, until


def level_of(house: House, name: str) -> float:
    (plan,) = house.stored().optimizations
    return plan.levels[name]  # type: ignore[index]


async def opened(house: House, pilot, app):
    await until(lambda: "net" in frame(app), pilot)
    await pilot.press("enter", "3")
    await until(lambda: "target 50.0%" in frame(app), pilot)


@pytest.mark.parametrize(
    ("keys", "level"),
    [
        (("right_square_bracket",), 0.55),
        (("left_square_bracket",), 0.45),
        (("right_curly_bracket",), 0.51),
        (("p",), 0.0),
        (("p", "p"), 0.5),
        (("right_square_bracket", "u"), 0.5),
        (("right_square_bracket", "u", "ctrl+r"), 0.55),
        (("e", "backspace", "backspace", "8", "5", "enter"), 0.85),
        (("e", "home", "+", "delete", "enter"), 0.5),
    ],
)
async def test_an_edit_is_shown_at_once_and_stored_soon(house: House, keys, level):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press(*keys)
        await until(lambda: app.screen.plan.levels["stem"] == pytest.approx(level), pilot)
        await until(lambda: level_of(house, "stem") == pytest.approx(level), pilot)


async def test_leaving_the_section_stores_what_was_just_edited(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("right_square_bracket", "5")
        await until(lambda: level_of(house, "stem") == pytest.approx(0.55), pilot)


async def test_marked_layers_change_together(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("space", "j", "space", "right_square_bracket")
        await until(lambda: level_of(house, "layer1.conv") == pytest.approx(0.55), pilot)
        assert level_of(house, "stem") == pytest.approx(0.55)
        assert level_of(house, "head") == pytest.approx(0.5)


async def test_a_locked_layer_keeps_its_level_when_the_target_is_spread(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("K", "t", "backspace", "backspace", "8", "0", "tab", "left", "f2")
        await until(lambda: level_of(house, "head") > 0.5, pilot)
        assert level_of(house, "stem") == pytest.approx(0.5)


async def test_the_speed_of_unstructured_zeros_is_shown_as_none(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        assert "speed-up none on onnxruntime" in frame(app)
        assert "no measured loss behind it" in frame(app)


async def test_a_new_plan_is_made_from_the_training_settings(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("n", "f2")
        await until(lambda: len(house.stored().optimizations) == 2, pilot)
        plan = house.stored().optimizations[-1]
        assert (plan.pruning.start_epoch, plan.pruning.end_epoch) == (1, 31)


async def test_one_threshold_without_a_loss_profile_says_what_is_missing(house: House):
    house.bench.projects.update(
        house.project.id, lambda project: replace(project, loss_profiles=())
    )
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("n", "tab", "right", "f2")
        await until(lambda: "needs a loss profile" in frame(app), pilot)
        assert len(house.stored().optimizations) == 1


async def test_the_schedule_is_a_form_of_the_modifiers_own_fields(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("f")
        await until(lambda: "First sparsity" in frame(app), pilot)
        await pilot.press("end", "backspace", "7", "f2")
        await until(
            lambda: house.stored().optimizations[0].pruning.init_sparsity == pytest.approx(0.07),
            pilot,
        )
