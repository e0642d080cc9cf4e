"""Count, mean and scatter of parts, and of all the parts together, without cancellation.

Imports numpy: neither the interface nor the workbench may import this file.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.protocols import Array

Floats: TypeAlias = NDArray[np.float64]

MOMENTS = 3
"""How many entries, their mean, and Σ (entry − mean)²: the first columns of a cell."""
_ROUNDING = float(np.finfo(np.float32).eps)
"""What varies by less, relative to its mean, does not vary."""


def moments_of(output: Array, rows: int) -> Floats:
    """Of an output whose first axis is cut into `rows` equal parts, shape [rows, 3].

    From differences to each part's first entry, so that a constant scatters by exactly 0.
    """
    if not output.size:
        return np.zeros((rows, MOMENTS))
    flat = output.reshape(rows, -1)
    moved = np.subtract(flat, flat[:, :1], dtype=np.float64)
    mean = moved.mean(axis=1)
    moved -= mean[:, None]
    scatter = np.einsum("ij,ij->i", moved, moved)
    counts = np.full(rows, float(flat.shape[1]))
    return np.asarray(np.stack([counts, flat[:, 0] + mean, scatter], axis=1))


def varies(moments: Floats) -> NDArray[np.bool_]:
    """Whether outputs vary by more than rounding, from moments [..., 3], shape [...]."""
    count, mean, scatter = np.moveaxis(moments, -1, 0)
    return np.asarray(scatter > count * (_ROUNDING * mean) ** 2)


def pooled(cells: Floats) -> Floats:
    """All samples together: [samples, outputs, columns] to [outputs, columns].

    Columns after the moments are added.
    """
    count, mean, scatter = np.moveaxis(cells[..., :MOMENTS], -1, 0)
    with np.errstate(all="ignore"):
        whole: Floats = cells.sum(axis=0)
        shift = (count * (mean - mean[0])).sum(axis=0) / whole[:, 0]
        whole[:, 1] = mean[0] + shift
        whole[:, 2] = (scatter + count * (mean - mean[0] - shift) ** 2).sum(axis=0)
    return whole


def without_each(cells: Floats, whole: Floats) -> Floats:
    """All samples but one, for each: of the shape of `cells` (updates of Chan et al. 1979)."""
    with np.errstate(all="ignore"):
        rest = whole - cells
        off = cells[..., 1] - whole[:, 1]
        share = cells[..., 0] / rest[..., 0]
        rest[..., 1] = whole[:, 1] - share * off
        rest[..., 2] -= whole[:, 0] * share * off**2
    return rest
