from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.diagnosis import NEGLIGIBLE, Diagnosis, diagnose
from sparsify_tui.core.loss_profile import Losses, LossProfile
from tests.core import examples
from tests.core.channel_losses import channel_profile, group, losses


def profile_of(values: Sequence[float | None], samples: int = 8) -> LossProfile:
    """Layers l0, l1, … with these losses at 80 % and in int8."""
    losses = [Losses(values=(value,), samples=(samples,)) for value in values]
    rows = (
        examples.layer_loss(f"l{at}", status="measured", pruning=one, quantization=one)
        for at, one in enumerate(losses)
    )
    plain = examples.loss_profile(*rows, levels=(0.8,))
    return replace(plain, method="one-shot", metric="mse", schemes=("int8",))


def found(values: Sequence[float | None]) -> Diagnosis:
    return diagnose(profile_of(values), 0.8)


def test_a_loss_that_few_layers_carry_names_them_the_worst_first() -> None:
    diagnosis = found([0.01] * 18 + [0.3, 0.52])

    assert diagnosis.kind == "concentrated"
    assert diagnosis.layers == ("l19", "l18")
    assert diagnosis.share == pytest.approx(0.82)
    assert diagnosis.sentence == "2 of 20 layers carry 82.0% of the summed loss at 80.0%: l19, l18."
    assert diagnosis.advice == "Leave them dense: 18.0% of it remains."


def test_a_scheme_is_diagnosed_like_a_level() -> None:
    diagnosis = diagnose(profile_of([0.9, 0.02, 0.02, 0.06]), "int8")

    assert diagnosis.sentence == "1 of 4 layers carries 90.0% of the summed loss in int8: l0."
    assert diagnosis.advice == "Leave it in float: 10.0% of it remains."


def test_a_loss_of_all_layers_is_for_training_to_recover() -> None:
    diagnosis = found([1.0] * 20)

    assert (diagnosis.kind, diagnosis.layers) == ("spread", ())
    assert diagnosis.sentence == "The loss at 80.0% is spread: 80% of it are in 16 of 20 layers."
    assert "training" in diagnosis.advice


@pytest.mark.parametrize(
    ("layers", "heavy", "kind"),
    [
        (20, 3, "concentrated"),
        (20, 4, "spread"),
        (100, 12, "concentrated"),
        (100, 13, "spread"),
        (5, 2, "concentrated"),
        (5, 3, "spread"),
        (1, 1, "concentrated"),
        (2, 2, "spread"),
    ],
)
def test_few_are_three_or_a_tenth_and_never_most(layers: int, heavy: int, kind: str) -> None:
    assert found([1.0] * heavy + [1e-6] * (layers - heavy)).kind == kind


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1) | st.none(), max_size=60))
def test_what_is_named_is_the_least_that_carries_most_of_the_loss(
    values: list[float | None],
) -> None:
    diagnosis = found(values)
    known = [value or 0.0 for value in values]
    named = [known[int(one[1:])] for one in diagnosis.layers]

    if diagnosis.kind == "concentrated":
        assert sum(named) >= 0.8 * sum(known) * (1 - 1e-12)
        assert sum(named[:-1]) < 0.8 * sum(known)
        assert diagnosis.share == pytest.approx(sum(named) / sum(known))
    assert (diagnosis.kind == "nothing") == (sum(known) < NEGLIGIBLE)


def test_layers_without_a_value_do_not_count() -> None:
    assert "1 of 3 layers" in found([0.9, None, 0.01, None, 0.02]).sentence


def test_rounding_below_zero_is_no_gain() -> None:
    assert found([-1e-9, -5e-9]).kind == "nothing"
    assert found([0.9, 0.05, -0.3]).share == pytest.approx(0.9 / 0.95)


def test_estimated_losses_are_marked() -> None:
    few = diagnose(profile_of([0.9, 0.01, 0.01], samples=0), 0.8)
    all_alike = diagnose(profile_of([1.0] * 20, samples=0), 0.8)

    assert "carries ~97.8%" in few.sentence
    assert "~2.2%" in few.advice
    assert "~16 of 20" in all_alike.sentence


def test_layers_are_called_by_their_labels_on_one_line() -> None:
    labels = {"l0": "stem\n.conv"}

    assert "stem␊.conv" in diagnose(profile_of([0.9, 0.01, 0.01]), 0.8, labels).sentence


def test_of_many_layers_only_the_worst_are_named() -> None:
    diagnosis = found([1.0] * 14 + [1e-6] * 186)

    assert len(diagnosis.layers) == 12
    assert "l7 and 4 more." in diagnosis.sentence
    assert "l8" not in diagnosis.sentence


@pytest.mark.parametrize(
    ("at", "values", "said"),
    [
        (0.8, [None, None], "Nothing was measured at 80.0%"),
        (0.9, [0.5], "Nothing was measured at 90.0%"),
        ("int4", [0.5], "Nothing was measured in int4"),
        (0.8, [0.0, 0.0], "No layer loses anything at 80.0%"),
    ],
)
def test_without_a_loss_there_is_nothing_to_diagnose(
    at: float | str, values: list[float | None], said: str
) -> None:
    diagnosis = diagnose(profile_of(values), at)

    assert diagnosis.kind == "nothing"
    assert said in diagnosis.sentence


def test_magnitude_is_refused_as_it_is_not_a_ranking() -> None:
    profile = replace(profile_of([0.9, 0.01, 0.01]), method="magnitude")

    diagnosis = diagnose(profile, 0.8)

    assert (diagnosis.kind, diagnosis.layers) == ("nothing", ())
    assert "not a ranking" in diagnosis.sentence
    assert "one-shot" in diagnosis.advice


def test_layers_whose_channels_go_together_are_one_thing() -> None:
    labels = {"stem": "net.stem", "skip": "net.skip", "inner": "net.inner"}

    diagnosis = diagnose(channel_profile(), 0.75, labels)

    assert diagnosis.layers == ("stem",)
    assert diagnosis.sentence == (
        "1 of 2 groups carries 90.9% of the summed loss at 75.0%: net.stem with 1 more."
    )
    assert diagnosis.advice == "Leave it whole: 9.1% of it remains."


def test_a_second_group_of_a_layer_is_told_from_its_first() -> None:
    profile = channel_profile()
    second = replace(profile.groups[0], group=group("stem", name="stem:2"), pruning=losses(1000))

    diagnosis = diagnose(replace(profile, groups=(*profile.groups, second)), 0.75)

    assert diagnosis.layers == ("stem:2",)
    assert "stem:2." in diagnosis.sentence
