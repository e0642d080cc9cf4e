"""Changed copies of a model, and how they are written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, numpy_helper
from onnx.external_data_helper import set_external_data

from sparsify_tui.core.masks import magnitude_mask
from sparsify_tui.core.model import LayerId, Model
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.onnxio.branches import take_branches
from sparsify_tui.onnxio.graphs import all_tensors, bodies, first_output
from sparsify_tui.onnxio.grids import Grid
from sparsify_tui.onnxio.load import LoadedModel, load_model
from sparsify_tui.onnxio.tensors import tensor_values
from sparsify_tui.onnxio.weights import stored_constants

MAX_INLINE_BYTES = 1_900_000_000
"""Weights above this go to a file of their own: one ONNX file holds less than 2 GiB."""
_MIN_EXTERNAL_BYTES = 1024


def prune_layers(
    loaded: LoadedModel,
    model: Model,
    levels: Mapping[LayerId, float],
    places: Mapping[LayerId, str] = MappingProxyType({}),
) -> tuple[ModelProto, dict[LayerId, float]]:
    """Zeroes the weights of least magnitude in the stored tensor of each layer named.

    The tensor may be in any graph. A quantised one gets its zero point where it is pruned;
    the magnitudes are of the numbers that its integers stand for.

    Args:
        loaded: The file in memory, which stays as it is.
        model: What `read_model` found in it.
        levels: Sparsity wanted by layer, in [0, 1].
        places: Names of stored tensors, for layers whose weight is not where `model` says.

    Returns:
        The pruned copy, and the sparsity reached by layer.

    Raises:
        UsageError: A layer is unknown or cannot be pruned, or a level is out of range.
    """
    weights = {layer_id: _weight_to_prune(model, layer_id, levels) for layer_id in levels}
    weights |= {layer_id: name for layer_id, name in places.items() if layer_id in levels}
    pruned = _copy(loaded.proto)
    graphs = (pruned.graph, *bodies(pruned))
    tensors = {name: tensor for graph in graphs for name, tensor in stored_constants(graph)}
    if gone := [layer_id for layer_id, weight in weights.items() if weight not in tensors]:
        raise UsageError(
            f"The layer {clean_text(gone[0])} cannot be pruned once channels are removed: the "
            "runtime merges it with its neighbours.",
            "Set its sparsity to 0.",
        )
    return pruned, {
        layer_id: _prune(tensors[weight], loaded.constants.grid(weight), levels[layer_id])
        for layer_id, weight in weights.items()
    }


def name_nodes_by_output(proto: ModelProto) -> ModelProto:
    """A copy in which every node is named after its first output, which is unique.

    Branches whose choice is known are taken: onnxruntime would do it and lose their names.
    """
    named = _copy(take_branches(proto))
    for graph in (named.graph, *bodies(named)):
        for node in graph.node:
            node.name = first_output(node)
    return named


def expose_tensors(proto: ModelProto, names: Iterable[str]) -> ModelProto:
    """A copy that also outputs the named tensors."""
    exposed = _copy(proto)
    present = {value.name for value in exposed.graph.output}
    exposed.graph.output.extend(ValueInfoProto(name=name) for name in names if name not in present)
    return exposed


def serialize(proto: ModelProto) -> bytes:
    """The model in one piece, for a runtime that takes bytes.

    Raises:
        ModelError: It is larger than the 2 GiB that the format allows.
    """
    try:
        data: bytes = proto.SerializeToString()
    except Exception as error:  # protobuf's errors, which onnx does not export
        raise ModelError(
            "The model is too large for one piece of 2 GiB.", "Write it with external data."
        ) from error
    return data


def write_model(proto: ModelProto, path: Path) -> None:
    """Writes a model so that `path` holds the old file or the whole new one, never a part.

    Weights go to `<name>.data` beside it when they are too large for one file.

    Raises:
        ModelError: It cannot be written.
    """
    try:
        if sum(len(tensor.raw_data) for tensor in all_tensors(proto)) > MAX_INLINE_BYTES:
            data = path.with_name(f"{path.name}.data")
            with _replacing(data) as file:
                proto = _with_data_in(file, proto, data.name)
        with _replacing(path) as file:
            file.write(serialize(proto))
    except OSError as error:
        raise ModelError(f"Cannot write {clean_text(path.name)}: {error.strerror}.") from error


def through_files(change: Callable[[Path, Path], None]) -> Callable[[ModelProto], ModelProto]:
    """Turns what changes a model file into what changes a model in memory.

    Args:
        change: Reads the first path and writes the second.
    """

    def changed(proto: ModelProto) -> ModelProto:
        with tempfile.TemporaryDirectory() as folder:
            before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
            write_model(proto, before)
            change(before, after)
            return load_model(after).proto

    return changed


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _with_data_in(file: BinaryIO, proto: ModelProto, location: str) -> ModelProto:
    external = _copy(proto)
    for graph in (external.graph, *bodies(external)):
        for tensor in graph.initializer:
            if len(tensor.raw_data) >= _MIN_EXTERNAL_BYTES:
                offset, length = file.tell(), file.write(tensor.raw_data)
                set_external_data(tensor, location, offset, length)
                tensor.ClearField("raw_data")
    return external


def _copy(proto: ModelProto) -> ModelProto:
    copy = ModelProto()
    copy.CopyFrom(proto)
    return copy


def _weight_to_prune(model: Model, layer_id: LayerId, levels: Mapping[LayerId, float]) -> str:
    layer = model.layer(layer_id)
    shown = clean_text(layer_id)
    if layer is None:
        raise UsageError(f"The model has no layer {shown}.", "List the layers to see their names.")
    if not layer.prunable:
        raise UsageError(f"The layer {shown} cannot be pruned: it is {layer.op_type}.")
    if not 0 <= levels[layer_id] <= 1:
        raise UsageError(f"The sparsity of {shown} is {levels[layer_id]:g}, not between 0 and 1.")
    return layer.weight


def _prune(tensor: TensorProto, grid: Grid | None, level: float) -> float:
    stored = tensor_values(tensor)
    zeros = np.zeros((), stored.dtype) if grid is None else grid.zeros(stored)
    keep = magnitude_mask(stored if grid is None else grid.numbers(stored), level)
    pruned = np.where(keep, stored, zeros)
    tensor.CopyFrom(numpy_helper.from_array(pruned, tensor.name))
    return 1 - np.count_nonzero(pruned != zeros) / pruned.size
