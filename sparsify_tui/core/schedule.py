"""Default schedule from the training settings, as Sparsify derived it.

Source: neuralmagic/sparsify v1.4.0, blueprints/utils/projects_optimizations.py. Its faults
are mended: a short training still prunes for an epoch, and a final rate of 0 or a fine-tuning
of one epoch gives no decay instead of an error.
"""

from __future__ import annotations

import math

from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning
from sparsify_tui.core.training import TrainingSettings

_DEFAULT_EPOCHS = 100
_STABILIZATION = 1
_UPDATES = 40
_GAMMA = 0.25
_LAST_OVER_FINAL = 0.1


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
