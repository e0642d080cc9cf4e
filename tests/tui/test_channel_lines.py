from __future__ import annotations

from dataclasses import replace

from sparsify_tui.core.channels.edits import adopt_channels, set_width, with_channels
from sparsify_tui.core.estimate import Estimate, estimate
from sparsify_tui.core.loss_profile import GroupLoss, Losses
from sparsify_tui.core.model import LayerId
from sparsify_tui.core.modifiers import Pruning, Quantization
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.speed import expected_speed_up
from sparsify_tui.tui.channel_lines import (
    channel_outlook_lines,
    found_text,
    group_lines,
    layer_width_lines,
    locked_lines,
    unit_ranges,
)
from sparsify_tui.tui.channel_view import ChannelView, channel_view
from tests.core.examples import (
    layer,
    layer_loss,
    level,
    loss_profile,
    model_of,
    perf_profile,
    plan_of,
)
from tests.tui.channels import HEADS, REASON, STEM, analysis, front, lanes, point, search

MODEL = model_of(*map(layer, ("stem", "layer1.conv", "x[/a]", "[bold]b", "head")))
PROFILE = perf_profile(channels=lanes())
SEARCHED = adopt_channels(plan_of(), search())
SPREAD = with_channels(plan_of(), analysis(), 0.5)


def viewed(plan: Optimization, *profiles) -> ChannelView:
    view = channel_view(MODEL, plan, PROFILE, profiles or (PROFILE,))
    assert view is not None
    return view


def said(plan: Optimization, *profiles, speed: Estimate | None = None) -> list[str]:
    known = profiles or (PROFILE,)
    speed_up = speed or expected_speed_up(plan, MODEL, known)
    outlook = estimate(MODEL, plan.changes, speed_up, plan.channels.shares)
    parts = channel_outlook_lines(viewed(plan, *known), outlook, (1, 0))
    return ["  ".join(text for text, _ in line if text) for line in parts]


def test_a_search_is_told_by_what_it_measured_beside_what_was_predicted() -> None:
    size, speed, loss, choice, problems = said(SEARCHED)

    assert size.startswith("params 5.05k → ")
    assert speed.startswith("speed-up 1.90× [1.85×, 1.95×] measured  predicted 1.86×")
    assert "predictions ±" not in speed, "that is of the profile, and this of the search"
    assert loss == "loss 0.016 on 16 held-out samples  agrees 98.4%  repaired"
    assert choice == "48 of 98 units go in 2 of 3 groups  obs, repair auto  undo 1"
    assert problems == ""


def test_a_loss_of_repaired_weights_is_none_of_a_plan_without_repair() -> None:
    plan = SEARCHED.with_modifier(replace(SEARCHED.channels, repair="none"))

    _, speed, loss, *_ = said(plan)

    assert "measured" in speed
    assert loss.startswith("loss of these widths not measured")


def test_widths_of_ones_own_have_a_predicted_speed_and_no_loss() -> None:
    _, speed, loss, *_ = said(SPREAD)

    assert " predicted" in speed
    assert speed.count("predicted") == 1
    assert loss.startswith("loss of these widths not measured")


def test_without_lanes_the_speed_is_unknown_and_the_way_to_it_is_said() -> None:
    bare = replace(PROFILE, channels=None)
    _, speed, *_ = said(SPREAD, bare, speed=Estimate(value=None, note="nothing fits"))

    assert speed == "speed-up unknown: nothing fits  1, then r, measures narrowed models"
    _, speed, *_ = said(SPREAD, speed=Estimate(value=None))
    assert speed == "speed-up unknown"
    assert "no profile has narrowed this model: 1, then r" in group_lines(
        viewed(SPREAD, bare), viewed(SPREAD).channels.map.groups[0], None
    )


def test_a_loss_is_never_said_of_more_than_it_was_measured_of() -> None:
    zeros = SEARCHED.with_modifier(Pruning(layers=(level("stem", 0.5),)))
    both = zeros.with_modifier(Quantization(layers=(LayerId("stem"),)))

    assert "held-out samples  without zeros" in said(zeros)[2]
    assert "without zeros and int8" in said(both)[2]
    assert "int8 in 1 layers" in said(both)[3]


