"""What the data of a loss profile keeps its values from telling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.analyses.exercise import Channels, warnings_of
from sparsify_tui.analyses.splits import split_warnings
from sparsify_tui.core.distances import has_information
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text

_GATES = frozenset({"Clip", "HardSwish", "LeakyRelu", "Relu"})
"""Activation functions that may be stuck at a constant."""


def data_warnings(evaluator: Evaluator) -> tuple[str, ...]:
    """One sentence each; empty where the data exercises the model."""
    count = evaluator.looked_at
    named = zip(evaluator.suffix.cut.flow.outputs, evaluator.base(0, count), strict=True)
    outputs = {name: array for name, array in named if array is not None}
    said = (*split_warnings(evaluator.opened.options), *_silent(outputs))
    if evaluator.samples.is_made_up:  # that noise exercises little is said already
        return said
    labels = evaluator.labels(0, count)
    return (*said, *warnings_of(outputs, labels, _activations(evaluator), count))


def _activations(evaluator: Evaluator) -> dict[str, Channels]:
    """What the activation functions make of the samples looked at, by tensor."""
    found: dict[str, Channels] = {}
    for name, array in evaluator.activations(_GATES):
        if array.ndim < 2 or not array.size:
            continue
        seen = Channels.of(array)
        if name not in found:
            found[name] = seen
        elif found[name].low.shape == seen.low.shape:
            found[name] = found[name].with_more(seen)
    return found


def _silent(outputs: Mapping[str, Array]) -> Iterator[str]:
    for name, array in outputs.items():
        if array.dtype.kind == "f" and not has_information([array]):
            yield f"The output {clean_text(name)} does not vary on this data, and does not count."
