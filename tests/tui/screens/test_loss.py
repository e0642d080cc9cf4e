from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.loss_profile import GroupLoss, Losses, LossProfile
from sparsify_tui.errors import JobError
from sparsify_tui.tui.loss.charts import LossCharts
from sparsify_tui.tui.loss.running import GrowingProfile
from sparsify_tui.tui.widgets.layer_table import Table
from tests.core.channel_losses import channel_profile, group, losses
from tests.tui.loss.profiles import LEVELS, estimated, measured, one_shot, unmeasured
from tests.tui.screens.house import NAMES, SIZES, House, frame, until

DONE = one_shot(
    *(measured(name, at + 1.0) for at, name in enumerate(NAMES[:-1])), unmeasured(NAMES[-1])
)


def stored_with(house: House, *profiles: LossProfile) -> House:
    """The same house, with these loss profiles in its project."""
    house.bench.projects.update(
        house.project.id, lambda project: replace(project, loss_profiles=profiles)
    )
    return house


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_diagnosis_and_method_are_in_sight_at_every_size(house: House, size):
    app = stored_with(house, DONE).app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "one-shot: KL divergence" in frame(app), pilot)
        assert "of the summed" in " ".join(frame(app).split()) or "is spread" in frame(app)
        assert "64 samples of digits.npz" in frame(app)


async def test_a_profile_of_the_weights_alone_says_that_it_is_no_ranking(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "not a ranking across layers" in frame(app), pilot)


async def test_marked_layers_and_the_one_under_the_cursor_have_curves(house: House):
    app = stored_with(house, DONE).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "KL divergence at 80%" in frame(app), pilot)
        await pilot.press("v", "space", "j", "j")
        chart = app.screen.query_one(LossCharts).curves
        await until(lambda: len(chart._curves) == 2, pilot)
        assert "loss over sparsity" in frame(app)


async def test_brackets_choose_the_level_or_scheme_of_chart_and_diagnosis(house: House):
    app = stored_with(house, DONE).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "▸80%" in frame(app), pilot)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(lambda: "▸int8" in frame(app), pilot)
        assert "KL divergence as int8 weights, per channel" in frame(app)
        await pilot.press("left_square_bracket")
        await until(lambda: "at 95.0%" in frame(app), pilot)


async def test_the_scatter_turns_to_time_and_says_when_there_is_none(house: House):
    app = stored_with(house, DONE).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "KL divergence at 80%" in frame(app), pilot)
        await pilot.press("t")
        await until(lambda: "loss over parameters" in frame(app), pilot)
        await pilot.press("t")
        await until(lambda: "loss over ms" in frame(app), pilot)
        house.bench.projects.update(
            house.project.id, lambda project: replace(project, perf_profiles=())
        )
        app.refresh_project()
        await pilot.press("t")
        await until(lambda: "no times of this model file" in frame(app), pilot)


async def test_drops_of_the_metric_take_the_place_of_the_distance_with_labels(house: House):
    app = stored_with(house, replace(DONE, score="top-1", score_before=0.979)).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "top-1 97.9% unchanged" in frame(app), pilot)
        await pilot.press("d")
        await until(lambda: "drop of top-1 at 80%" in frame(app), pilot)


async def test_without_labels_there_is_no_drop(house: House):
    app = stored_with(house, DONE).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "d")
        await until(lambda: "no drop of a metric" in frame(app), pilot)


async def test_what_was_not_measured_says_why_in_the_pane_and_on_enter(house: House):
    app = stored_with(house, DONE).app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "1 not measured" in frame(app), pilot)
        await pilot.press("G")
        await until(lambda: "reason: it is in the branch" in frame(app), pilot)
        await pilot.resize_terminal(80, 24)
        await pilot.press("enter")
        await until(lambda: "reason: it is in the branch" in frame(app), pilot)


async def test_i_tells_all_about_the_profile(house: House):
    app = stored_with(house, replace(DONE, warnings=("one class only", "dead units"))).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "one class only (+1 more" in frame(app), pilot)
        await pilot.press("i")
        await until(lambda: "warning: dead units" in frame(app), pilot)


async def test_an_empty_section_offers_both_methods_with_their_times(house: House):
    app = stored_with(house).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "No loss profile yet" in frame(app), pilot)
        assert "r  make one by running the model: ~" in frame(app)
        assert "m  make one of the weights alone, no ranking: ~" in frame(app)
        await pilot.press("m")
        await until(lambda: "not a ranking across layers" in frame(app), pilot)
        assert house.jobs.specs[-1].kind == "magnitude"


async def test_levels_that_make_no_sense_are_refused_in_the_form(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "r", "enter", "enter", "end", *",7", "f2")
        await until(lambda: "between 0 and 1" in frame(app), pilot)
        assert house.jobs.specs == []


