"""Whether the engine gives the answers of a plain run of the whole changed model.

    python -m tests.benchmarks.loss_answers --models FOLDER … --work FOLDER [--only NAMES]
        [--pairs N] [--samples N] [--metric NAME]

For N pairs of layer and level of each model, drawn at random, the weight is pruned in a copy of
the file by code of its own here, run by onnxruntime as one model, and compared. Prints one JSON
document: by model the largest deviation of an output, relative to the largest value of the
unchanged model's, and of a sensitivity above 1e-6, relative to itself; and the pairs beyond the
bounds. Of these, `own` is how far plain runs of the same changed model are apart that differ in
nothing but how much onnxruntime optimises; only what is beyond that, too, counts as wrong.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, numpy_helper

from sparsify_tui.analyses.evaluate import Evaluator, Setup, evaluator_of
from sparsify_tui.core.distances import reading
from sparsify_tui.core.loss_profile import LossRequest
from sparsify_tui.core.model import Layer
from sparsify_tui.core.options import ORIGINAL_LEVELS
from tests.benchmarks.subjects import LOSS_SUBJECTS, Subject, chosen, parser, run_options

OUTPUT_BOUND = 1e-5
SENSITIVITY_BOUND = 1e-3
LEAST_SENSITIVITY = 1e-6

Outputs = Sequence[NDArray[Any]]
Level = onnxruntime.GraphOptimizationLevel
_ALL = Level.ORT_ENABLE_ALL
_LESS = (Level.ORT_ENABLE_EXTENDED, Level.ORT_ENABLE_BASIC, Level.ORT_DISABLE_ALL)


class Plain:
    """A model file, run as a whole, with one weight changed."""

    def __init__(self, path: Path, evaluator: Evaluator) -> None:
        self._proto = onnx.load(path)
        self._evaluator = evaluator
        self._tensors = dict(_stored(self._proto))

    def weight(self, name: str) -> NDArray[Any]:
        return numpy_helper.to_array(self._tensors[name])

    def outputs(self, name: str, values: NDArray[Any], level: Level = _ALL) -> Outputs:
        """Of all samples, with `values` in the place of the weight."""
        tensor, kept = self._tensors[name], TensorProto()
        kept.CopyFrom(self._tensors[name])
        tensor.CopyFrom(numpy_helper.from_array(values, kept.name))
        try:
            return self.run(level)
        finally:
            tensor.CopyFrom(kept)

    def run(self, level: Level = _ALL) -> Outputs:
        """Of all samples."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = level
        session = onnxruntime.InferenceSession(self._proto.SerializeToString(), options)
        ours, found = self._evaluator, []
        for start in range(0, ours.count, ours.chunk):
            feeds = ours.samples.batch(ours.chunk, start)
            found.append(_rows(session.run(None, dict(feeds)), ours.count - start))
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def measured(subject: Subject, path: Path, asked: Any) -> dict[str, Any]:
    """The deviations of one model's pairs."""
    options = run_options(subject, path, asked)
    request = LossRequest(metric=asked.metric, samples=asked.samples)
    evaluator = evaluator_of(Setup(options=options, request=request).to_text())
    plain = Plain(path, evaluator)
    base = plain.run()
    layers = [layer for layer in evaluator.layers if not evaluator.problem(layer)]
    every = [(layer, level) for layer in layers for level in ORIGINAL_LEVELS]
    pairs = random.Random(0).sample(every, min(asked.pairs, len(every)))
    rows = [_compared(evaluator, plain, base, layer, level) for layer, level in pairs]
    above = [row["sensitivity"] for row in rows if row["sensitivity"] is not None]
    return {
        "pairs": len(rows),
        "layers": len(layers),
        "of": len(evaluator.layers),
        "metric": evaluator.distance.name,
        "samples": evaluator.count,
        "largest_output": max(row["output"] for row in rows),
        "largest_sensitivity": max(above, default=None),
        "above_least": len(above),
        "beyond": [row for row in rows if row["own"] is not None],
        "wrong": sum(row["is_wrong"] for row in rows),
    }