def test_made_up_data_and_a_repair_that_was_dropped_are_said() -> None:
    points = (point(1.9, 0.016, 32, 16, repaired=False),)
    doubtful = adopt_channels(plan_of(), search(points=points, chosen=0, is_made_up=True))
    plain = adopt_channels(plan_of(), search(repair="none"))

    assert "of made-up data" in said(doubtful)[2]
    assert said(doubtful)[2].endswith("repair did not help, and was dropped")
    assert said(plain)[2].endswith("no repair")


def test_a_search_that_cut_nothing_says_why_and_one_that_is_doubted_says_so() -> None:
    nothing = adopt_channels(plan_of(), search(chosen=None, cause="none is surely faster"))
    doubted = adopt_channels(plan_of(), search(doubts=("machine busy ×4.1", "load 7.0")))

    assert said(nothing)[2] == "search: nothing is cut: none is surely faster"
    assert "predictions" not in said(nothing)[1]
    assert "not trusted: machine busy ×4.1" in said(doubted)[2]


def test_a_group_tells_its_widths_its_layers_and_the_search() -> None:
    (group, *_), view = viewed(SEARCHED).channels.map.groups, viewed(SEARCHED)
    lines = group_lines(view, group, None)

    assert "channel, 64 units" in lines
    assert "keeps 32, 50.0% go" in lines
    assert "widths that run well 64 48 32 16" in lines
    assert "made by stem, layer1.conv" in lines
    assert "taken by x[/a]" in lines
    assert "units that go 32-63" in lines
    assert "this cut saves 4.50 ms" in lines
    assert "channel search" in lines
    heads = view.channels.map.group(HEADS)
    assert heads is not None
    assert "1 units must stay" in group_lines(view, heads, None)


def test_what_a_group_loses_alone_comes_from_a_profile_of_channels_only() -> None:
    group = viewed(SEARCHED).channels.map.groups[0]
    losses = Losses(values=(0.02, 0.5), samples=(8, 8))
    row = layer_loss("stem", status="measured", pruning=losses)
    of_group = GroupLoss(group=group, kept=(32, 6), pruning=losses)
    profile = replace(loss_profile(row), structure="channel", metric="mse", method="one-shot")
    profile = replace(profile, groups=(of_group,))
    filled = replace(of_group, pruning=replace(losses, samples=(0, 8)))

    def alone(plan, loss) -> list[str]:
        return [one for one in group_lines(viewed(plan), group, loss) if one.startswith("alone")]

    assert alone(SEARCHED, profile) == ["alone MSE ÷ variance 0.020"]
    assert "~" in alone(set_width(SEARCHED, [STEM], 48), profile)[0]
    assert "~" in alone(SEARCHED, replace(profile, groups=(filled,)))[0]
    assert alone(SEARCHED, replace(profile, structure="unstructured")) == []
    assert alone(set_width(SEARCHED, [STEM], 64), profile) == []


def test_a_layer_tells_what_is_left_of_both_its_sides() -> None:
    view = viewed(SEARCHED)

    assert layer_width_lines(view, LayerId("layer1.conv")) == [
        "takes 32 of 64, makes 32 of 64 channels",
        "25.0% of its weights stay",
    ]
    assert layer_width_lines(view, LayerId("elsewhere")) == []


def test_what_can_never_go_tells_why_and_what_else_is_possible() -> None:
    view = viewed(SEARCHED)
    lines = locked_lines(view, view.channels.map.locked[0])

    assert REASON in lines
    assert lines[-1] == "int8 and zeros are possible all the same"


def test_units_are_told_as_runs() -> None:
    assert unit_ranges((3, 5, 6, 7, 9)) == ["3", "5-7", "9"]
    assert unit_ranges(()) == []


def test_what_was_found_is_one_line() -> None:
    assert found_text(analysis()) == "3 groups, ordered by 64 samples of digits.npz"
    assert found_text(search()) == "measured 1.90×, loss 0.016, agrees 98.4%, predicted 5.37 ms"
    none = replace(search(), front=front(chosen=None, cause="none is faster"))
    assert found_text(none) == "nothing is cut: none is faster"
