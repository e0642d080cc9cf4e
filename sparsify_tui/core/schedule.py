"""Default schedule from the training settings, as Sparsify derived it.

Source: neuralmagic/sparsify v1.4.0, blueprints/utils/projects_optimizations.py. Its faults
are mended: a short training still prunes for an epoch, and a final rate of 0 or a fine-tuning
of one epoch gives no decay instead of an error.
"""

from __future__ import annotations

import math

from sparsify_tui.core.modifiers import (
    ChannelPruning,
    Epochs,
    LearningRate,
    Modifier,
    Pruning,
    Quantization,
)
from sparsify_tui.core.training import TrainingSettings

_DEFAULT_EPOCHS = 100
_STABILIZATION = 1
_UPDATES = 40
_GAMMA = 0.25
_LAST_OVER_FINAL = 0.1
_TUNING_EPOCHS = 0.1
_TUNING_RATE = 0.01
_RATE_THAT_BEARS_FROZEN_STATISTICS = 0.002
"""Measured on a small residual net: 0.001 trains on, 0.01 diverges within an epoch."""


def default_schedule(training: TrainingSettings, target: float | None) -> tuple[Modifier, ...]:
    """Epochs, pruning to `target` and learning rate; without a target only for tuning."""
    if target is None:
        epochs, rate = _tuning(training)
        return (epochs, *((rate,) if rate else ()))
    return _with_training(training, default_pruning(training, target))


def channel_schedule(training: TrainingSettings) -> tuple[Modifier, ...]:
    """Epochs, channel pruning, as long as an unstructured one, and learning rate."""
    return _with_training(training, channels_beside(default_pruning(training, 0.0)))


def channels_beside(pruning: Pruning) -> ChannelPruning:
    """An empty channel pruning at the epochs of another pruning."""
    return ChannelPruning(
        start_epoch=pruning.start_epoch,
        end_epoch=pruning.end_epoch,
        update_frequency=pruning.update_frequency,
    )


def pruning_beside(channels: ChannelPruning) -> Pruning:
    """An empty unstructured pruning at the epochs of a channel pruning."""
    return Pruning(
        target=0.0,
        start_epoch=channels.start_epoch,
        end_epoch=channels.end_epoch,
        update_frequency=channels.update_frequency,
    )


def _with_training(
    training: TrainingSettings, pruning: Pruning | ChannelPruning
) -> tuple[Modifier, ...]:
    rate = default_learning_rate(training)
    return (default_epochs(training), pruning, *((rate,) if rate else ()))


def default_quantization(
    epochs: Epochs, pruning: Pruning | ChannelPruning | None, rate: LearningRate | None
) -> Quantization:
    """Rounds from halfway between the last pruning and the end; from the start without pruning.

    Half of that is for finding the ranges. BatchNorm is frozen then, too, but only where the
    learning rate is known to have become so low that the training bears it.
    """
    end = epochs.end_epoch
    start = epochs.start_epoch if pruning is None else _between(pruning.end_epoch, end)
    fixed = _between(start, end)
    is_low = rate is not None and rate.rate_at(fixed) <= _RATE_THAT_BEARS_FROZEN_STATISTICS
    return Quantization(
        start_epoch=start, observe_until=fixed, freeze_epoch=fixed if is_low else None
    )


def _between(first: float, last: float) -> float:
    return _tidy((first + max(first, last)) / 2)


def _tuning(training: TrainingSettings) -> tuple[Epochs, LearningRate | None]:
    """A tenth of the epochs at a hundredth of the initial rate (Wu et al. 2020, section 6)."""
    end = float(max(1, round(_epochs(training) * _TUNING_EPOCHS)))
    epochs = Epochs(start_epoch=0.0, end_epoch=end)
    if training.initial_lr is None:
        return epochs, None
    return epochs, LearningRate(rate=_tidy(training.initial_lr * _TUNING_RATE), end_epoch=end)


def default_pruning(training: TrainingSettings, target: float) -> Pruning:
    """Pruning after one epoch of stabilization, for a third of the epochs, in 40 updates."""
    epochs = _pruning_epochs(training)
    return Pruning(
        target=target,
        start_epoch=float(_STABILIZATION),
        end_epoch=float(_STABILIZATION + epochs),
        update_frequency=epochs / _UPDATES,
    )


def default_epochs(training: TrainingSettings) -> Epochs:
    """Stabilization, pruning, and a quarter of the epochs to fine-tune."""
    return Epochs(start_epoch=0.0, end_epoch=float(_last_epoch(training)))


def default_learning_rate(training: TrainingSettings) -> LearningRate | None:
    """The mean of initial and final rate while pruning, then steps by ¼; None without a rate."""
    if training.initial_lr is None:
        return None
    if training.final_lr is None:
        return LearningRate(rate=training.initial_lr, end_epoch=float(_last_epoch(training)))
    constant = _tidy((training.initial_lr + training.final_lr) / 2)
    first = _tidy(_GAMMA * constant)
    step = _step_epochs(first, training.final_lr, _fine_tuning_epochs(training))
    return LearningRate(
        rate=constant,
        decay_epoch=None if step is None else float(_STABILIZATION + _pruning_epochs(training)),
        decay_rate=first,
        gamma=_GAMMA,
        step_epochs=step or 1,
        end_epoch=float(_last_epoch(training)),
    )


def _tidy(rate: float) -> float:
    """Without the last digits that only binary arithmetic put there."""
    return float(f"{rate:.10g}")


def _step_epochs(first: float, final: float, epochs: int) -> int | None:
    """Epochs between steps so that the last rate is a tenth of the final one; None for no decay."""
    last = _LAST_OVER_FINAL * final
    if not 0 < last < first or epochs < 2:
        return None
    steps = math.log(last / first) / math.log(_GAMMA)
    return max(1, math.floor((epochs - 1) / steps))


def _epochs(training: TrainingSettings) -> int:
    return training.epochs if training.epochs and training.epochs >= 1 else _DEFAULT_EPOCHS


def _pruning_epochs(training: TrainingSettings) -> int:
    return max(1, _epochs(training) // 3)


def _fine_tuning_epochs(training: TrainingSettings) -> int:
    return max(1, _epochs(training) // 4)


def _last_epoch(training: TrainingSettings) -> int:
    return _STABILIZATION + _pruning_epochs(training) + _fine_tuning_epochs(training)
