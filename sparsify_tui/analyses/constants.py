"""Inputs that are the same in every run: what a `value` makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import DataError, UsageError


def constant_feeds(
    inputs: tuple[TensorSpec, ...],
    values: Mapping[str, float],
    assumed: tuple[TensorSpec, ...],
) -> dict[str, Array]:
    """Arrays filled with the values, in the assumed shapes.

    Raises:
        UsageError: As `check_values`.
    """
    check_values(inputs, values)
    return {
        spec.name: np.full(sizes_of(spec), values[spec.name], dtype=dtype_of(spec))
        for spec in assumed
        if spec.name in values
    }


def check_values(inputs: tuple[TensorSpec, ...], values: Mapping[str, float]) -> None:
    """Refuses a constant for what is no input, or that its type cannot hold.

    Raises:
        UsageError: Which one, and what there is.
    """
    wanted = {spec.name: spec for spec in inputs}
    for name, value in values.items():
        if name not in wanted:
            raise UsageError(
                f"A value is given for {clean_text(name)}, which is no input.",
                f"Inputs: {listed_names(wanted)}.",
            )
        kind = dtype_of(wanted[name])
        if kind.kind in "iub" and not _holds(kind, value):
            raise UsageError(f"The input {clean_text(name)} is {kind}, which cannot be {value:g}.")


def sizes_of(spec: TensorSpec) -> tuple[int, ...]:
    """The shape of a spec that has no open dimension."""
    return tuple(int(size) for size in spec.shape)


def dtype_of(spec: TensorSpec) -> np.dtype[np.generic]:
    """The element type. Raises DataError for a sequence, a map, or a type that numpy lacks."""
    try:
        return np.dtype(spec.dtype)
    except TypeError:
        raise DataError(
            f"The input {clean_text(spec.name)} is of type {spec.dtype}, which cannot be fed.",
            "Export the model with tensors of float32, float16 or integers as inputs.",
        ) from None


def listed_names(names: Iterable[str]) -> str:
    """Names for one line."""
    return ", ".join(clean_text(name) for name in names)


def _holds(kind: np.dtype[np.generic], value: float) -> bool:
    if kind.kind == "b":
        return value in (0, 1)
    return float(value).is_integer() and np.iinfo(kind.name).min <= value <= np.iinfo(kind.name).max