def _compared(
    evaluator: Evaluator, plain: Plain, base: Outputs, layer: Layer, level: float
) -> dict[str, Any]:
    values = pruned(plain.weight(layer.weight), level)
    expected = plain.outputs(layer.weight, values)
    output = _deviation(base, expected, _engine_outputs(evaluator, layer, values))
    (item,) = evaluator.items(layer.id, [str(level)], 0, evaluator.count)
    ours = reading(evaluator.distance, np.array(item.terms, dtype=float)).value
    truth = DISTANCES[evaluator.distance.name](base, expected)
    counts = truth > LEAST_SENSITIVITY
    sensitivity = abs(ours / truth - 1) if counts and ours is not None else None
    own = None
    if output > OUTPUT_BOUND:
        others = (plain.outputs(layer.weight, values, level) for level in _LESS)
        own = max(_deviation(base, expected, other) for other in others)
    return {
        "layer": layer.label,
        "level": level,
        "output": output,
        "own": own,
        "ours": ours,
        "truth": truth,
        "sensitivity": sensitivity,
        "is_wrong": output > max(OUTPUT_BOUND, own or 0.0)
        or (counts and (sensitivity is None or sensitivity > SENSITIVITY_BOUND)),
    }


def _engine_outputs(evaluator: Evaluator, layer: Layer, values: NDArray[Any]) -> Outputs:
    changed, chunk = evaluator._changed(layer), evaluator.chunk
    starts = range(0, evaluator.count, chunk)
    parts = [
        _rows(changed.outputs(values, start // chunk), evaluator.count - start) for start in starts
    ]
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def pruned(weights: NDArray[Any], level: float) -> NDArray[Any]:
    """The round(level · n) entries of least magnitude at zero, ties by position."""
    found = weights.copy()
    order = np.argsort(np.abs(weights), axis=None, kind="stable")
    found.reshape(-1)[order[: round(level * weights.size)]] = 0
    return found


def _mse(base: Outputs, changed: Outputs) -> float:
    return sum(
        float(
            np.mean(np.square(after.astype(float) - before.astype(float))) / before.var(dtype=float)
        )
        for before, after in zip(base, changed, strict=True)
        if before.dtype.kind == "f" and before.var(dtype=float) > 0
    )


def _kl(base: Outputs, changed: Outputs) -> float:
    p, q = (_probabilities(one[0].astype(float)) for one in (base, changed))
    terms = np.where(p > 0, p * np.log(np.maximum(p, 1e-300) / np.maximum(q, 1e-300)), 0)
    return float(terms.sum(axis=-1).mean())


def _probabilities(output: NDArray[Any]) -> NDArray[Any]:
    if (output >= 0).all() and np.allclose(output.sum(axis=-1), 1, atol=1e-4):
        return output
    powers = np.exp(output - output.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


DISTANCES: dict[str, Callable[[Outputs, Outputs], float]] = {"mse": _mse, "kl": _kl}
"""Once more, from their definitions, on all samples together."""


def _deviation(base: Outputs, expected: Outputs, found: Outputs) -> float:
    """The largest, relative to the largest value of the unchanged output."""
    return max(
        float(np.abs(one.astype(float) - other.astype(float)).max())
        / (float(np.abs(scale).max()) or 1.0)
        for scale, one, other in zip(base, expected, found, strict=True)
    )


def _rows(outputs: Outputs, most: int) -> Outputs:
    return [one[:most] for one in outputs]


def _stored(proto: ModelProto) -> Iterator[tuple[str, TensorProto]]:
    yield from ((tensor.name, tensor) for tensor in proto.graph.initializer)
    for node in proto.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            yield node.output[0], node.attribute[0].t


def main() -> None:
    """Runs the command."""
    arguments = parser(__doc__)
    arguments.add_argument("--pairs", type=int, default=32)
    arguments.add_argument("--samples", type=int, default=2)
    arguments.add_argument("--metric", default="auto")
    asked = arguments.parse_args()
    found = {
        subject.name: measured(subject, path, asked)
        for subject, path in chosen(asked, LOSS_SUBJECTS)
    }
    totals = {
        "pairs": sum(one["pairs"] for one in found.values()),
        "beyond": sum(len(one["beyond"]) for one in found.values()),
        "wrong": sum(one["wrong"] for one in found.values()),
    }
    print(json.dumps({"models": found, "all": totals}, indent=1))


if __name__ == "__main__":
    main()
