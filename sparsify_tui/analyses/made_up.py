"""Inputs for a model without data: good for timing, a makeshift for everything else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sparsify_tui.analyses.constants import dtype_of, sizes_of
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import DataError

_SEED = 0


def made_up_feeds(inputs: tuple[TensorSpec, ...], rows: Mapping[str, int]) -> dict[str, Array]:
    """An array for each input, the same ones each time.

    Floats are standard normal. Integers that look up rows of a table are any of its rows, and
    the others beside them are 1, which is a full mask: what a transformer makes of that ranks
    its layers nearly as real text does. Without a table integers are 0 or 1, which any table
    that was not recognised can look up.

    Args:
        inputs: At fixed shapes.
        rows: How many rows there are to look up, by input.

    Raises:
        DataError: An input is of a type that cannot be made up.
    """
    generator = np.random.default_rng(_SEED)
    return {spec.name: _made_up(generator, spec, rows) for spec in inputs}


def _made_up(generator: np.random.Generator, spec: TensorSpec, rows: Mapping[str, int]) -> Array:
    shape, kind = sizes_of(spec), dtype_of(spec)
    if kind.kind == "f":
        return generator.standard_normal(shape).astype(kind)
    if kind.kind in "iub":
        low, high = (0, rows.get(spec.name, 2)) if spec.name in rows or not rows else (1, 2)
        most = 2 if kind.kind == "b" else int(np.iinfo(kind.name).max) + 1
        return np.asarray(generator.integers(low, min(high, most), shape)).astype(kind)
    raise DataError(
        f"The input {clean_text(spec.name)} is of type {spec.dtype}, which cannot be made up.",
        "Give real samples with --data FILE.",
    )
