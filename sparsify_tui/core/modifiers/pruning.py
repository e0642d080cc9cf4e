"""Pruning: which weights become zero, in which layers, and when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sparsify_tui.core.fields import Setting, setting
from sparsify_tui.core.model import Layer, LayerId, Model
from sparsify_tui.core.recipe import RecipeEntry, literal_pattern

SCOPES = ("uniform", "global")
NO_LOSS_BEHIND_IT = "no measured loss behind it"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLevel:
    """What happens to one layer."""

    id: LayerId
    level: float
    """Sparsity in [0, 1]; kept while the layer is switched off."""
    enabled: bool = True
    locked: bool = False
    """A locked layer keeps its level when the target is spread again."""

    @property
    def effective(self) -> float:
        """The sparsity that is applied."""
        return self.level if self.enabled else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """Unstructured magnitude pruning with the cubic schedule of Zhu and Gupta 2017."""

    title = "Pruning"

    layers: tuple[LayerLevel, ...] = ()
    structure: str = "unstructured"
    target: float = setting(
        0.8,
        Setting(
            label="Target sparsity",
            unit="0–1",
            low=0.0,
            high=0.99,
            help="Zeros among the weights of all prunable layers.",
        ),
    )
    scope: str = setting(
        "uniform",
        Setting(
            label="Spread",
            choices=SCOPES,
            help=f"One level for all, or one |w| threshold for all: {NO_LOSS_BEHIND_IT}.",
        ),
    )
    init_sparsity: float = setting(
        0.05,
        Setting(label="First sparsity", low=0.0, high=0.99, help="Level at the first update."),
    )
    start_epoch: float = setting(
        1.0,
        Setting(label="Prune from", unit="epoch", low=0.0, help="First update; before it, none."),
    )
    end_epoch: float = setting(
        34.0,
        Setting(label="Prune until", unit="epoch", low=0.0, help="The levels are reached here."),
    )
    update_frequency: float = setting(
        0.825,
        Setting(label="Update every", unit="epochs", low=1e-6, help="Time between updates."),
    )

    def entries(self, model: Model) -> tuple[RecipeEntry, ...]:
        """One GMPruningModifier; layers of equal level share an entry of its mapping."""
        groups = self._parameters_by_level(model)
        if not groups:
            return ()
        single = len(groups) == 1
        level, parameters = next(iter(groups.items()))
        return (
            RecipeEntry(
                tag="GMPruningModifier",
                args=(
                    ("start_epoch", self.start_epoch),
                    ("end_epoch", self.end_epoch),
                    ("update_frequency", self.update_frequency),
                    ("init_sparsity", min(self.init_sparsity, *groups)),
                    ("final_sparsity", level if single else groups),
                    ("params", parameters if single else []),
                    ("inter_func", "cubic"),
                    ("leave_enabled", True),
                    ("mask_type", self.structure),
                ),
            ),
        )

    def sparsity_at(self, epoch: float) -> float:
        """Sparsity of a layer that ends at the target."""
        first = min(self.init_sparsity, self.target)
        return cubic_level(epoch, self.start_epoch, self.end_epoch, (first, self.target))

    def problems(self) -> tuple[str, ...]:
        """What would make a training fail or do nothing."""
        return ("pruning ends before it starts",) if self.end_epoch <= self.start_epoch else ()

    def _parameters_by_level(self, model: Model) -> dict[float, list[str]]:
        levels = {one.id: one.effective for one in self.layers}
        groups: dict[float, list[str]] = defaultdict(list)
        for layer in model.prunable:
            level = round(levels.get(layer.id, 0.0), 3)
            if _zeros(layer, level):
                groups[level].append(literal_pattern(layer.weight))
        return dict(sorted(groups.items()))


def _zeros(layer: Layer, level: float) -> int:
    return round(level * layer.weight_params)


def cubic_level(epoch: float, start: float, end: float, levels: tuple[float, float]) -> float:
    """The level at an epoch: s0 + (s1 − s0)·(1 − (1 − x)³), and 0 before the start.

    Source: Zhu and Gupta 2017, section 3; `cubic` in SparseML's GMPruningModifier.

    Args:
        epoch: Where in the training.
        start: Epoch of the first update.
        end: Epoch of the last one.
        levels: First and last.
    """
    if epoch < start:
        return 0.0
    first, last = levels
    done = min((epoch - start) / max(end - start, 1e-9), 1.0)
    return float(first + (last - first) * (1 - (1 - done) ** 3))