async def test_the_form_chooses_the_method(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "r", "left", "f2")
        await until(lambda: len(house.stored().loss_profiles) == 2, pilot)
        assert house.jobs.specs[-1].kind == "magnitude"
        await pilot.press("r", "right", "f2")
        await until(lambda: house.jobs.specs[-1].kind == "loss", pilot)
        assert house.jobs.specs[-1].args["request"]["anchors_only"] is True
        await until(lambda: "one-shot: KL divergence" in frame(app), pilot)


ON_ITS_WAY = (
    replace(DONE, stage="magnitude", layers=tuple(map(estimated, NAMES))),
    replace(DONE, stage="anchors", layers=(measured(NAMES[0]), *map(estimated, NAMES[1:]))),
)


async def test_a_running_profile_fills_in_place_and_keeps_cursor_and_marks(house: House):
    house.jobs.hold.clear()
    house.jobs.partials = ON_ITS_WAY[:1]
    app = stored_with(house).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "r", "f2")
        await until(lambda: "running: anchors" in frame(app), pilot)
        assert "~0.900" in frame(app)
        assert "J stops and keeps it" in frame(app)
        await pilot.press("j", "j", "space")
        table = app.screen.query_one(Table)
        house.jobs.hold.set()
        await until(lambda: "one-shot is done" in frame(app), pilot)
        await until(lambda: "running" not in frame(app), pilot)
        assert table.cursor_key == NAMES[2]
        assert table.marked_keys == {NAMES[2]}
        assert "~0.900" not in frame(app)


async def test_a_stopped_profile_keeps_what_is_measured_and_continues(house: House):
    house.jobs.hold.clear()
    house.jobs.partials = ON_ITS_WAY
    app = stored_with(house).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "r", "f2")
        await until(lambda: "running: all levels, 1 of 7 layers" in frame(app), pilot)
        await pilot.press("C")
        await until(lambda: "is being measured" in frame(app), pilot)
        await pilot.press("escape", "J", "c", "escape")
        await until(lambda: "not complete: all levels, 1 of 7 layers measured" in frame(app), pilot)
        assert "C continues" in frame(app)
        assert house.stored().loss_profiles[0].stage == "anchors"
        house.jobs.hold.set()
        await pilot.press("C")
        await until(lambda: house.stored().loss_profiles[0].is_complete, pilot)
        await until(lambda: "stopped" not in frame(app), pilot)
        assert len(house.stored().loss_profiles) == 1
        first, *_, last = house.jobs.specs
        assert first.args["profile_id"] == last.args["profile_id"]


async def test_a_complete_profile_has_nothing_to_continue(house: House):
    app = stored_with(house, DONE).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "C")
        await until(lambda: "nothing to continue" in frame(app), pilot)


async def test_a_job_that_fails_leaves_the_profile_as_far_as_it_came(house: House):
    house.jobs.partials = ON_ITS_WAY
    house.jobs.failure = JobError("The job ran out of memory.", "Allow more.")
    app = stored_with(house).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "r", "f2")
        await until(lambda: "ran out of memory" in frame(app), pilot)
        await pilot.press("escape")
        await until(lambda: "not complete: all levels" in frame(app), pilot)


async def test_a_growing_profile_is_drawn_once_a_second_at_most(house: House, monkeypatch):
    drawings, show = [], LossCharts.show
    monkeypatch.setattr(
        LossCharts, "show", lambda charts, what: (drawings.append(what), show(charts, what))
    )
    app = stored_with(house, ON_ITS_WAY[0]).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: drawings, pilot)
        drawings.clear()
        growing = GrowingProfile(app, house.project.id)
        for samples in range(12):
            growing.show(replace(ON_ITS_WAY[1], samples=samples))
            await pilot.pause(0.04)
        assert len(drawings) == 1
        await until(lambda: "11 samples of digits.npz" in frame(app), pilot)
        assert len(drawings) == 2


async def test_profiles_are_compared_up_to_four_and_escape_leaves(house: House):
    others = [replace(DONE, id=f"p{at}", name=f"other {at}", samples=8) for at in range(4)]
    app = stored_with(house, *others, DONE).app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "▸80%" in frame(app), pilot)
        await pilot.press("c", "enter")
        await until(lambda: "rank correlation A·B: 50% 1.00, 80% 1.00" in frame(app), pilot)
        assert "A and B: samples 64 and 8" in frame(app)
        await pilot.press("c", "enter")
        await until(lambda: "rank correlation A·C" in frame(app), pilot)
        await pilot.press("c", "enter")
        await until(lambda: "rank correlation A·D" in frame(app), pilot)
        await pilot.press("c")
        await until(lambda: "four at most" in frame(app), pilot)
        await pilot.press("escape", "escape")
        await until(lambda: "▸80%" in frame(app), pilot)


