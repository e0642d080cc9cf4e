"""onnxruntime as the tests of this room use it, and a model's way into int8."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto

from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.onnxio.quantize import (
    Prepared,
    QuantLayer,
    Ranges,
    exposed,
    observed_tensors,
    prepare,
    quantizable_layers,
    quantize,
)
from sparsify_tui.onnxio.read import read_model
from tests.onnxio.graphs_by_code import load

Feeds = Mapping[str, np.ndarray]
Level = onnxruntime.GraphOptimizationLevel


def session(
    proto: ModelProto,
    level: Level = Level.ORT_ENABLE_ALL,
    saved: Path | None = None,
    profile: Path | None = None,
) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    options.graph_optimization_level = level
    if saved is not None:
        options.optimized_model_filepath = str(saved)
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
    data = proto.SerializeToString()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def simplify(proto: ModelProto) -> ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "simple.onnx")
        session(proto, Level.ORT_ENABLE_BASIC, saved=path)
        return onnx.load(path)


def run(proto: ModelProto, feeds: Feeds) -> dict[str, np.ndarray]:
    opened = session(proto)
    names = [output.name for output in opened.get_outputs()]
    return dict(zip(names, opened.run(None, dict(feeds)), strict=True))


def kernels(proto: ModelProto, feeds: Feeds) -> Counter[str]:
    """How many kernels of each operator type a run calls."""
    with tempfile.TemporaryDirectory() as folder:
        opened = session(proto, profile=Path(folder, "profile"))
        opened.run(None, dict(feeds))
        events = json.loads(Path(opened.end_profiling()).read_text(encoding="utf-8"))
    suffix = "_kernel_time"
    return Counter(
        event["args"]["op_name"]
        for event in events
        if event["cat"] == "Node" and event["name"].endswith(suffix)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A model, its prepared form, and what calibration on its own feeds saw."""

    original: ModelProto
    model: Model
    prepared: Prepared
    layers: tuple[QuantLayer, ...]
    ranges: Ranges
    feeds: Feeds

    @property
    def ids(self) -> tuple[LayerId, ...]:
        return tuple(layer.id for layer in self.layers)

    def int8(self, chosen: Collection[str] | None = None, *, between: bool = True) -> ModelProto:
        ids = [i for i in self.ids if chosen is None or i in chosen]
        return quantize(self.prepared, self.layers, self.ranges, ids, between=between)

    def error(self, changed: ModelProto) -> float:
        """Largest difference of any output, relative to that output's largest value."""
        before, after = run(self.original, self.feeds), run(changed, self.feeds)
        assert before.keys() == after.keys()
        return max(relative(before[name], after[name]) for name in before)


def relative(expected: np.ndarray, actual: np.ndarray) -> float:
    assert expected.shape == actual.shape
    assert expected.dtype == actual.dtype
    assert np.isfinite(actual).all()
    return float(np.abs(expected - actual).max() / np.abs(expected).max())


def case(proto: ModelProto, folder: Path, feeds: Feeds, *, respell: bool = False) -> Case:
    loaded = load(proto, folder)
    model = read_model(loaded)
    prepared = prepare(loaded, simplify, respell=respell)
    layers = quantizable_layers(prepared, model, {})
    names = observed_tensors(prepared, layers)
    seen = run(exposed(prepared, names), feeds)
    ranges = Ranges.empty().merged({name: seen[name] for name in names})
    return Case(
        original=proto,
        model=model,
        prepared=prepared,
        layers=quantizable_layers(prepared, model, ranges.shapes),
        ranges=ranges,
        feeds=feeds,
    )
