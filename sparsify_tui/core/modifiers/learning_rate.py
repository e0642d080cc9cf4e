"""Learning rate: constant while pruning, then falling in steps."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.fields import Setting, setting
from sparsify_tui.core.model import Model
from sparsify_tui.core.recipe import RecipeEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRate:
    """A set rate from `start_epoch`, and a step decay from `decay_epoch` where there is one."""

    title = "Learning rate"

    start_epoch: float = setting(
        0.0, Setting(label="Rate from", unit="epoch", low=0.0, help="From here the rate is set.")
    )
    rate: float = setting(
        0.1,
        Setting(label="Learning rate", low=1e-9, high=10.0, help="While stabilizing and pruning."),
    )
    decay_epoch: float | None = setting(
        None,
        Setting(
            label="Decay from",
            unit="epoch",
            low=0.0,
            optional=True,
            help="From here the rate falls; empty for never.",
        ),
    )
    decay_rate: float = setting(
        0.1, Setting(label="Rate at decay", low=1e-9, high=10.0, help="First rate of the decay.")
    )
    gamma: float = setting(
        0.25,
        Setting(label="Decay factor", low=1e-3, high=1.0, help="Each step multiplies by this."),
    )
    step_epochs: int = setting(
        1,
        Setting(
            label="Decay step", unit="epochs", low=1, whole=True, help="Epochs between two steps."
        ),
    )
    end_epoch: float = setting(
        59.0, Setting(label="Decay until", unit="epoch", low=0.0, help="Where the decay ends.")
    )

    def entries(self, model: Model) -> tuple[RecipeEntry, ...]:
        """A SetLearningRateModifier, and a LearningRateModifier with StepLR for the decay."""
        del model
        constant = RecipeEntry(
            tag="SetLearningRateModifier",
            args=(("start_epoch", self.start_epoch), ("learning_rate", self.rate)),
        )
        if self.decay_epoch is None:
            return (constant,)
        decay = RecipeEntry(
            tag="LearningRateModifier",
            args=(
                ("start_epoch", self.decay_epoch),
                ("end_epoch", self.end_epoch),
                ("lr_class", "StepLR"),
                ("lr_kwargs", {"step_size": self.step_epochs, "gamma": self.gamma}),
                ("init_lr", self.decay_rate),
            ),
        )
        return (constant, decay)

    def problems(self) -> tuple[str, ...]:
        """What would make a training fail."""
        if self.decay_epoch is not None and self.end_epoch <= self.decay_epoch:
            return ("the learning rate's decay ends before it starts",)
        return ()

    def rate_at(self, epoch: float) -> float:
        """The rate in force at an epoch."""
        if self.decay_epoch is None or epoch < self.decay_epoch:
            return self.rate
        steps = int((min(epoch, self.end_epoch) - self.decay_epoch) // self.step_epochs)
        return float(self.decay_rate * self.gamma**steps)
