from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning
from sparsify_tui.core.optimization import set_quantized
from sparsify_tui.core.schedule import (
    default_epochs,
    default_learning_rate,
    default_pruning,
    default_quantization,
    default_schedule,
)
from sparsify_tui.core.training import TrainingSettings
from tests.core.examples import level, model_of, plan_of

RATES = st.none() | st.floats(1e-9, 10)


@pytest.mark.parametrize(
    ("epochs", "prune_until", "end", "update"),
    [
        (90, 31, 53, 0.75),
        (100, 34, 59, 0.825),
        (None, 34, 59, 0.825),
        (10, 4, 6, 0.075),
        (1, 2, 3, 0.025),
    ],
)
def test_the_schedule_is_the_originals(
    epochs: int | None, prune_until: float, end: float, update: float
) -> None:
    training = TrainingSettings(epochs=epochs)
    pruning = default_pruning(training, 0.85)

    assert (pruning.start_epoch, pruning.end_epoch) == (1, prune_until)
    assert pruning.update_frequency == pytest.approx(update)
    assert pruning.target == 0.85
    assert (default_epochs(training).start_epoch, default_epochs(training).end_epoch) == (0, end)


def test_the_learning_rate_is_the_originals() -> None:
    rate = default_learning_rate(TrainingSettings(epochs=90, initial_lr=0.1, final_lr=0.001))

    assert rate is not None
    assert rate.rate == pytest.approx(0.0505)
    assert (rate.decay_epoch, rate.end_epoch) == (31, 53)
    assert rate.decay_rate == pytest.approx(0.012625)
    assert (rate.gamma, rate.step_epochs) == (0.25, 6)
    assert rate.rate_at(52) == pytest.approx(1.97e-4, rel=0.01)


def test_without_an_initial_rate_there_is_no_modifier() -> None:
    assert default_learning_rate(TrainingSettings(epochs=90, final_lr=0.001)) is None


def test_without_a_final_rate_the_initial_one_stays() -> None:
    rate = default_learning_rate(TrainingSettings(epochs=90, initial_lr=0.1))

    assert rate == LearningRate(rate=0.1, end_epoch=53.0)


@pytest.mark.parametrize(
    ("epochs", "final"),
    [(90, 0.0), (4, 0.001)],
    ids=["a final rate of zero", "one epoch to fine-tune"],
)
def test_where_no_decay_is_possible_there_is_none(epochs: int, final: float) -> None:
    rate = default_learning_rate(TrainingSettings(epochs=epochs, initial_lr=0.1, final_lr=final))

    assert rate is not None
    assert rate.decay_epoch is None


def test_two_epochs_to_fine_tune_are_the_fewest_that_decay() -> None:
    rate = default_learning_rate(TrainingSettings(epochs=8, initial_lr=0.1, final_lr=0.001))

    assert rate is not None
    assert (rate.decay_epoch, rate.step_epochs) == (3, 1)


@settings(max_examples=200, deadline=None)
@given(st.none() | st.integers(1, 10_000), RATES, RATES | st.just(0.0))
def test_every_training_gives_a_schedule_that_holds_together(
    epochs: int | None, initial: float | None, final: float | None
) -> None:
    training = TrainingSettings(epochs=epochs, initial_lr=initial, final_lr=final)
    pruning, whole = default_pruning(training, 0.8), default_epochs(training)
    rate = default_learning_rate(training)

    assert 0 < pruning.start_epoch < pruning.end_epoch < whole.end_epoch
    assert pruning.update_frequency > 0
    assert whole.problems() == ()
    if rate is not None:
        assert rate.problems() == ()
        assert rate.step_epochs >= 1
        assert rate.entries(model_of())


def test_tuning_takes_a_tenth_of_the_epochs_at_a_hundredth_of_the_rate() -> None:
    training = TrainingSettings(epochs=90, initial_lr=0.1, final_lr=0.001)

    assert default_schedule(training, None) == (
        Epochs(end_epoch=9.0),
        LearningRate(rate=0.001, end_epoch=9.0),
    )
    assert default_schedule(TrainingSettings(epochs=3), None) == (Epochs(end_epoch=1.0),)


def test_with_a_target_the_schedule_prunes() -> None:
    kinds = [type(one) for one in default_schedule(TrainingSettings(initial_lr=0.1), 0.8)]

    assert kinds == [Epochs, Pruning, LearningRate]


def test_batchnorm_is_frozen_only_at_a_rate_that_bears_it() -> None:
    epochs = Epochs(end_epoch=4.0)

    low = default_quantization(epochs, None, LearningRate(rate=0.001, end_epoch=4.0))
    assert (low.start_epoch, low.observe_until, low.freeze_epoch) == (0.0, 2.0, 2.0)
    high = default_quantization(epochs, None, LearningRate(rate=0.01, end_epoch=4.0))
    assert high.freeze_epoch is None
    assert default_quantization(epochs, None, None).freeze_epoch is None


def test_int8_starts_halfway_between_the_last_pruning_and_the_end() -> None:
    found = default_quantization(Epochs(end_epoch=59.0), Pruning(end_epoch=34.0), None)

    assert (found.start_epoch, found.observe_until) == (46.5, 52.75)


@settings(max_examples=100, deadline=None)
@given(st.none() | st.integers(1, 10_000), RATES, RATES | st.just(0.0), st.booleans())
def test_int8_fits_into_every_schedule(
    epochs: int | None, initial: float | None, final: float | None, is_pruned: bool
) -> None:
    training = TrainingSettings(epochs=epochs, initial_lr=initial, final_lr=final)
    plan = plan_of(*default_schedule(training, 0.5 if is_pruned else None))
    if is_pruned:
        plan = plan.with_modifier(replace(plan.pruning, layers=(level("a", 0.5),)))

    assert set_quantized(plan, ["a"], on=True).problems() == ()
