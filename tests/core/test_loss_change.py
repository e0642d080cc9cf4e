from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sparsify_tui.core.loss_change import compare_losses
from sparsify_tui.core.loss_profile import Losses, LossProfile
from sparsify_tui.errors import UsageError
from tests.core import examples
from tests.core.channel_losses import channel_profile

RISING = {"a": (0.1, 0.2), "b": (0.2, 0.4), "c": (0.3, 0.6)}
FALLING = {"a": (0.3, 0.9), "b": (0.2, 0.8), "c": (0.1, 0.7)}


def profile(values: Mapping[str, tuple[float | None, ...]], **changes: Any) -> LossProfile:
    """One-shot at 50 and 90 %, with the first level's values in int8, too."""
    rows = (
        examples.layer_loss(
            name,
            pruning=Losses(values=losses, samples=(8, 8)),
            quantization=Losses(values=losses[:1], samples=(8,)),
        )
        for name, losses in values.items()
    )
    plain = replace(
        examples.loss_profile(*rows), method="one-shot", metric="mse", schemes=("int8",)
    )
    return replace(plain, **changes)


def test_profiles_are_compared_with_the_first_level_by_level() -> None:
    comparison = compare_losses([profile(RISING), profile(RISING), profile(FALLING)])

    same, opposite = comparison.pairs
    assert [(one.at, one.layers) for one in same.levels] == [(0.5, 3), (0.9, 3)]
    assert [one.value for one in same.levels] == pytest.approx([1, 1])
    assert [one.value for one in opposite.levels] == pytest.approx([-1, -1])
    assert [(one.at, one.value) for one in opposite.schemes] == [("int8", pytest.approx(-1))]
    assert opposite.profile is comparison.profiles[2]


def test_only_what_both_know_is_correlated() -> None:
    other = profile({"c": (0.9, None), "z": (5.0, 5.0), "a": (0.1, 0.2)}, schemes=())

    comparison = compare_losses([profile(RISING), other])

    (pair,) = comparison.pairs
    assert [(one.value, one.layers) for one in pair.levels] == [(pytest.approx(1), 2), (None, 1)]
    assert pair.schemes == ()
    assert comparison.layers == ("a", "b", "c", "z")


def test_levels_that_one_of_them_lacks_are_left_out() -> None:
    other = profile({name: losses[1:] for name, losses in RISING.items()}, levels=(0.9,))

    (pair,) = compare_losses([profile(RISING), other]).pairs

    assert [one.at for one in pair.levels] == [0.9]
    assert [one.value for one in pair.levels] == pytest.approx([1])


def test_profiles_made_alike_have_no_differences() -> None:
    (pair,) = compare_losses([profile(RISING), profile(FALLING, name="other", cpu_s=9.0)]).pairs

    assert pair.differences == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"method": "magnitude"}, "method one-shot and magnitude"),
        ({"metric": "kl"}, "metric mse and kl"),
        ({"structure": "2:4"}, "structure unstructured and 2:4"),
        ({"outputs": (("y", 2.0),)}, "outputs all and y x2"),
        ({"source": "digits.npz"}, "data the weights alone and digits.npz"),
        ({"samples": 64}, "samples 0 and 64"),
        ({"levels": (0.5, 0.8)}, "levels 50.0%, 90.0% and 50.0%, 80.0%"),
        ({"schemes": ()}, "schemes int8 and none"),
        ({"model_digest": "cd" * 32}, "the model file has changed in between"),
        ({"stage": "anchors", "name": "half\x1bway"}, "half␛way is not complete"),
    ],
)
def test_what_was_done_differently_is_said(changes: dict[str, Any], says: str) -> None:
    (pair,) = compare_losses([profile(RISING), profile(RISING, **changes)]).pairs

    assert pair.differences == (says,)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_two_to_four_can_be_compared(count: int) -> None:
    with pytest.raises(UsageError, match=f"{count} loss profiles") as caught:
        compare_losses([profile(RISING)] * count)

    assert caught.value.hint


def test_a_group_of_channels_ranks_as_one() -> None:
    before, after = channel_profile(), channel_profile(groups=channel_profile().groups[::-1])

    (pair,) = compare_losses([before, after]).pairs

    assert {one.layers for one in pair.levels} == {2}
    assert [one.value for one in pair.levels] == pytest.approx([1, 1, 1])
