"""Small models built by code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import FunctionProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from sparsify_tui.onnxio.load import LoadedModel, load_model

Weights = Mapping[str, np.ndarray]


def node(op_type: str, inputs: str, outputs: str, **attributes: object) -> NodeProto:
    """A node whose inputs and outputs are named in one string each, apart by spaces."""
    name = str(attributes.pop("name", ""))
    return helper.make_node(op_type, inputs.split(), outputs.split(), name=name, **attributes)


def constant(output: str, value: np.ndarray) -> NodeProto:
    return node("Constant", "", output, value=numpy_helper.from_array(value, output))


def value(name: str, *shape: int | str, dtype: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, list(shape))


def build(
    nodes: Iterable[NodeProto],
    weights: Weights | None = None,
    inputs: Iterable[onnx.ValueInfoProto] = (),
    outputs: Iterable[onnx.ValueInfoProto] = (),
    functions: Iterable[FunctionProto] = (),
    opset: int = 17,
) -> ModelProto:
    """A model; by default from `x` of shape [N, 8] to `y`."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        list(inputs) or [value("x", "N", 8)],
        list(outputs) or [onnx.ValueInfoProto(name="y")],
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    domains = {"": opset} | {function.domain: 1 for function in functions}
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in domains.items()],
        functions=list(functions),
        ir_version=9,
    )


def load(proto: ModelProto, folder: Path) -> LoadedModel:
    """The model after a trip through a file."""
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return load_model(path)


def random(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(dtype)