async def test_one_profile_has_nothing_to_be_compared_with(house: House):
    app = stored_with(house, DONE).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "c")
        await until(lambda: "no other loss profile" in frame(app), pilot)


async def test_profiles_are_opened_renamed_noted_and_deleted(house: House):
    app = stored_with(house, replace(DONE, id="old", name="before"), DONE).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "› one-shot" in frame(app), pilot)
        await pilot.press("o", "down", "enter")
        await until(lambda: "› before" in frame(app), pilot)
        await pilot.press("R", *"hand", "enter")
        await until(lambda: house.stored().loss_profiles[0].name == "hand", pilot)
        await pilot.press("N", *"calm", "enter")
        await until(lambda: house.stored().loss_profiles[0].notes == "calm", pilot)
        await until(lambda: "calm" in frame(app), pilot)
        await pilot.press("D", "y")
        await until(lambda: [one.id for one in house.stored().loss_profiles] == ["s1"], pilot)


async def test_the_columns_that_do_not_fit_are_pages_and_all_are_in_the_csv(house: House):
    app = stored_with(house, DONE).app()
    async with app.run_test(size=(60, 18)) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "▸80%" in frame(app), pilot)
        table = app.screen.query_one(Table)
        seen = set(table.column_titles)
        for _ in range(4):
            await pilot.press("w")
            await pilot.pause()
            seen |= set(table.column_titles)
        assert {"#", "op", "params", "time", "50%", "95%", "int8", "w8a8", "settled"} <= seen
        head = table.csv_text().splitlines()[0]
        assert all(f"{level * 100:.0f}%" in head for level in LEVELS)


async def test_quitting_keeps_what_is_measured(house: House):
    house.jobs.hold.clear()
    house.jobs.partials = ON_ITS_WAY
    app = stored_with(house).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "r", "f2")
        await until(lambda: "running: all levels" in frame(app), pilot)
        await pilot.press("q", "y")
        await pilot.pause(0.1)
    assert app.return_code == 0
    assert house.stored().loss_profiles[0].stage == "anchors"


async def test_a_profile_that_waits_for_another_job_says_so(house: House):
    house.jobs.hold.clear()
    stopped = replace(ON_ITS_WAY[1], id="half")
    app = stored_with(house, stopped).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "r", "f2", "2")
        await until(lambda: "not complete: all levels" in frame(app), pilot)
        await pilot.press("C")
        await until(lambda: "waiting: all levels" in frame(app), pilot)


async def test_a_profile_of_another_project_leaves_the_one_in_sight_alone(house: House):
    house.jobs.hold.clear()
    house.jobs.partials = ON_ITS_WAY
    app = stored_with(house).app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "r", "f2")
        await until(lambda: "running" in frame(app), pilot)
        await pilot.press("0")
        app.desk.lay_out(replace(house.project, id="other", loss_profiles=()))
        await pilot.press("2")
        await until(lambda: "No loss profile yet" in frame(app), pilot)
        house.jobs.hold.set()
        await until(lambda: "one-shot is done" in frame(app), pilot)
        assert "No loss profile yet" in frame(app)


def channels_of_the_house() -> LossProfile:
    """The first three layers go together, the fourth alone; the others are locked."""
    first, second = (
        GroupLoss(group=group(*names), kept=(48, 32, 16), pruning=losses(scale))
        for names, scale in ((NAMES[:3], 10.0), (NAMES[3:4], 1.0))
    )
    pruning = dict.fromkeys(NAMES[:3], first.pruning) | {NAMES[3]: second.pruning}
    rows = (
        measured(name, pruning=pruning[name], quantization=Losses())
        if name in pruning
        else unmeasured(name, "it is an output of the model")
        for name in NAMES
    )
    return channel_profile(layers=tuple(rows), groups=(first, second))


@pytest.mark.parametrize("size", SIZES[:2], ids=["80x24", "160x50"])
async def test_a_channel_profile_shows_who_goes_with_whom(house: House, size):
    app = stored_with(house, channels_of_the_house()).app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("enter", "2")
        await until(lambda: "one-shot channel: MSE ÷ variance after repair" in frame(app), pilot)
        assert "1 of 2 groups carries" in " ".join(frame(app).split())
        assert "16/64 stem, x[/a]" in frame(app)
        assert "goes with" in frame(app)
        await pilot.press("v", "v", "right_square_bracket", "enter")
        await until(lambda: "64 channels, in steps of 16" in frame(app), pilot)


async def test_channels_are_asked_for_without_levels_or_schemes(house: House):
    app = house.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter", "2", "r", *["tab"] * 4, "right", "right", "f2")
        await until(lambda: house.jobs.specs, pilot)
        request = house.jobs.specs[-1].args["request"]
        assert (request["structure"], request["schemes"]) == ("channel", [])
        assert request["levels"] == [0.25, 0.5, 0.75]
