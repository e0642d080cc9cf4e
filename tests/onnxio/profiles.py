"""Runs small models with onnxruntime's profiler on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort

from sparsify_tui.onnxio.owners import kernel_owner
from sparsify_tui.onnxio.read import read_model
from sparsify_tui.onnxio.rewrite import name_nodes_by_output, serialize
from tests.onnxio.graphs_by_code import load, node, random, value

IMAGE = [value("x", 1, 3, 8, 8)]
TOKENS = [value("x", 2, 5, 16)]
ROWS = [value("x", 4, 16)]


def run_for_shapes(data, assumed):
    """Shapes of a serialized model's outputs after a run on ones."""
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    feed = {spec.name: np.ones(spec.shape, spec.dtype) for spec in assumed}
    names = [output.name for output in session.get_outputs()]
    return {name: a.shape for name, a in zip(names, session.run(names, feed), strict=True)}


def kernels(proto, model, folder, feed=None):
    """Names and operator types in onnxruntime's own profile of one run."""
    options = ort.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    session = ort.InferenceSession(
        serialize(name_nodes_by_output(proto)), options, providers=["CPUExecutionProvider"]
    )
    session.run(None, {s.name: np.ones(s.shape, s.dtype) for s in model.assumed} | (feed or {}))
    events = json.loads(Path(session.end_profiling()).read_text())
    suffix = "_kernel_time"
    return {
        event["name"].removesuffix(suffix): event["args"]["op_name"]
        for event in events
        if event["name"].endswith(suffix)
    }


def charged(proto, folder, feed=None):
    """Owner of every kernel that a run of the model starts."""
    loaded = load(proto, folder)
    model = read_model(loaded)
    found = tuple(kernels(loaded.proto, model, folder, feed).items())
    owner = kernel_owner(loaded, model, found)
    return {kernel: owner(*kernel) for kernel in found}


def norm(inputs, output, channels, weights):
    names = [f"{part}_{output}" for part in ("scale", "shift", "mean", "variance")]
    weights |= {name: np.abs(random(channels)) + 0.5 for name in names}
    return node("BatchNormalization", f"{inputs} {' '.join(names)}", output)
