"""The scheduled changes that an optimization is made of.

A new modifier is one file here, a frozen dataclass with `title`, `entries` and `problems`
whose fields describe themselves, and one name in `MODIFIERS`.
"""

from __future__ import annotations

from typing import TypeAlias

from sparsify_tui.core.modifiers.epochs import Epochs
from sparsify_tui.core.modifiers.learning_rate import LearningRate
from sparsify_tui.core.modifiers.pruning import LayerLevel, Pruning
from sparsify_tui.core.modifiers.quantization import Quantization

Modifier: TypeAlias = Pruning | Quantization | Epochs | LearningRate
MODIFIERS: tuple[type[Modifier], ...] = (Pruning, Quantization, Epochs, LearningRate)

__all__ = [
    "MODIFIERS",
    "Epochs",
    "LayerLevel",
    "LearningRate",
    "Modifier",
    "Pruning",
    "Quantization",
]
