from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.examples import placement
from tests.tui.screens.house import House, frame, until, write


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
        await pilot.press("n", "tab", "tab", "right", "f2")
        await until(lambda: "needs a loss profile" in frame(app), pilot)
        assert len(house.stored().optimizations) == 1


async def test_a_profile_without_magnitudes_allows_no_global_spread(house: House):
    """Neither a new plan nor the open one, and the form offers it only where it can be had."""

    def begun(project):
        rows = (replace(row, magnitudes=()) for row in project.loss_profiles[0].layers)
        profile = replace(project.loss_profiles[0], layers=tuple(rows))
        return replace(project, loss_profiles=(profile,))

    house.bench.projects.update(house.project.id, begun)
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        before = app.screen.plan.levels
        await pilot.press("t", "tab", "right", "f2")
        await until(lambda: "needs a loss profile" in frame(app), pilot)
        assert app.screen.plan.levels == before
        await pilot.press("escape", "n", "f2")
        await until(lambda: len(house.stored().optimizations) == 2, pilot)
        assert house.stored().optimizations[-1].pruning.scope == "uniform"


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


def quantized(house: House, at: int = 0) -> set[str]:
    return set(house.stored().optimizations[at].quantized)


async def test_i_puts_a_layer_in_int8_and_back(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("i")
        await until(lambda: quantized(house) == {"stem"}, pilot)
        assert "int8 in 1 of 7 layers" in frame(app)
        await pilot.press("i")
        await until(lambda: quantized(house) == set(), pilot)
        assert "speed-up none on onnxruntime" in frame(app)


async def test_marked_layers_turn_to_int8_together_in_one_step(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("space", "j", "space", "i")
        await until(lambda: quantized(house) == {"stem", "layer1.conv"}, pilot)
        await pilot.press("u")
        await until(lambda: quantized(house) == set(), pilot)


async def test_a_layer_that_cannot_be_int8_says_so(house: House):
    def bare(project):
        head, *rest = project.model.layers
        layers = (replace(head, quantizable=False), *rest)
        return replace(project, model=replace(project.model, layers=layers))

    house.bench.projects.update(house.project.id, bare)
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("i")
        await until(lambda: "cannot be int8" in frame(app), pilot)
        assert quantized(house) == set()


async def test_int8_by_hand_is_predicted_from_the_profile(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("j", "i")
        await until(lambda: "predicted" in frame(app), pilot)
        assert "1.05×" in frame(app)


async def test_a_search_is_one_step_of_undo_and_shows_what_it_measured(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("I")
        await until(lambda: "Search where int8 pays" in frame(app), pilot)
        await pilot.press("f2")
        await until(lambda: len(quantized(house)) == 6, pilot)
        assert "speed-up 2.00× [1.90×, 2.10×] measured" in frame(app)
        assert "int8 in 6 of 7 layers" in frame(app)
        await pilot.press("i")
        await until(lambda: "predicted" in frame(app), pilot)
        await pilot.press("u", "u")
        await until(lambda: quantized(house) == set(), pilot)


async def test_a_search_that_kept_float_says_why(house: House):
    house.jobs.placement = placement(cause="int8 was not faster", speed_up=None)
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("I", "f2")
        await until(lambda: "no int8: int8 was not faster" in frame(app), pilot)
        assert "nothing became int8: int8 was not faster" in frame(app)
        assert "speed-up 1.00×" in frame(app)


async def test_a_search_lands_in_its_plan_though_another_is_open(house: House):
    house.jobs.hold.clear()
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("I", "f2", "c")
        await until(lambda: len(house.stored().optimizations) == 2, pilot)
        house.jobs.hold.set()
        await until(lambda: len(quantized(house)) == 6, pilot)
        assert quantized(house, 1) == set()
        assert "6 layers int8, 2.00× as fast" in frame(app)


async def test_a_plan_may_prune_nothing_and_search_int8_at_once(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("n")
        write(app, "")
        await pilot.press("tab", "tab", "tab", "right", "f2")
        await until(lambda: len(house.stored().optimizations) == 2, pilot)
        await until(lambda: len(quantized(house, 1)) == 6, pilot)
        plan = house.stored().optimizations[1]
        assert (plan.name, plan.levels) == ("int8", {})
        assert "prunes nothing" in frame(app)


async def test_a_plan_that_pruned_nothing_is_given_a_schedule_when_a_layer_is_pruned(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("n")
        write(app, "")
        await pilot.press("f2")
        await until(lambda: "prunes nothing" in frame(app), pilot)
        await pilot.press("i", "right_square_bracket")
        await until(lambda: house.stored().optimizations[1].levels.get("stem") == 0.05, pilot)
        plan = house.stored().optimizations[1]
        assert plan.problems() == ()
        assert quantized(house, 1) == {"stem"}
        assert "levels by hand" in frame(app)


async def test_a_plan_needs_a_target_in_range_or_none(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(house, pilot, app)
        await pilot.press("n")
        write(app, "100")
        await pilot.press("f2")
        await until(lambda: "Between 0 and 100" in frame(app), pilot)
        assert len(house.stored().optimizations) == 1
