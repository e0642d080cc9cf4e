"""What a model is fed: samples from the user's file, checked against its inputs, or made up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np

from sparsify_tui.analyses.archives import read_arrays
from sparsify_tui.analyses.constants import constant_feeds
from sparsify_tui.analyses.fitting import check_names, checked_labels, fitted_array
from sparsify_tui.analyses.image_folder import holds_images, image_folder, image_input
from sparsify_tui.analyses.made_up import confidence_of, made_up_feeds
from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.inputs import assume_shapes
from sparsify_tui.core.model import TensorSpec
from sparsify_tui.core.protocols import Array, Feeds
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import DataError, UsageError

LABELS = "labels"
FEWEST_SAMPLES = 16
"""Below these the extremes of a calibration set are chance."""
_JUDGED = 64
_AS_THEY_ARE = ImageOptions()
_NOTHING: Mapping[str, float] = MappingProxyType({})
_NO_TABLES: Mapping[str, int] = MappingProxyType({})


class Rows(Protocol):
    """An array whose first axis is the sample, or what reads it from files row by row."""

    @property
    def ndim(self) -> int:
        """Number of axes."""

    def __len__(self) -> int:
        """Number of samples."""

    def __getitem__(self, rows: Array | slice, /) -> Array:
        """Some of them. Raises DataError where a file cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Arrays by input, first axis the sample."""

    source: str
    """Where they came from, in words."""
    is_made_up: bool = False
    """Whether they are noise, since no data is attached."""
    confidence: str = ""
    """What made-up samples are good for, in words; empty when the data is real."""
    arrays: Mapping[str, Rows]
    labels: Array | None = None
    """One a sample along the first axis; no axes of size 1 after it."""
    constants: Feeds
    """Inputs that are the same for each sample."""
    fixed: Mapping[str, int]
    """First axis of the inputs where the file fixes it; elsewhere it is the batch."""
    files: tuple[Path, ...] = ()
    """One a sample, where they are images."""
    reading: str = ""
    """What images are turned into, in words; empty for arrays, which are fed as they are."""

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
        arrays = {name: _looked_at(rows) for name, rows in self.arrays.items()}
        found += [
            f"the input {clean_text(name)} {problem}"
            for name, array in arrays.items()
            if array.dtype.kind == "f" and (problem := _float_problem(array)) is not None
        ]
        if self.count > 1 and all(map(_is_repeated, arrays.values())):
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
    images: ImageOptions = _AS_THEY_ARE,
) -> Samples:
    """The samples of a data file, or made-up ones where there is none.

    Args:
        inputs: As the model declares them.
        data: Path of the file or folder, or None.
        dims: Sizes of open dimensions; the others are guessed.
        values: Constants by input.
        batch: Size of an open first axis.
        found: Constants for inputs that neither `values` nor the file gives.
        rows: How many rows there are to look up, by input of indices.
        images: What becomes of images, where `data` is a folder of them.

    Raises:
        DataError: The file does not fit the model.
        MissingEngineError: Images are to be read, and what reads them is not installed.
        UsageError: A value is given for an input that does not exist.
    """
    assumed = assume_shapes(inputs, dims, batch)
    constants = constant_feeds(inputs, values, assumed)
    spare = constant_feeds(inputs, found, assumed)
    known = {**spare, **constants}
    fed = tuple(spec for spec in inputs if spec.name not in constants)
    wanted = tuple(spec for spec in assumed if spec.name not in known)
    if data is not None:
        if not fed:
            raise UsageError(
                f"Every input is given as a constant, so {clean_text(data)} would not be used.",
                "`sparsify-tui settings set PROJECT value.INPUT=` forgets a constant.",
            )
        if holds_images(Path(data)):
            return image_samples(Path(data), wanted, known, images, _fixed(fed))
        return load_samples(Path(data), fed, constants, spare, rows)
    made_up = made_up_feeds(wanted, rows)
    return Samples(
        source="random values (no data attached)",
        is_made_up=True,
        confidence=confidence_of(made_up, rows),
        arrays={name: array for name, array in made_up.items() if array.ndim},
        constants={**known, **{name: array for name, array in made_up.items() if not array.ndim}},
        fixed=_fixed(fed),
    )


def image_samples(
    path: Path,
    inputs: tuple[TensorSpec, ...],
    constants: Feeds,
    options: ImageOptions,
    fixed: Mapping[str, int],
) -> Samples:
    """The images of a folder for the one input that takes images, decoded as they are asked for.

    Args:
        path: Of the folder.
        inputs: Without the constants, at assumed sizes.
        constants: By input.
        options: What a shape does not tell.
        fixed: First axis by input, where the model fixes it.

    Raises:
        DataError: Which input, what was expected, and what was found.
        MissingEngineError: What reads images is not installed.
    """
    from sparsify_tui.analyses.images import ImageRows, image_form  # noqa: PLC0415 - an extra

    spec = image_input(path, inputs)
    form, folder = image_form(spec, options), image_folder(path)
    classes = f"; classes are its {folder.classes} sub-folders by name" if folder.classes else ""
    return Samples(
        source=path.name,
        arrays={spec.name: ImageRows(folder.files, form)},
        labels=folder.labels,
        constants=constants,
        fixed=fixed,
        files=folder.files,
        reading=f"{form.words}{classes}",
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
    check_names(path, arrays, inputs)
    fitted = {spec.name: fitted_array(path, spec, arrays[spec.name], rows) for spec in inputs}
    fed = {name: array for name, array in fitted.items() if array.ndim}
    counts = {name: len(array) for name, array in fed.items()}
    if labels is not None:
        labels = checked_labels(path, labels)
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


def _fixed(inputs: tuple[TensorSpec, ...]) -> dict[str, int]:
    return {
        spec.name: spec.shape[0] for spec in inputs if spec.shape and isinstance(spec.shape[0], int)
    }


def _looked_at(rows: Rows) -> Array:
    """All of an array; of what is read from files, enough to judge by."""
    return rows if isinstance(rows, np.ndarray) else rows[:_JUDGED]


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
