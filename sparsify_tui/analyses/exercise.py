"""Says when data exercises so little of a model that losses measured on it tell little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sparsify_tui.core.distances import are_classes
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_percent

_FEW_CLASSES = 0.25
"""Of the classes that the samples could show."""
_LEAST_ROWS = 4
"""Samples below which nothing can be said of classes."""
_MUCH_SILENT = 0.2
"""Of all channels; classifiers and text readers leave below 0.05 silent on real samples, and
above 0.2 where every sample is blank."""
_SAME = 1e-6
"""Of the largest |value|: what rounding may move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The least and the largest value that each channel of a tensor takes, shape [channels]."""

    low: Array
    high: Array

    @classmethod
    def of(cls, activation: Array) -> Channels:
        """Over samples and places; channels are axis 1 of four and more axes, else the last."""
        channel = 1 if activation.ndim > 3 else activation.ndim - 1
        others = tuple(axis for axis in range(activation.ndim) if axis != channel)
        return cls(low=activation.min(axis=others), high=activation.max(axis=others))

    def with_more(self, other: Channels) -> Channels:
        """Those of both together."""
        return Channels(low=np.minimum(self.low, other.low), high=np.maximum(self.high, other.high))

    @property
    def silent(self) -> int:
        """How many never change."""
        return int(np.count_nonzero(self.low == self.high))


def warnings_of(
    outputs: Mapping[str, Array],
    labels: Array | None,
    activations: Mapping[str, Channels],
    samples: int,
) -> tuple[str, ...]:
    """What the samples leave unused, one sentence each; empty where they exercise enough.

    Args:
        outputs: Of the unchanged model on all samples, first axis the sample, by name.
        labels: One a sample, or None.
        activations: What Relu, Clip and their like give on all samples, by tensor name.
        samples: How many there are.
    """
    return (
        *(warning for name, array in outputs.items() for warning in _of_output(name, array)),
        *_of_labels(outputs.values(), labels),
        *_of_activations(activations, samples),
    )


def is_constant(output: Array) -> bool:
    """Whether an output is the same for all samples, but for rounding."""
    if len(output) < 2 or output.dtype.kind not in "fiu" or not output.size:
        return False
    spread = np.max(np.max(output, axis=0) - np.min(output, axis=0))
    return bool(spread <= _SAME * np.max(np.abs(output)))


def _of_output(name: str, output: Array) -> Iterator[str]:
    if is_constant(output):
        yield (
            f"The output {clean_text(name)} is the same for all {len(output)} samples: "
            "no information on what a change loses."
        )
    elif _is_scores(output):
        seen, known = len(np.unique(output.argmax(axis=1))), output.shape[1]
        if _is_few(seen, known, len(output)):
            yield (
                f"Of the {known} values of output {clean_text(name)}, {_only(seen)} ever the "
                f"largest on the {len(output)} samples: the data shows few classes."
            )


def _of_labels(outputs: Iterable[Array], labels: Array | None) -> Iterator[str]:
    known = max((array.shape[1] for array in outputs if _is_scores(array)), default=0)
    if labels is None or not are_classes(labels, known):
        return
    seen = len(np.unique(labels))
    if _is_few(seen, known, len(labels)):
        yield f"Of {known} classes, {_only(seen)} among the labels."


def _of_activations(activations: Mapping[str, Channels], samples: int) -> Iterator[str]:
    counts = {name: (one.silent, one.low.size) for name, one in activations.items()}
    silent, every = sum(dead for dead, _ in counts.values()), sum(of for _, of in counts.values())
    if samples < 2 or not every or silent < _MUCH_SILENT * every:
        return
    worst = max(counts, key=lambda name: counts[name][0] / counts[name][1])
    dead, of = counts[worst]
    yield (
        f"{format_percent(silent / every, 0)} of the channels behind activations never change "
        f"on the {samples} samples looked at, most in {clean_text(worst)} ({dead} of {of}): "
        "what they would lose is not seen."
    )


def _is_scores(output: Array) -> bool:
    return output.ndim == 2 and output.shape[1] > 1 and output.dtype.kind == "f"


def _is_few(seen: int, known: int, rows: int) -> bool:
    return rows >= _LEAST_ROWS and seen <= max(1, _FEW_CLASSES * min(known, rows))


def _only(count: int) -> str:
    return f"only {count} {'is' if count == 1 else 'are'}"
