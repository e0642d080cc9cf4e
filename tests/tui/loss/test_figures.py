from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsify_tui.tui.loss.figures import (
    aspects_of,
    chosen_aspect,
    figure_text,
    level_text,
    metric_words,
)
from tests.core import examples
from tests.tui.loss.profiles import estimated, measured, one_shot, unmeasured


def at(profile, key):
    return next(one for one in aspects_of(profile) if one.key == key)


def test_what_was_measured_is_plain_and_what_was_not_has_a_tilde():
    row, profile = estimated("a"), one_shot()
    assert at(profile, "0.8").figure(row).text == "0.400"
    assert at(profile, "0.95").figure(row).text == "~0.900"


@pytest.mark.parametrize("row", [None, unmeasured("a"), estimated("a")])
def test_what_is_not_known_is_a_point_and_never_zero(row):
    assert at(one_shot(), "int8").figure(row).text == "·"


def test_values_of_weights_alone_are_computed_and_no_estimates():
    profile = examples.loss_profile(examples.layer_loss("a"))
    assert at(profile, "0.9").figure(profile.layers[0]).text == "0.600"


def test_an_interval_is_told_only_with_both_bounds():
    row = measured("a")
    assert at(one_shot(), "0.5").figure(row).interval_text == "[0.080, 0.120]"
    assert at(one_shot(), "int8").figure(row).interval is None


def test_a_drop_is_read_in_place_of_the_distance_and_has_no_interval():
    drop = replace(at(one_shot(), "0.8"), is_drop=True).figure(measured("a"))
    assert (drop.text, drop.interval_text) == ("0.040", "")


def test_the_aspects_are_the_levels_then_the_schemes():
    found = aspects_of(one_shot(levels=(0.5, 0.975), schemes=("int8-tensor", "int8-w8a8")))
    assert [one.title for one in found] == ["50%", "97.5%", "int8/t", "w8a8"]
    assert found[2].words == "as int8 weights, per tensor"


def test_the_level_nearest_to_80_is_looked_at_first_and_another_once_chosen():
    aspects = aspects_of(one_shot(levels=(0.2, 0.75, 0.9)))
    assert chosen_aspect(aspects, "").key == "0.75"
    assert chosen_aspect(aspects, "int8").key == "int8"
    assert chosen_aspect(aspects[3:], "").key == "int8"
    assert chosen_aspect((), "") is None


@given(st.floats(min_value=1e-9, max_value=1e5), st.booleans())
def test_no_value_takes_more_than_a_column_has(value, is_estimated):
    assert len(figure_text(value, is_estimated=is_estimated)) <= 6


def test_names_of_distances_and_levels():
    assert metric_words("kl") == "KL divergence"
    assert metric_words("removed weight energy") == "removed weight energy"
    assert [level_text(one) for one in (0.55, 0.975)] == ["55%", "97.5%"]
