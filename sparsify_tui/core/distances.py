"""How far a change moves a model's outputs, with an interval over the samples.

Everything is computed from terms: sums for each sample. Terms of several batches are stacked,
never added, so that they may be taken batch by batch, kept, and read at any time.

Imports numpy: neither the interface nor the workbench may import this file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sparsify_tui.core.comparisons import COMPARISONS, Comparison, sums_to_one
from sparsify_tui.core.loss_profile import DISTANCES
from sparsify_tui.core.moments import MOMENTS, moments_of, pooled, varies, without_each
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.spread import mean_ends, share_ends
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError

Floats: TypeAlias = NDArray[np.float64]
Outputs: TypeAlias = Sequence[Array]

_FEWEST_SAMPLES = 8
_TOLERANCE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """An output that counts."""

    at: int
    """Its place among the model's outputs."""
    shape: tuple[int, ...]
    comparison: Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The base's outputs on one batch, with all that need be computed only once."""

    rows: int
    """Samples, where every counted output has them as its first axis; else 1."""
    counted: tuple[Counted, ...]
    columns: int
    """Of sums, for each counted output."""
    moments: Floats
    """Shape [rows, counted outputs, 3]."""

    def terms(self, changed: Outputs) -> Floats:
        """What the changed model's outputs on the same batch give, shape [rows, k].

        NaN or infinite where an output is not finite, or has another shape.
        """
        found = np.full((self.rows, len(self.counted), MOMENTS + self.columns), np.nan)
        found[..., :MOMENTS] = self.moments
        with np.errstate(all="ignore"):
            for place, one in enumerate(self.counted):
                if changed[one.at].shape == one.shape:
                    found[:, place, MOMENTS:] = one.comparison.sums(changed[one.at])
        return np.asarray(found.reshape(self.rows, found[0].size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """One of DISTANCES over a model's outputs; made by `distance_of`."""

    name: str
    chosen: tuple[tuple[int, str], ...] = ()
    """Places and names of the outputs that count; empty for all that can."""
    weights: tuple[float, ...] = ()
    """Of the chosen ones."""

    def prepare(self, base: Outputs, samples: int) -> Reference:
        """Of the base's outputs on one batch of so many samples.

        Outputs that are no floats do not count. `kl` and `agreement` look at the first output
        with two or more entries along its last axis, unless others were chosen.

        Raises:
            UsageError: A chosen output cannot be compared like this.
        """
        kind, places = COMPARISONS[self.name], self._places(base, samples)
        arrays = [base[at] for at in places]
        rows = samples if all(one.shape[:1] == (samples,) for one in arrays) else 1
        moments = np.zeros((rows, len(places), MOMENTS))
        with np.errstate(all="ignore"):
            for place, array in enumerate(arrays):
                moments[:, place] = moments_of(array, rows)
            counted = [
                Counted(at=at, shape=array.shape, comparison=kind.of(array, rows))
                for at, array in zip(places, arrays, strict=True)
            ]
        return Reference(rows=rows, counted=tuple(counted), columns=kind.columns, moments=moments)

    def _places(self, base: Outputs, samples: int) -> tuple[int, ...]:
        """Of the outputs that count."""
        needs_classes = COMPARISONS[self.name].needs_classes
        usable = tuple(
            at
            for at, one in enumerate(base)
            if one.dtype.kind == "f" and (not needs_classes or _has_classes(one, samples))
        )
        for at, name in self.chosen:
            if at not in usable:
                kind = "classes" if needs_classes and base[at].dtype.kind == "f" else "floats"
                raise UsageError(
                    f"The distance {self.name} does not fit output {clean_text(name)}: "
                    f"it holds no {kind}.",
                    "Choose another distance, or other outputs.",
                )
        return tuple(at for at, _ in self.chosen) or usable[: 1 if needs_classes else None]

    def terms(self, base: Outputs, changed: Outputs, samples: int) -> Floats:
        """As `prepare` and `Reference.terms`, for outputs that are compared once."""
        return self.prepare(base, samples).terms(changed)

    def value(self, terms: Floats) -> float:
        """The distance over all samples whose terms are stacked here, ≥ 0; 0 for equal outputs.

        An output that does not vary is left out. NaN where none is left, and NaN or infinite
        where the terms of one that counts are.
        """
        return float(self.values(pooled(self.cells(terms))))

    def cells(self, terms: Floats) -> Floats:
        """Terms by sample, output and column: moments first."""
        width = MOMENTS + COMPARISONS[self.name].columns
        return np.asarray(terms.reshape(len(terms), terms.shape[1] // width, width))

    def values(self, cells: Floats) -> Floats:
        """Distances of pooled cells [..., outputs, columns], shape [...]."""
        kind = COMPARISONS[self.name]
        moments, sums = cells[..., :MOMENTS], cells[..., MOMENTS:]
        counts = varies(moments)
        weights = np.asarray(self.weights or (1.0,) * cells.shape[-2]) * counts
        with np.errstate(all="ignore"):
            each = np.where(counts, kind.distances(moments, sums), 0.0)
            total, weight = (each * weights).sum(axis=-1), weights.sum(axis=-1)
            return np.asarray(
                np.where(weight > 0, total if kind.is_summed else total / weight, np.nan)
            )


def distance_of(
    name: str, *, names: Sequence[str] = (), weights: Sequence[tuple[str, float]] = ()
) -> Distance:
    """The distance of that name.

    Args:
        name: One of DISTANCES.
        names: The model's outputs in order.
        weights: Those that count, with their weights; empty for all alike.

    Raises:
        UsageError: There is no such distance or output, or a weight is not above 0.
    """
    if name not in DISTANCES:
        raise UsageError(
            f"There is no distance {clean_text(name)}.", f"Choose one of {', '.join(DISTANCES)}."
        )
    for output, weight in weights:
        if output not in names:
            known = ", ".join(map(clean_text, names))
            raise UsageError(f"The model has no output {clean_text(output)}.", f"It has {known}.")
        if not (math.isfinite(weight) and weight > 0):
            raise UsageError(f"The weight of output {clean_text(output)} must be above 0.")
    return Distance(
        name=name,
        chosen=tuple((list(names).index(output), output) for output, _ in weights),
        weights=tuple(float(weight) for _, weight in weights),
    )


def auto_distance(base: Outputs, labels: Array | None = None) -> str:
    """`kl` where the first float output looks like classes, else `mse`.

    It does when it is [samples, 2 or more] and holds probabilities, or fits the labels.
    """
    first = next((one for one in base if one.dtype.kind == "f"), None)
    if first is None or first.ndim != 2 or first.shape[1] < 2 or not len(first):
        return "mse"
    return "kl" if sums_to_one(first) or are_classes(labels, first.shape[1]) else "mse"


def are_classes(labels: Array | None, classes: int) -> bool:
    """Whether labels choose among so many classes: one whole number a sample, all in range.

    Args:
        labels: Of any kind; whole numbers may be stored as floats.
        classes: Entries of the output's last axis.
    """
    if labels is None or labels.ndim != 1 or labels.dtype.kind not in "biuf" or not len(labels):
        return False
    is_one = (labels >= 0) & (labels < classes) & (np.rint(labels) == labels)
    return classes >= 2 and bool(is_one.all())


def has_information(base: Outputs) -> bool:
    """Whether a float output varies, over all samples and entries, by more than rounding."""
    with np.errstate(all="ignore"):
        moments = [moments_of(one, 1)[0] for one in base if one.dtype.kind == "f" and one.size]
    return any(bool(varies(one)) for one in moments)


def distance_between(name: str, base: Outputs, changed: Outputs) -> float | None:
    """The distance over all samples at once; None where there is none to tell."""
    distance = distance_of(name)
    samples = len(base[0]) if base and base[0].ndim else 1
    value = distance.value(distance.terms(base, changed, samples))
    return value if math.isfinite(value) else None


def top1_terms(outputs: Outputs, labels: Array) -> Floats:
    """1 for each sample whose largest entry of the first output is the label, shape [samples, 1].

    Args:
        outputs: The first of shape [samples, classes]; a sample with a NaN is wrong.
        labels: Shape [samples].
    """
    scores = outputs[0]
    right = (np.argmax(scores, axis=-1) == labels) & ~np.isnan(scores).any(axis=-1)
    return np.asarray(right[:, None], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A distance with its 95 % interval over samples."""

    value: float | None
    low: float | None = None
    """None for a single sample."""
    high: float | None = None
    samples: int = 0
    """Rows of terms it rests on."""
    reason: str = ""
    """Why there is no value, to be put after a colon."""


def reading(distance: Distance, terms: Floats) -> Reading:
    """The distance over these stacked terms, with an interval by the jackknife.

    Each sample is left out in turn, by taking its sums away (Efron and Stein 1981, with Student's
    quantile). For shares of 0 or 1 that fails; see `share_ends`.
    """
    cells, rows = distance.cells(terms), len(terms)
    whole = pooled(cells)
    value, *others = distance.values(np.concatenate([whole[None], without_each(cells, whole)]))
    if not math.isfinite(value):
        return Reading(value=None, samples=rows, reason=_reason(distance, cells))
    value, variance = float(value), _variance(np.array(others))
    if not math.isfinite(variance):
        return Reading(value=value, samples=rows)
    ends = share_ends if distance.name == "agreement" else mean_ends
    low, high = ends(value, variance, rows)
    return Reading(value=value, low=low, high=high, samples=rows)


def is_settled(found: Reading, tolerance: float = _TOLERANCE) -> bool:
    """Whether more samples would hardly move a value: its interval is narrow, or it is 0.

    Args:
        found: Of too few samples nothing is settled.
        tolerance: Half the interval's largest width, relative to the value.
    """
    if found.value is None or found.high is None or found.samples < _FEWEST_SAMPLES:
        return False
    return found.high - found.value <= tolerance * found.value


def _has_classes(output: Array, samples: int) -> bool:
    """Whether its last axis has entries to choose among, and is not that of the samples."""
    return output.ndim > 0 and output.shape[-1] > 1 and output.shape != (samples,)


def _variance(others: Floats) -> float:
    """Of the value, from the values without each sample; NaN where one is unknown."""
    count = len(others)
    if count < 2:
        return math.nan
    return (count - 1) / count * float(np.square(others - others.mean()).sum())


def _reason(distance: Distance, cells: Floats) -> str:
    moments = cells[..., :MOMENTS]
    if not moments[..., 0].any():
        needs = " to choose among" if COMPARISONS[distance.name].needs_classes else ""
        return f"no output holds floats{needs}"
    if bool(varies(pooled(cells)[..., :MOMENTS]).any()):
        return "the outputs are no longer finite, or have another shape"
    if not np.isfinite(moments).all():
        return "the model's own outputs are not finite"
    return "the outputs do not vary on this data: no information"
