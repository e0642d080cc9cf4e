"""Makes an ONNX model smaller and faster from a terminal, with numbers that were measured.

The library's public names are resolved on first use, so that importing the package costs
nothing and pulls in no runtime.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Workbench": "sparsify_tui.workbench",
    "Model": "sparsify_tui.core.model",
    "Layer": "sparsify_tui.core.model",
    "Project": "sparsify_tui.core.project",
    "PerfProfile": "sparsify_tui.core.profile",
    "LossProfile": "sparsify_tui.core.loss_profile",
    "Optimization": "sparsify_tui.core.optimization",
    "SparsifyError": "sparsify_tui.errors",
}

__all__ = (
    "Layer",
    "LossProfile",
    "Model",
    "Optimization",
    "PerfProfile",
    "Project",
    "SparsifyError",
    "Workbench",
    "__version__",
)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)
