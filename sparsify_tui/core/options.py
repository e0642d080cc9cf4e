"""How a model is to be fed and run: the part of a request that all analyses share."""

from __future__ import annotations

from dataclasses import dataclass, field

from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.model import Found

ORIGINAL_LEVELS = (0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99)
"""The levels that SparseML's one-shot analysis used, without 0, which is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Which model, fed with what, run how."""

    path: str
    dims: tuple[tuple[str, int], ...] = ()
    """Sizes of open dimensions."""
    values: tuple[tuple[str, float], ...] = ()
    """Constants for inputs, by input name."""
    found: Found = field(default_factory=Found)
    """Sizes and constants that were found by trying; the ones above, and data, come first."""
    data: str | None = None
    """A data file, or None for made-up samples."""
    calibration: str | None = None
    """A data file for int8 ranges; None for the same as `data`."""
    test: str | None = None
    """The project's test set, where it has one; known so that its use can be told."""
    images: tuple[tuple[str, ImageOptions], ...] = ()
    """How folders of images are read, by the path of each that was attached."""
    batch: int = 1
    threads: int = 1
    engine: str = "onnxruntime"

    @property
    def image_options(self) -> ImageOptions:
        """How `data` is read where it is a folder of images."""
        return dict(self.images).get(self.data or "", ImageOptions())

    @property
    def is_test_data(self) -> bool:
        """Whether `data` is the test set."""
        return self.data is not None and self.data == self.test
