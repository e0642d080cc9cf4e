from __future__ import annotations

from typing import Any

import pytest

from sparsify_tui.core.channels.edits import set_width, toggle_groups, with_channels
from sparsify_tui.core.channels.groups import AxisWidth
from sparsify_tui.core.model import Model
from sparsify_tui.core.modifiers import ChannelPruning
from sparsify_tui.core.optimization import Optimization
from tests.core.channel_examples import (
    INNER,
    NET,
    STEM,
    analysis,
    group,
    net_map,
    whole,
    widths,
)
from tests.core.examples import layer, model_of, plan_of

HALF = with_channels(plan_of(ChannelPruning()), analysis(), 0.5)


def arguments(plan: Optimization, model: Model = NET) -> list[dict[str, Any]]:
    entries = plan.channels.entries(model)
    assert {entry.tag for entry in entries} <= {"StructuredPruningModifier"}
    return [dict(entry.args) for entry in entries]


def left_out(plan: Optimization, model: Model = NET) -> dict[str, str]:
    return {str(one): reason for one, reason in plan.channels.masks(model).left_out}


def test_groups_of_one_level_share_an_entry_and_residual_layers_a_mask() -> None:
    assert arguments(HALF) == [
        {
            "start_epoch": 1.0,
            "end_epoch": 34.0,
            "update_frequency": 0.825,
            "init_sparsity": 0.05,
            "final_sparsity": 0.5,
            "params": ["stem.weight", "two.weight", "one.weight"],
            "param_groups": [["stem.weight", "two.weight"]],
            "inter_func": "cubic",
            "leave_enabled": True,
            "mask_type": "filter",
        }
    ]


def test_each_level_has_an_entry() -> None:
    first, second = arguments(set_width(HALF, [STEM], 15))

    assert (first["final_sparsity"], second["final_sparsity"]) == (0.0625, 0.5)
    assert (first["init_sparsity"], second["init_sparsity"]) == (0.05, 0.05)
    assert "param_groups" not in second


def test_the_level_gives_back_the_count_of_units_when_it_is_rounded() -> None:
    for kept in range(1, 16):
        (entry, *_) = arguments(set_width(HALF, [STEM], kept))
        assert round(entry["final_sparsity"] * 16, 4) == 16 - kept


def test_groups_that_are_off_or_lose_nothing_are_left_out() -> None:
    off = toggle_groups(HALF, [STEM])

    assert arguments(off)[0]["params"] == ["one.weight"]
    assert arguments(set_width(off, [INNER], 8)) == []
    assert arguments(plan_of(ChannelPruning())) == []


def test_layers_without_a_pytorch_name_keep_their_onnx_name() -> None:
    layers = [
        layer(one.id, weight="onnx::Conv_1!x", module_path=None) if one.id == "one" else one
        for one in NET.layers
    ]

    params = arguments(HALF, model_of(*layers))[0]["params"]

    assert params[-1] == r"re:onnx::Conv_1\x21x$"


def test_a_group_whose_names_a_recipe_cannot_spell_is_left_out() -> None:
    layers = [layer("stem", weight="a!b"), *NET.layers[1:]]

    assert list(left_out(HALF, model_of(*layers))) == ["stem"]


def test_where_filters_do_not_fit_the_inputs_that_take_the_channels_are_masked() -> None:
    """Half of an axis is no filter mask, but whoever takes the other half whole can be masked."""
    split = AxisWidth(parts=(*whole(STEM, 16).parts, *whole(INNER, 8).parts))
    channels = net_map(
        groups=(group("stem", 16, "stem", "one"),),
        layers=(
            widths("stem", AxisWidth(fixed=3), split),
            widths("one", whole(STEM, 16), AxisWidth(fixed=8)),
        ),
    )

    (entry,) = arguments(with_channels(plan_of(), analysis(channels), 0.5))

    assert (entry["mask_type"], entry["params"]) == ("channel", ["one.weight"])


def test_units_of_several_elements_are_left_out_with_the_reason() -> None:
    heads = whole(STEM, 16, 4)
    channels = net_map(
        groups=(group("stem", 16, "stem", "one", kind="head"),),
        layers=(widths("stem", AxisWidth(fixed=3), heads), widths("one", heads, whole(INNER, 8))),
    )
    plan = with_channels(plan_of(), analysis(channels), 0.5)

    assert arguments(plan) == []
    assert "single filters" in left_out(plan)["stem"]
    assert "head" in left_out(plan)["stem"]


def test_a_group_with_units_that_must_stay_is_left_out() -> None:
    channels = net_map(groups=(group("stem", 16, "stem two", "one", fixed=(3,)),))

    assert "must stay" in left_out(with_channels(plan_of(), analysis(channels), 0.5))["stem"]


def test_a_transposed_convolution_has_its_filters_on_the_other_axis() -> None:
    stem, one, two, head = NET.layers
    alone = model_of(stem, layer("one", op_type="ConvTranspose"), two, head)
    added = model_of(stem, one, layer("two", op_type="ConvTranspose"), head)

    assert [entry["mask_type"] for entry in arguments(HALF, alone)] == ["filter", "channel"]
    assert list(left_out(HALF, added)) == ["stem"]


def test_a_layer_has_the_level_of_the_group_that_it_makes() -> None:
    plan = set_width(HALF, [STEM], 12)

    assert [plan.channels.level_of(one.id) for one in NET.layers] == [0.25, 0.5, 0.25, 0.0]


def test_the_shares_of_layers_are_products_of_what_they_take_and_make() -> None:
    shares = {name: one.weights for name, one in HALF.channels.shares.items()}

    assert shares == {"stem": 0.5, "one": 0.25, "two": 0.25, "head": 0.5}
    assert HALF.channels.shares[NET.layers[3].id].outputs == 1.0
    assert toggle_groups(HALF, [STEM, INNER]).channels.shares == {}


@pytest.mark.parametrize(("end", "count"), [(1.0, 1), (1.1, 0)])
def test_pruning_that_ends_before_it_starts_is_a_problem_where_something_goes(
    end: float, count: int
) -> None:
    channels = HALF.with_modifier(
        ChannelPruning(
            map=HALF.channels.map, groups=HALF.channels.groups, start_epoch=1.0, end_epoch=end
        )
    ).channels

    assert len(channels.problems()) == count
    assert ChannelPruning(start_epoch=2.0, end_epoch=1.0).problems() == ()
