"""Whether a data file fits a model."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.opened import samples_asked
from sparsify_tui.analyses.samples import Samples
from sparsify_tui.analyses.splits import shared_samples
from sparsify_tui.codec import value_from
from sparsify_tui.core.images import ImageOptions
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import DataRole, DataSet
from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import DataError, SparsifyError, UsageError
from sparsify_tui.onnxio.hints import Hints, input_hints
from sparsify_tui.onnxio.load import load_model
from sparsify_tui.onnxio.shapes import model_inputs

_A_STEP = 50


def check_data(
    *, options: dict[str, Any], role: DataRole | None, attached: Sequence[dict[str, Any]] = ()
) -> Generator[Progress, None, DataSet]:
    """Reads the file as the model's input.

    Args:
        options: How the model is fed; their data is the file.
        role: What it is for; None for a test set where it has labels, else for calibration.
        attached: The project's data sets, as documents.

    Raises:
        DataError: It does not fit the model, or is the set of the other role again.
        MissingEngineError: It holds images, and what reads them is not installed.
        UsageError: It holds none, but is told how images are read.
    """
    asked = value_from(options, RunOptions)
    yield Progress(done=0, total=1, item="reading the data")
    reader = _Reader(asked)
    samples = reader.samples(asked.data or "", asked.image_options)
    if asked.image_options != ImageOptions() and not samples.files:
        raise UsageError(
            f"{clean_text(samples.source)} holds arrays, which are fed as they are.",
            "Leave out --mean, --std, --layout, --scale and --resize: they are for images.",
        )
    yield from _checked_images(samples)
    chosen: DataRole = role or ("calibration" if samples.labels is None else "test")
    if chosen == "test" and samples.labels is None:
        raise DataError(
            f"{clean_text(samples.source)} has no labels.",
            "A test set needs one a sample, in an array called labels or by sub-folders of "
            "images; without labels attach it as calibration.",
        )
    sets = [value_from(one, DataSet) for one in attached]
    shared = [reader.shared(samples, one) for one in sets if one.role != chosen]
    return DataSet(
        role=chosen,
        path=str(Path(asked.data or "").absolute()),
        samples=samples.count,
        labelled=samples.labels is not None,
        problems=(*samples.problems(), *filter(None, shared)),
        images=asked.image_options,
        reading=samples.reading,
    )


class _Reader:
    """Reads data files as the inputs of one model."""

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        loaded = load_model(Path(options.path))
        self._inputs = model_inputs(loaded.proto.graph)
        self._hints: Hints = input_hints(loaded)

    def samples(self, data: str, images: ImageOptions) -> Samples:
        options = replace(self._options, data=data, images=((data, images),))
        return samples_asked(options, self._inputs, self._hints, batch=1)

    def shared(self, samples: Samples, other: DataSet) -> str:
        """What it shares with an attached set, in words. Raises DataError where it is the same."""
        try:
            known = self.samples(other.path, other.images)
        except SparsifyError as error:  # the other set went away, or fits no longer
            why = clean_text(error.message).rstrip(".")
            return f"whether samples are in the {other.role} set, too, is not known: {why}"
        return shared_samples(samples, known, other.role)


def _checked_images(samples: Samples) -> Generator[Progress, None, None]:
    """Decodes every image once, so that a broken one is named before anything is measured."""
    for start in range(0, len(samples.files), _A_STEP):
        yield Progress(done=start, total=len(samples.files), item="reading images")
        for images in samples.arrays.values():
            images[start : start + _A_STEP]
