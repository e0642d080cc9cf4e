"""What a model is fed: samples from the user's file, checked against its inputs, or made up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sparsify_tui.analyses.archives import read_arrays
from sparsify_tui.core.inputs import assume_shapes
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array, Feeds
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_shape
from sparsify_tui.errors import DataError, UsageError

LABELS = "labels"
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Arrays by input, first axis the sample."""

    source: str
    """Where they came from, in words."""
    arrays: Mapping[str, Array]
    labels: Array | None = None
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


def samples_for(
    inputs: tuple[TensorSpec, ...],
    *,
    data: str | None,
    dims: Mapping[str, int],
    values: Mapping[str, float],
    batch: int,
) -> Samples:
    """The samples of a data file, or made-up ones where there is none.

    Raises:
        DataError: The file does not fit the model.
        UsageError: A value is given for an input that does not exist.
    """
    constants = _constants(inputs, values, assume_shapes(inputs, dims, batch))
    fed = tuple(spec for spec in inputs if spec.name not in constants)
    if data is not None and not fed:
        raise UsageError(
            f"Every input is given as a constant, so {clean_text(data)} would not be used.",
            "`sparsify-tui settings set PROJECT value.INPUT=` forgets a constant.",
        )
    if data is not None:
        return load_samples(Path(data), fed, constants)
    generator = np.random.default_rng(_SEED)
    arrays = {
        spec.name: _noise(generator, spec) for spec in assume_shapes(fed, dims, batch) if spec.shape
    }
    scalars = {spec.name: _noise(generator, spec) for spec in fed if not spec.shape}
    return Samples(
        source="random values (no data attached)",
        arrays=arrays,
        constants={**constants, **scalars},
        fixed=_fixed(fed),
    )


def load_samples(path: Path, inputs: tuple[TensorSpec, ...], constants: Feeds) -> Samples:
    """Reads an `.npz`, or a folder of them, and checks every array against its input.

    Raises:
        DataError: Which input, what was expected, and what was found.
    """
    arrays = read_arrays(path)
    labels = arrays.pop(LABELS, None)
    _check_names(path, arrays, inputs)
    scalars = {
        spec.name: _fitted(path, spec, arrays[spec.name]) for spec in inputs if not spec.shape
    }
    fed = {spec.name: _fitted(path, spec, arrays[spec.name]) for spec in inputs if spec.shape}
    counts = {name: len(array) for name, array in fed.items()}
    if labels is not None:
        counts[LABELS] = _label_count(path, labels)
    if len(set(counts.values())) > 1:
        raise DataError(
            f"{clean_text(path)} holds different numbers of samples: {_listed(counts)}.",
            "The first axis of every array is the sample.",
        )
    if not min(counts.values(), default=1):
        raise DataError(f"{clean_text(path)} holds no samples.", "Give at least one.")
    return Samples(
        source=path.name,
        arrays=fed,
        labels=labels,
        constants={**constants, **scalars},
        fixed=_fixed(inputs),
    )


def _check_names(path: Path, arrays: Mapping[str, Array], inputs: tuple[TensorSpec, ...]) -> None:
    missing = [spec.name for spec in inputs if spec.name not in arrays]
    if missing:
        raise DataError(
            f"{clean_text(path)} has no array for the input {_names(missing)}; "
            f"it holds {_names(arrays) or 'nothing'}.",
            f"Name its arrays like the inputs: {_names(spec.name for spec in inputs)}.",
        )


def _fitted(path: Path, spec: TensorSpec, array: Array) -> Array:
    """The array in the input's type, when rank, sizes and kind of number agree."""
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
    if not np.can_cast(array.dtype, _dtype(spec), casting="same_kind"):
        raise DataError(
            f"{where} wants {spec.dtype}, but the file has {array.dtype}.",
            f"Convert it with array.astype('{spec.dtype}').",
        )
    return np.ascontiguousarray(array, dtype=spec.dtype)


def _label_count(path: Path, labels: Array) -> int:
    if labels.ndim == 0 or labels.dtype.kind not in "iuf":
        raise DataError(
            f"The labels of {clean_text(path)} are {format_shape(labels.shape)} of {labels.dtype}.",
            "Give one number a sample: the index of its class.",
        )
    return len(labels)


def _fixed(inputs: tuple[TensorSpec, ...]) -> dict[str, int]:
    return {
        spec.name: spec.shape[0] for spec in inputs if spec.shape and isinstance(spec.shape[0], int)
    }


def _constants(
    inputs: tuple[TensorSpec, ...],
    values: Mapping[str, float],
    assumed: tuple[TensorSpec, ...],
) -> dict[str, Array]:
    check_values(inputs, values)
    return {
        spec.name: np.full(_sizes(spec), values[spec.name], dtype=_dtype(spec))
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
                f"Inputs: {_names(wanted)}.",
            )
        kind = _dtype(wanted[name])
        if kind.kind in "iub" and not _holds(kind, value):
            raise UsageError(f"The input {clean_text(name)} is {kind}, which cannot be {value:g}.")


def _holds(kind: np.dtype[np.generic], value: float) -> bool:
    if kind.kind == "b":
        return value in (0, 1)
    return float(value).is_integer() and np.iinfo(kind.name).min <= value <= np.iinfo(kind.name).max


def _sizes(spec: TensorSpec) -> tuple[int, ...]:
    return tuple(int(size) for size in spec.shape)


def _dtype(spec: TensorSpec) -> np.dtype[np.generic]:
    try:
        return np.dtype(spec.dtype)
    except TypeError:
        raise DataError(
            f"The input {clean_text(spec.name)} is of type {spec.dtype}, which cannot be fed.",
            "Export the model with float32, float16 or integer inputs.",
        ) from None


def _noise(generator: np.random.Generator, spec: TensorSpec) -> Array:
    """Standard normal for floats; 0 or 1 for integers, which any table of two rows can look up."""
    shape, kind = _sizes(spec), _dtype(spec)
    if kind.kind == "f":
        return generator.standard_normal(shape).astype(kind)
    if kind.kind in "iub":
        return generator.integers(0, 2, shape).astype(kind)
    raise DataError(
        f"The input {clean_text(spec.name)} is of type {spec.dtype}, which cannot be made up.",
        "Give real samples with --data FILE.",
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(clean_text(name) for name in names)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{clean_text(name)} {count}" for name, count in counts.items())
