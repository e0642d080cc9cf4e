from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.loss_profile import Losses
from sparsify_tui.core.profile import Curve
from tests.core.channel_losses import channel_profile, group
from tests.core.examples import layer_loss, loss_profile


def test_a_loss_curve_starts_at_nothing_lost() -> None:
    curve = loss_profile(layer_loss("a")).curve("a")

    assert curve == Curve(levels=(0.0, 0.5, 0.9), values=(0.0, 0.1, 0.6))


def test_a_level_of_zero_is_no_point_of_its_own() -> None:
    row = layer_loss("a", pruning=Losses(values=(0.0, 0.2), samples=(0, 0)))

    assert loss_profile(row, levels=(0.0, 0.5)).curve("a") == Curve(
        levels=(0.0, 0.5), values=(0.0, 0.2)
    )


def test_a_curve_leaves_out_levels_that_were_not_measured() -> None:
    row = layer_loss("a", pruning=Losses(values=(0.1, None), samples=(4, 4)))

    assert loss_profile(row).curve("a") == Curve(levels=(0.0, 0.5), values=(0.0, 0.1))


def test_a_magnitude_curve_spreads_its_points_evenly() -> None:
    curve = loss_profile(layer_loss("a", magnitudes=(0.0, 2.0, 8.0))).magnitude_curve("a")

    assert curve == Curve(levels=(0.0, 0.5, 1.0), values=(0.0, 2.0, 8.0))


@pytest.mark.parametrize("name", ["b", "unknown"])
def test_a_layer_that_was_not_measured_has_no_curve(name: str) -> None:
    profile = loss_profile(
        layer_loss("a"), layer_loss("b", status="not measured", pruning=Losses(), magnitudes=())
    )

    assert profile.curve(name) is None
    assert profile.magnitude_curve(name) is None


def test_a_value_is_measured_when_it_rests_on_samples() -> None:
    losses = Losses(values=(0.1, 0.2, None), samples=(4, 0, 4))

    assert [losses.is_measured(at) for at in range(4)] == [True, False, False, False]


def test_a_scheme_that_was_not_asked_for_has_no_value() -> None:
    row = layer_loss("a", quantization=Losses(values=(0.01,), samples=(2,)))
    profile = replace(loss_profile(row), schemes=("int8",))

    assert profile.at_scheme(row, "int8") == 0.01
    assert profile.at_scheme(row, "int4") is None
    assert profile.at_scheme(layer_loss("b"), "int8") is None


@pytest.mark.parametrize(
    ("method", "stage", "is_ranking"),
    [("magnitude", "done", False), ("one-shot", "magnitude", False), ("one-shot", "anchors", True)],
)
def test_only_measured_losses_rank_layers(method: str, stage: str, is_ranking: bool) -> None:
    profile = replace(loss_profile(layer_loss("a")), method=method, stage=stage)

    assert profile.is_ranking is is_ranking


def test_a_profile_is_complete_when_it_is_done() -> None:
    profile = loss_profile(layer_loss("a"))

    assert profile.is_complete
    assert not replace(profile, stage="levels").is_complete


def test_a_group_of_channels_has_its_curve_over_the_widths_that_were_measured() -> None:
    profile = channel_profile()

    assert profile.curve("skip") == Curve(
        levels=(0.0, 0.25, 0.5, 0.75), values=(0.0, 0.1, 0.2, 0.4)
    )
    inner = profile.curve("inner")
    assert inner is not None
    assert inner.levels == (0.0, 0.5)


def test_a_layer_has_the_values_of_the_group_that_it_is_the_first_to_make() -> None:
    profile = channel_profile()
    late = replace(profile.groups[0], group=group("stem", "inner"))
    second = replace(profile.groups[1], group=group("inner", name="inner:2"))
    both = replace(profile, groups=(late, profile.groups[1], second))

    assert [one.group.id for one in both.groups_of("inner")] == ["inner", "inner:2", "stem"]
    assert [one.group.id for one in both.groups_of("stem")] == ["stem"]
    assert both.groups_of("head") == ()
