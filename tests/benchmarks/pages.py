"""Pages and lines of text for the two OCR models, from the lines that the third is tested on.

On noise the detector finds no text: its outputs are then below the precision of a sigmoid, and
nothing can be told from them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOURCE = "textline_calib.npz"
PAGES, LINES = "pages.npz", "lines.npz"
_SIDE = 320
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_COUNT = 16
_A_PAGE = 5

Floats = NDArray[np.float32]


def write_pages(source: Path, folder: Path) -> None:
    """Writes both files; those that are there stay.

    Args:
        source: Lines of text, shape [lines, 3, 48, 192], in [-1, 1]; label 0 for upright ones.
        folder: Of the two files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / LINES).exists():
        with np.load(source) as file:
            lines = file["x"][file["labels"] == 0]
        np.savez(folder / PAGES, x=np.stack([_page(lines, at) for at in range(_COUNT)]))
        np.savez(folder / LINES, x=_padded(lines[:_COUNT]))


def _page(lines: Floats, seed: int) -> Floats:
    """Some lines below each other, as the detector was trained: [3, 320, 320]."""
    random = np.random.default_rng(seed)
    _, _, height, width = lines.shape
    page = np.full((3, _SIDE, _SIDE), lines[seed % len(lines)].max(), np.float32)
    for row in range(_A_PAGE):
        top = 8 + row * (_SIDE - 16) // _A_PAGE
        left = random.integers(0, _SIDE - width)
        page[:, top : top + height, left : left + width] = random.choice(lines)
    pixels = (page + 1) / 2
    mean, std = (np.array(one, np.float32)[:, None, None] for one in (_MEAN, _STD))
    return np.asarray((pixels - mean) / std, np.float32)


def _padded(lines: Floats) -> Floats:
    """Lines as the reader was trained: [lines, 3, 48, 320], zeros at the right."""
    missing = _SIDE - lines.shape[-1]
    return np.pad(lines, [(0, 0), (0, 0), (0, 0), (0, missing)])
