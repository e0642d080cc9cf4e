"""Checks the arrays of a data file against the inputs of a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sparsify_tui.analyses.constants import dtype_of, listed_names
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_shape
from sparsify_tui.errors import DataError


def check_names(path: Path, arrays: Mapping[str, Array], inputs: tuple[TensorSpec, ...]) -> None:
    """Raises DataError where an input has no array, with the names that there are."""
    missing = [spec.name for spec in inputs if spec.name not in arrays]
    if missing:
        raise DataError(
            f"{clean_text(path)} has no array for the input {listed_names(missing)}; "
            f"it holds {listed_names(arrays) or 'nothing'}.",
            f"Name its arrays like the inputs: {listed_names(spec.name for spec in inputs)}.",
        )


def fitted_array(path: Path, spec: TensorSpec, array: Array, rows: Mapping[str, int]) -> Array:
    """The array in the input's type, when rank, sizes, kind of number and indices agree.

    Args:
        path: Of the file, for the message.
        spec: The input as the model declares it.
        array: First axis the sample.
        rows: How many rows there are to look up, by input of indices.

    Raises:
        DataError: What was expected, and what was found.
    """
    where = f"{clean_text(path)}: input {clean_text(spec.name)}"
    fits = len(array.shape) == len(spec.shape) and all(
        isinstance(want, str) or axis == 0 or want == have
        for axis, (want, have) in enumerate(zip(spec.shape, array.shape, strict=True))
    )
    if not fits:
        raise DataError(
            f"{where} is {format_shape(spec.shape)}, but the file has {format_shape(array.shape)}.",
            "The first axis is the sample; the others must be the model's.",
        )
    if not np.can_cast(array.dtype, dtype_of(spec), casting="same_kind"):
        raise DataError(
            f"{where} wants {spec.dtype}, but the file has {array.dtype}.",
            f"Convert it with array.astype('{spec.dtype}').",
        )
    count = rows.get(spec.name)
    if count is not None and array.size and not -count <= array.min() <= array.max() < count:
        raise DataError(
            f"{where} looks up a table of {count} rows, but the file has numbers from "
            f"{array.min()} to {array.max()}.",
            "Make them with the vocabulary that the model was trained with.",
        )
    kind = array.dtype if spec.dtype == "str" else spec.dtype
    return np.asarray(array, dtype=kind, order="C")  # ascontiguousarray would give a scalar an axis


def checked_labels(path: Path, labels: Array) -> Array:
    """Labels without trailing axes of size 1, as many exporters of data sets leave them.

    Raises:
        DataError: They are no numbers.
    """
    if labels.ndim == 0 or labels.dtype.kind not in "iufb":
        raise DataError(
            f"The labels of {clean_text(path)} are {format_shape(labels.shape)} of {labels.dtype}.",
            "Give numbers, the first axis the sample: for a class its index.",
        )
    while labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    return labels
