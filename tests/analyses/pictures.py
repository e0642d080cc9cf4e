"""Small image files, and a model that takes them, made by code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import ModelProto, helper
from PIL import Image

from sparsify_tui.core.protocols import Array
from tests.analyses.models import model, tensor, weight


def pixels(height: int, width: int, seed: int = 0) -> Array:
    """Random colours [height, width, 3]."""
    dice = np.random.default_rng(seed)
    return dice.integers(0, 256, (height, width, 3), dtype=np.uint8)


def picture(path: Path, colours: Array | int = 0) -> Path:
    """Writes an image of given colours, or of random ones of 8 by 8 by a seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(8, 8, colours) if isinstance(colours, int) else colours).save(path)
    return path


def one_conv() -> ModelProto:
    """x [n, 3, 8, 8] → conv → mean over places → y [n, 4, 1, 1]."""
    return model(
        [
            helper.make_node("Conv", ["x", "conv.weight"], ["a"]),
            helper.make_node("GlobalAveragePool", ["a"], ["y"]),
        ],
        [tensor("x", "n", 3, 8, 8)],
        [tensor("y", "n", 4, 1, 1)],
        [weight("conv.weight", 4, 3, 3, 3)],
    )
