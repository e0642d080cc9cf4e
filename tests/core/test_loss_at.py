from __future__ import annotations

from dataclasses import replace

import pytest

from sparsify_tui.core.loss_at import losses_at, place_in_words
from sparsify_tui.core.loss_profile import Losses, LossProfile
from tests.core import examples
from tests.core.channel_losses import channel_profile

ROWS = (
    examples.layer_loss(
        "a",
        pruning=Losses(values=(0.1, 0.6), samples=(8, 0)),
        quantization=Losses(values=(0.01,), samples=(8,)),
    ),
    examples.layer_loss("b", pruning=Losses(values=(None, 0.2), samples=(0, 8))),
)


@pytest.fixture
def profile() -> LossProfile:
    return replace(
        examples.loss_profile(*ROWS, levels=(0.5, 0.9)), schemes=("int8",), method="one-shot"
    )


def known(profile: LossProfile, at: float | str) -> list[tuple[str, float, bool]]:
    return [(one.id, one.value, one.is_estimated) for one in losses_at(profile, at)]


def test_layers_with_a_value_are_listed_with_how_sure_it_is(profile: LossProfile) -> None:
    assert known(profile, 0.5) == [("a", 0.1, False)]
    assert known(profile, 0.9) == [("a", 0.6, True), ("b", 0.2, False)]
    assert known(profile, "int8") == [("a", 0.01, False)]


def test_nothing_is_known_where_nothing_was_asked_for(profile: LossProfile) -> None:
    assert known(profile, 0.8) == known(profile, "int4") == []


def test_a_place_is_named_as_a_sentence_needs_it() -> None:
    assert place_in_words(0.85) == "at 85.0%"
    assert place_in_words("int8-w8a8") == "in int8-w8a8"


def test_groups_of_channels_are_listed_once_each_and_not_by_their_layers() -> None:
    assert known(channel_profile(), 0.5) == [("stem", 0.2, False), ("inner", 0.02, False)]
    assert known(channel_profile(), "int8") == []
