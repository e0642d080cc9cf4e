"""What a model is fed: samples from the user's file, checked against its inputs, or made up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from sparsify_tui.analyses.archives import read_arrays
from sparsify_tui.analyses.constants import constant_feeds, dtype_of, listed_names
from sparsify_tui.analyses.made_up import made_up_feeds
from sparsify_tui.core.inputs import assume_shapes
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array, Feeds
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_shape
from sparsify_tui.errors import DataError, UsageError

LABELS = "labels"
FEWEST_SAMPLES = 16
"""Below these the extremes of a calibration set are chance."""
_NOTHING: Mapping[str, float] = MappingProxyType({})
_NO_TABLES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Arrays by input, first axis the sample."""

    source: str
    """Where they came from, in words."""
    is_made_up: bool = False
    """Whether they are noise, since no data is attached."""
    arrays: Mapping[str, Array]
    labels: Array | None = None
    """One a sample along the first axis; no axes of size 1 after it."""
    constants: Feeds
    """Inputs that are the same for each sample."""
    fixed: Mapping[str, int]
    """First axis of the inputs where the file fixes it; elsewhere it is the batch."""

    @property
    def count(self) -> int:
        """Number of samples."""
        return min((len(array) for array in self.arrays.values()), default=1)

    def batch(self, size: int, start: int = 0) -> Feeds:
        """`size` samples from `start` on, from the beginning again when they run out."""
        feeds = dict(self.constants)
        for name, array in self.arrays.items():
            rows = np.arange(start, start + self.fixed.get(name, size)) % len(array)
            feeds[name] = array[rows]
        return feeds

    def batches(self, size: int) -> Iterator[tuple[Feeds, Array]]:
        """All samples in order, with the rows that are no repetition; the last batch is filled."""
        for start in range(0, self.count, size):
            yield self.batch(size, start), np.arange(start, min(start + size, self.count))

    def problems(self) -> tuple[str, ...]:
        """Why ranges that are taken from these samples may not hold for others, in words."""
        if self.is_made_up:
            return ("the inputs are made up, no data is attached",)
        found = []
        if self.count < FEWEST_SAMPLES:
            noun = "sample" if self.count == 1 else "samples"
            found.append(f"only {self.count} {noun}, fewer than {FEWEST_SAMPLES}")
        found += [
            f"the input {clean_text(name)} {problem}"
            for name, array in self.arrays.items()
            if array.dtype.kind == "f" and (problem := _float_problem(array)) is not None
        ]
        if self.count > 1 and all(_is_repeated(array) for array in self.arrays.values()):
            found.append("all samples are the same")
        return tuple(found)


def samples_for(
    inputs: tuple[TensorSpec, ...],
    *,
    data: str | None,
    dims: Mapping[str, int],
    values: Mapping[str, float],
    batch: int,
    found: Mapping[str, float] = _NOTHING,
    rows: Mapping[str, int] = _NO_TABLES,
) -> Samples:
    """The samples of a data file, or made-up ones where there is none.

    Args:
        inputs: As the model declares them.
        data: Path of the file, or None.
        dims: Sizes of open dimensions; the others are guessed.
        values: Constants by input.
        batch: Size of an open first axis.
        found: Constants for inputs that neither `values` nor the file gives.
        rows: How many rows there are to look up, by input of indices.

    Raises:
        DataError: The file does not fit the model.
        UsageError: A value is given for an input that does not exist.
    """
    assumed = assume_shapes(inputs, dims, batch)
    constants = constant_feeds(inputs, values, assumed)
    spare = constant_feeds(inputs, found, assumed)
    fed = tuple(spec for spec in inputs if spec.name not in constants)
    if data is not None:
        if not fed:
            raise UsageError(
                f"Every input is given as a constant, so {clean_text(data)} would not be used.",
                "`sparsify-tui settings set PROJECT value.INPUT=` forgets a constant.",
            )
        return load_samples(Path(data), fed, constants, spare, rows)
    known = {**spare, **constants}
    made_up = made_up_feeds(tuple(spec for spec in assumed if spec.name not in known), rows)
    return Samples(
        source="random values (no data attached)",
        is_made_up=True,
        arrays={name: array for name, array in made_up.items() if array.ndim},
        constants={**known, **{name: array for name, array in made_up.items() if not array.ndim}},
        fixed=_fixed(fed),
    )


def load_samples(
    path: Path,
    inputs: tuple[TensorSpec, ...],
    constants: Feeds,
    spare: Feeds = MappingProxyType({}),
    rows: Mapping[str, int] = _NO_TABLES,
) -> Samples:
    """Reads an `.npz`, or a folder of them, and checks every array against its input.

    Raises:
        DataError: Which input, what was expected, and what was found.
    """
    arrays = read_arrays(path)
    labels = arrays.pop(LABELS, None)
    filled = {name: array for name, array in spare.items() if name not in arrays}
    inputs = tuple(spec for spec in inputs if spec.name not in filled)
    _check_names(path, arrays, inputs)
    fitted = {spec.name: _fitted(path, spec, arrays[spec.name], rows) for spec in inputs}
    fed = {name: array for name, array in fitted.items() if array.ndim}
    counts = {name: len(array) for name, array in fed.items()}
    if labels is not None:
        labels = _checked_labels(path, labels)
        counts[LABELS] = len(labels)
    if len(set(counts.values())) > 1:
        raise DataError(
            f"{clean_text(path)} holds different numbers of samples: {_listed(counts)}.",
            "The first axis of every array is the sample.",
        )
    if not min(counts.values(), default=1):
        raise DataError(f"{clean_text(path)} holds no samples.", "Give at least one.")
    scalars = {name: array for name, array in fitted.items() if not array.ndim}
    return Samples(
        source=path.name,
        arrays=fed,
        labels=labels,
        constants={**filled, **constants, **scalars},
        fixed=_fixed(inputs),
    )


def _check_names(path: Path, arrays: Mapping[str, Array], inputs: tuple[TensorSpec, ...]) -> None:
    missing = [spec.name for spec in inputs if spec.name not in arrays]
    if missing:
        raise DataError(
            f"{clean_text(path)} has no array for the input {listed_names(missing)}; "
            f"it holds {listed_names(arrays) or 'nothing'}.",
            f"Name its arrays like the inputs: {listed_names(spec.name for spec in inputs)}.",
        )


def _fitted(path: Path, spec: TensorSpec, array: Array, rows: Mapping[str, int]) -> Array:
    """The array in the input's type, when rank, sizes, kind of number and indices agree."""
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


def _checked_labels(path: Path, labels: Array) -> Array:
    """Labels without trailing axes of size 1, as many exporters of data sets leave them."""
    if labels.ndim == 0 or labels.dtype.kind not in "iufb":
        raise DataError(
            f"The labels of {clean_text(path)} are {format_shape(labels.shape)} of {labels.dtype}.",
            "Give numbers, the first axis the sample: for a class its index.",
        )
    while labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    return labels


def _fixed(inputs: tuple[TensorSpec, ...]) -> dict[str, int]:
    return {
        spec.name: spec.shape[0] for spec in inputs if spec.shape and isinstance(spec.shape[0], int)
    }


def _float_problem(array: Array) -> str | None:
    if not np.isfinite(array).all():
        return "holds NaN or infinity"
    if array.size > 1 and array.min() == array.max():
        return f"is {float(array.flat[0]):g} everywhere"
    return "is the same in all samples" if len(array) > 1 and _is_repeated(array) else None


def _is_repeated(array: Array) -> bool:
    return bool((array == array[:1]).all())


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{clean_text(name)} {count}" for name, count in counts.items())
