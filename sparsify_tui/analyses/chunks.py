"""Samples that are run together, and what the unchanged model makes of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sparsify_tui.analyses.opened import Opened
from sparsify_tui.core.distances import Floats, Reference, top1_terms
from sparsify_tui.core.protocols import Array

_FLOPS_A_RUN = 2e9
"""Samples are run together up to this: it fills the caches and hides the cost of a call."""
_MOST_A_RUN = 32


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """The unchanged model's outputs on samples that are run together."""

    outputs: list[Array]
    reference: Reference
    """What the changed outputs are measured against."""
    size: int
    rows: int
    """Samples that are no repetition; fewer than `size` in the last chunk."""
    labels: Array | None
    """The class of each sample; None without."""

    def trimmed(self, outputs: Sequence[Array]) -> list[Array]:
        """Without the rows that only filled it up."""
        return trimmed_rows(outputs, self.size, self.rows)

    @cached_property
    def correct(self) -> tuple[float, ...]:
        """Whether each sample is classified rightly by the unchanged model."""
        return self.right(self.outputs)

    def right(self, outputs: Sequence[Array]) -> tuple[float, ...]:
        """Whether each sample is classified rightly by trimmed outputs; empty without labels."""
        return () if self.labels is None else tuple(top1_terms(outputs, self.labels)[:, 0].tolist())


def chunk_size(opened: Opened, samples: int) -> int:
    """Samples of one run. It follows from the model alone, so that results can be repeated.

    Args:
        opened: The model.
        samples: That there are to use.
    """
    if opened.is_batch_bound:
        return opened.batch
    flops = max((opened.model.flops or 0) / _assumed_batch(opened), 1)
    return int(min(max(_FLOPS_A_RUN // flops, 1), _MOST_A_RUN, samples))


def trimmed_rows(outputs: Sequence[Array], size: int, rows: int) -> list[Array]:
    """The first rows of each output whose first axis is the sample."""
    return [one[:rows] if one.ndim and len(one) == size else one for one in outputs]


def joined(parts: Sequence[Sequence[Array]]) -> list[Array | None]:
    """Outputs of several chunks as one, along the first axis; scalars get one.

    None for an output whose other sizes depend on the data, such as boxes that were found.
    """
    return [_joined([np.atleast_1d(one) for one in arrays]) for arrays in zip(*parts, strict=True)]


def known_terms(terms: Floats) -> tuple[tuple[float | None, ...], ...]:
    """Rows of terms with None for what is not finite, as they are kept."""
    return tuple(
        tuple(value if math.isfinite(value) else None for value in row) for row in terms.tolist()
    )


def _joined(arrays: Sequence[Array]) -> Array | None:
    return np.concatenate(arrays) if len({one.shape[1:] for one in arrays}) == 1 else None


def _assumed_batch(opened: Opened) -> int:
    sizes = [spec.shape[0] for spec in opened.model.assumed if spec.shape]
    return max((size for size in sizes if isinstance(size, int)), default=1)
