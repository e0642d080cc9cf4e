"""How the user trains; the schedule's defaults come from here."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.fields import Setting, setting

OPTIMIZERS = ("", "SGD", "Adam", "AdamW", "RMSprop", "Adadelta", "Adagrad", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """What is known of the training; all of it may be unknown."""

    optimizer: str = setting(
        "",
        Setting(label="Optimizer", choices=OPTIMIZERS, help="The one the model is trained with."),
    )
    epochs: int | None = setting(
        None,
        Setting(
            label="Epochs",
            low=1,
            optional=True,
            whole=True,
            help="Of the original training; pruning takes a third, fine-tuning a quarter.",
        ),
    )
    initial_lr: float | None = setting(
        None,
        Setting(label="Initial learning rate", low=1e-9, high=10, optional=True, help="At first."),
    )
    final_lr: float | None = setting(
        None,
        Setting(label="Final learning rate", low=0, high=10, optional=True, help="At the end."),
    )
