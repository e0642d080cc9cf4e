"""The scheduled changes that an optimization is made of.

A new modifier is one file here, a frozen dataclass with `title`, `entries` and `problems`
whose fields describe themselves, and one name in `MODIFIERS`.
"""

from __future__ import annotations

from typing import TypeAlias

from sparsify_tui.core.modifiers.channels import ChannelPruning, GroupLevel
from sparsify_tui.core.modifiers.epochs import Epochs
from sparsify_tui.core.modifiers.learning_rate import LearningRate
from sparsify_tui.core.modifiers.pruning import LayerLevel, Pruning
from sparsify_tui.core.modifiers.quantization import Quantization

Modifier: TypeAlias = Pruning | ChannelPruning | Quantization | Epochs | LearningRate
MODIFIERS: tuple[type[Modifier], ...] = (
    Pruning,
    ChannelPruning,
    Quantization,
    Epochs,
    LearningRate,
)

__all__ = [
    "MODIFIERS",
    "ChannelPruning",
    "Epochs",
    "GroupLevel",
    "LayerLevel",
    "LearningRate",
    "Modifier",
    "Pruning",
    "Quantization",
]
