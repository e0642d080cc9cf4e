"""Epochs: how long the training lasts."""

from __future__ import annotations

from dataclasses import dataclass

from sparsify_tui.core.fields import Setting, setting
from sparsify_tui.core.model import Model
from sparsify_tui.core.recipe import RecipeEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Epochs:
    """The range of the whole training; it must outlast every pruning."""

    title = "Epochs"

    start_epoch: float = setting(
        0.0, Setting(label="Train from", unit="epoch", low=0.0, help="Where training starts.")
    )
    end_epoch: float = setting(
        59.0, Setting(label="Train until", unit="epoch", low=0.0, help="Where training ends.")
    )

    def entries(self, model: Model) -> tuple[RecipeEntry, ...]:
        """One EpochRangeModifier."""
        del model
        return (
            RecipeEntry(
                tag="EpochRangeModifier",
                args=(("start_epoch", self.start_epoch), ("end_epoch", self.end_epoch)),
            ),
        )

    def problems(self) -> tuple[str, ...]:
        """What would make a training fail."""
        return () if self.end_epoch > self.start_epoch else ("training ends before it starts",)
