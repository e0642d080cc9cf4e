"""The quality of a changed model: against labels, by the user's own measure, or the original."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np

from sparsify_tui.analyses.opened import Opened
from sparsify_tui.core.distances import are_classes, distance_between, top1_terms
from sparsify_tui.core.project import MetricChange
from sparsify_tui.core.protocols import Array, Session
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError

_NUMBER = "A number is needed."
SCORED_SAMPLES = 64
"""Most samples that two models' outputs are compared on."""
HIGHEST_SQNR_DB = 200.0
"""Of equal outputs; float32 rounds at some 150 dB."""
_FEWEST_FOR_TOP_5 = 6


class Scorer:
    """Scores changed models of one original, whose outputs are computed once.

    Args:
        opened: The original and its samples.
        metric: The user's own, as `FILE.py:function`; empty for those that the data allows.

    Raises:
        UsageError: The user's metric cannot be loaded.
    """

    def __init__(self, opened: Opened, metric: str = "") -> None:
        self._opened = opened
        self._own = load_metric(metric) if metric else None

    def changes(self, changed: Path) -> tuple[MetricChange, ...]:
        """All metrics before and after; the first is the one to judge by.

        Empty when there is nothing to say: outputs that are not finite, or hold no floats.
        """
        if self._own is None and not self._is_labelled:
            return self._distances(self._outputs(changed, SCORED_SAMPLES))
        outputs = self._outputs(changed)
        own = () if self._own is None else (self._by_own(self._own, outputs),)
        return (*own, *(self._by_labels(outputs) if self._is_labelled else ()))

    @property
    def _labels(self) -> Array | None:
        return self._opened.samples.labels

    @cached_property
    def _is_labelled(self) -> bool:
        """Whether there is a class for each row of the first output."""
        labels = self._labels
        if labels is None:
            return False
        shape = self._base[0].shape
        return len(shape) == 2 and shape[0] == len(labels) and are_classes(labels, shape[1])

    @cached_property
    def _base(self) -> list[Array]:
        """Outputs of the original on all samples, or on some where only distances count."""
        needs_all = self._own is not None or self._labels is not None
        original = Path(self._opened.options.path)
        return self._outputs(original, None if needs_all else SCORED_SAMPLES)

    def _outputs(self, file: Path, most: int | None = None) -> list[Array]:
        session = self._opened.engine.open(file, threads=self._opened.options.threads)
        return run_all(self._opened, session, most)

    def _by_own(self, metric: Metric, outputs: Sequence[Array]) -> MetricChange:
        before, after = (metric.score(one, self._labels) for one in (self._base, outputs))
        return MetricChange(name=metric.name, before=before, after=after)

    def _by_labels(self, outputs: Sequence[Array]) -> tuple[MetricChange, ...]:
        labels, classes = cast("Array", self._labels), self._base[0].shape[1]
        before, after = (float(top1_terms(one, labels).mean()) for one in (self._base, outputs))
        first = MetricChange(name="top-1", before=before, after=after)
        if classes < _FEWEST_FOR_TOP_5:
            return (first,)
        before, after = (top_k(one[0], labels, 5) for one in (self._base, outputs))
        return first, MetricChange(name="top-5", before=before, after=after)

    def _distances(self, outputs: Sequence[Array]) -> tuple[MetricChange, ...]:
        base = [one[: len(other)] for one, other in zip(self._base, outputs, strict=True)]
        if not all_finite((*base, *outputs)) or all(one.dtype.kind != "f" for one in base):
            return ()
        found = {name: distance_between(name, base, outputs) for name in ("agreement", "kl", "mse")}
        shown = (
            ("agreement", 1.0, None if found["agreement"] is None else 1 - found["agreement"]),
            ("KL", 0.0, found["kl"]),
            ("output error", 0.0, found["mse"]),
            ("SQNR dB", HIGHEST_SQNR_DB, sqnr_db(base, outputs)),
        )
        return tuple(
            MetricChange(name=name, before=before, after=after)
            for name, before, after in shown
            if after is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The user's own function."""

    name: str
    function: Callable[[list[Array], Array | None], float]
    """Of outputs in the model's order, each [samples, …], and labels; more is better."""

    def score(self, outputs: Sequence[Array], labels: Array | None) -> float:
        """What it gives. Raises UsageError where it fails, or gives no number."""
        try:
            value = float(self.function(list(outputs), labels))
        except Exception as error:  # the user's own function may raise anything
            raise UsageError(
                f"The metric {clean_text(self.name)} failed: {type(error).__name__}: "
                f"{clean_text(error)}.",
                "It is called with a list of output arrays and the labels (or None), and must "
                "return a number.",
            ) from error
        if not math.isfinite(value):
            raise UsageError(f"The metric {clean_text(self.name)} gave {value}.", _NUMBER)
        return value


def load_metric(text: str) -> Metric:
    """The function of a file, named as `FILE.py:function`.

    Raises:
        UsageError: There is no such file or function, or the file cannot be run.
    """
    file, _, name = text.rpartition(":")
    shown = clean_text(text)
    if not file or not name.isidentifier():
        raise UsageError(f"{shown} names no function.", "Example: --metric score.py:accuracy")
    if not Path(file).is_file():
        raise UsageError(f"There is no file {clean_text(file)}.", "Give the path of a Python file.")
    spec = importlib.util.spec_from_file_location("sparsify_tui_user_metric", file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{clean_text(file)} is no Python file.", "Its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's own file may raise anything
        raise UsageError(
            f"{clean_text(file)} cannot be run: {type(error).__name__}: {clean_text(error)}.",
            "Try it with python first.",
        ) from error
    found = getattr(module, name, None)
    if not callable(found):
        raise UsageError(f"{clean_text(file)} has no function {name}.", "Define it there.")
    return Metric(name=name, function=found)


def top_k(scores: Array, labels: Array, k: int) -> float:
    """Share of samples whose label is among the `k` largest; scores are [samples, classes]."""
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    return float(np.mean(np.any(best == labels[:, None], axis=1)))


def sqnr_db(base: Sequence[Array], changed: Sequence[Array]) -> float:
    """10·log10(Σ base² ÷ Σ (changed − base)²) over the float outputs, at most 200 dB."""
    signal = noise = 0.0
    for before, after in zip(base, changed, strict=True):
        if before.dtype.kind == "f":
            exact = before.astype(np.float64)
            signal += float(np.sum(np.square(exact)))
            noise += float(np.sum(np.square(after.astype(np.float64) - exact)))
    if noise == 0:
        return HIGHEST_SQNR_DB
    if signal == 0:
        return -HIGHEST_SQNR_DB
    return max(-HIGHEST_SQNR_DB, min(HIGHEST_SQNR_DB, 10 * math.log10(signal / noise)))


def all_finite(outputs: Iterable[Array]) -> bool:
    """Whether the floats among the outputs hold neither NaN nor infinity."""
    return all(bool(np.isfinite(one).all()) for one in outputs if one.dtype.kind == "f")


def run_all(opened: Opened, session: Session, most: int | None = None) -> list[Array]:
    """Outputs on all samples, or the first `most`, joined along the first axis."""
    parts: list[list[Array]] = []
    batch = opened.scoring_batch
    if not opened.is_batch_bound:  # else a lone sample is run again and again to fill it
        batch = min(batch, opened.samples.count)
    for feeds, rows in opened.samples.batches(batch):
        outputs = session.run(feeds)
        parts.append([_rows(array, batch, len(rows)) for array in outputs])
        if most is not None and rows[-1] + 1 >= most:
            break
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def _rows(array: Array, batch: int, count: int) -> Array:
    """Drops the rows that filled up the last batch, where the first axis is the sample."""
    if array.ndim == 0:
        return array[None]
    return array[:count] if len(array) == batch else array
