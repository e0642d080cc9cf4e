"""Says when data exercises so little of a model that losses measured on it tell little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

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


def warnings_of(
    outputs: Mapping[str, Array], labels: Array | None, activations: Mapping[str, Array]
) -> tuple[str, ...]:
    """What the samples leave unused, one sentence each; empty where they exercise enough.

    Args:
        outputs: Of the unchanged model on all samples, first axis the sample, by name.
        labels: One a sample, or None.
        activations: Outputs of Relu, Clip and their like on all samples, by tensor name;
            channels are axis 1 of four and more axes, else the last.
    """
    return (
        *(warning for name, array in outputs.items() for warning in _of_output(name, array)),
        *_of_labels(outputs.values(), labels),
        *_of_activations(activations),
    )


def is_constant(output: Array) -> bool:
    """Whether an output is the same for all samples, but for rounding."""
    if len(output) < 2 or output.dtype.kind not in "fiu" or not output.size:
        return False
    spread = np.max(np.max(output, axis=0) - np.min(output, axis=0))
    return bool(spread <= _SAME * np.max(np.abs(output)))


def silent_channels(activation: Array) -> tuple[int, int]:
    """How many channels are the same for all samples and places, and how many there are."""
    channel = 1 if activation.ndim > 3 else activation.ndim - 1
    others = tuple(axis for axis in range(activation.ndim) if axis != channel)
    silent = activation.max(axis=others) == activation.min(axis=others)
    return int(np.count_nonzero(silent)), silent.size


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
    if labels is None or labels.ndim != 1 or labels.dtype.kind not in "iu":
        return
    seen = len(np.unique(labels))
    if known and _is_few(seen, known, len(labels)):
        yield f"Of {known} classes, {_only(seen)} among the labels."


def _of_activations(activations: Mapping[str, Array]) -> Iterator[str]:
    counts = {
        name: silent_channels(array)
        for name, array in activations.items()
        if array.ndim > 1 and array.size and len(array) > 1
    }
    silent, every = sum(dead for dead, _ in counts.values()), sum(of for _, of in counts.values())
    if not every or silent < _MUCH_SILENT * every:
        return
    worst = max(counts, key=lambda name: counts[name][0] / counts[name][1])
    dead, of = counts[worst]
    yield (
        f"{format_percent(silent / every, 0)} of the channels behind activations are never "
        f"active on these samples, most in {clean_text(worst)} ({dead} of {of}): "
        "what they would lose is not seen."
    )


def _is_scores(output: Array) -> bool:
    return output.ndim == 2 and output.shape[1] > 1 and output.dtype.kind == "f"


def _is_few(seen: int, known: int, rows: int) -> bool:
    return rows >= _LEAST_ROWS and seen <= max(1, _FEW_CLASSES * min(known, rows))


def _only(count: int) -> str:
    return f"only {count} {'is' if count == 1 else 'are'}"
