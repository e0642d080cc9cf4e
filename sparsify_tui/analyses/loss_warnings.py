"""What the data of a loss profile keeps its values from telling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sparsify_tui.analyses.evaluate import Evaluator
from sparsify_tui.analyses.exercise import warnings_of
from sparsify_tui.analyses.splits import split_warnings
from sparsify_tui.core.distances import has_information
from sparsify_tui.core.protocols import Array
from sparsify_tui.core.text import clean_text

_LOOKED_AT = 32
"""Samples by which the data is judged; fewer would see few of many classes."""


def data_warnings(evaluator: Evaluator) -> tuple[str, ...]:
    """One sentence each; empty where the data exercises the model."""
    count = min(evaluator.count, max(evaluator.chunk, _LOOKED_AT))
    names, found = evaluator.suffix.cut.flow.outputs, evaluator.base(0, count)
    outputs = dict(zip(names, found, strict=True))
    said = (*split_warnings(evaluator.opened.options), *_silent(outputs))
    if evaluator.samples.is_made_up:  # that noise exercises little is said already
        return said
    return (*said, *warnings_of(outputs, evaluator.labels(0, count), evaluator.activations()))


def _silent(outputs: Mapping[str, Array]) -> Iterator[str]:
    for name, array in outputs.items():
        if array.dtype.kind == "f" and not has_information([array]):
            yield f"The output {clean_text(name)} does not vary on this data, and does not count."
