from __future__ import annotations

import pytest

from sparsify_tui.core.modifiers import LearningRate
from tests.core.examples import model_of

DECAYING = LearningRate(
    rate=0.0505,
    decay_epoch=31.0,
    decay_rate=0.012625,
    gamma=0.25,
    step_epochs=6,
    end_epoch=53.0,
)


def test_a_rate_without_decay_is_one_entry() -> None:
    (entry,) = LearningRate(rate=0.05).entries(model_of())

    assert entry.tag == "SetLearningRateModifier"
    assert entry.args == (("start_epoch", 0.0), ("learning_rate", 0.05))


def test_a_decay_is_a_second_entry_with_a_whole_step() -> None:
    _, decay = DECAYING.entries(model_of())

    assert decay.tag == "LearningRateModifier"
    assert dict(decay.args) == {
        "start_epoch": 31.0,
        "end_epoch": 53.0,
        "lr_class": "StepLR",
        "lr_kwargs": {"step_size": 6, "gamma": 0.25},
        "init_lr": 0.012625,
    }
    assert isinstance(dict(decay.args)["lr_kwargs"]["step_size"], int)


@pytest.mark.parametrize(
    ("epoch", "rate"),
    [
        (0, 0.0505),
        (30.9, 0.0505),
        (31, 0.012625),
        (36.9, 0.012625),
        (37, 0.012625 / 4),
        (49, 0.012625 / 64),
        (53, 0.012625 / 64),
        (500, 0.012625 / 64),
    ],
)
def test_the_rate_falls_by_steps_until_the_end(epoch: float, rate: float) -> None:
    assert DECAYING.rate_at(epoch) == pytest.approx(rate)


def test_without_a_decay_the_rate_stays() -> None:
    assert LearningRate(rate=0.05).rate_at(1000) == 0.05


def test_a_decay_must_end_after_it_starts() -> None:
    assert DECAYING.problems() == ()
    assert LearningRate(decay_epoch=None, end_epoch=0.0).problems() == ()
    assert LearningRate(decay_epoch=53.0, end_epoch=53.0).problems()
