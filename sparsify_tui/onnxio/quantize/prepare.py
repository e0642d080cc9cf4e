"""Brings a model into the float form that int8 starts from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from onnx import GraphProto, ModelProto
from onnx.helper import make_opsetid

from sparsify_tui.onnxio.graphs import bodies, body_nodes, first_output
from sparsify_tui.onnxio.limits import opset_version
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.quantize.affine import fold_affine
from sparsify_tui.onnxio.quantize.lift import close_initializers, lift_constants
from sparsify_tui.onnxio.quantize.opset import raise_opset
from sparsify_tui.onnxio.quantize.origins import find_origins
from sparsify_tui.onnxio.quantize.spellings import respell_all
from sparsify_tui.onnxio.rewrite import expose_tensors, name_nodes_by_output

_FIRST_IR = 8
_LAST_IR = 10
"""File formats that every supported onnxruntime reads."""

Simplify = Callable[[ModelProto], ModelProto]
"""A runtime's lossless optimisations: folded constants and BatchNorm, no Identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A copy of a model, still float, that computes the same in the form that int8 needs."""

    proto: ModelProto
    """Operator set 13 or newer; constants are initializers; nodes are named by first output."""
    origins: Mapping[str, str]
    """First output of the node in the file, by that of each Conv, Gemm and MatMul here.

    Those that are missing here have the same.
    """
    repairs: tuple[str, ...]
    """Every change, in words."""
    respelled: int
    """How many old spellings became one operator."""


def prepare(loaded: LoadedModel, simplify: Simplify, *, respell: bool = False) -> Prepared:
    """Lifts constants, raises the operator set, simplifies, and names nodes by output.

    Args:
        loaded: The file in memory, which stays as it is.
        simplify: Runs the runtime's basic optimisations and gives back what it saved.
        respell: Also writes old spellings of HardSwish and GELU as operators with a kernel,
            and folds what is left of scales and shifts into the convolutions beside them.

    Raises:
        ModelError: The operator set cannot be raised, or whatever `simplify` raises.
    """
    lifted, repairs = _lifted(loaded.proto)
    simple = simplify(name_nodes_by_output(lifted))
    lift_constants(simple)
    spellings = _respelled(simple.graph) if respell else Counter[str]()
    origins = find_origins(loaded.proto, simple)
    _tidy(simple, loaded.proto)
    repairs += _folded("BatchNormalization", "BatchNorm", lifted, simple)
    return Prepared(
        proto=simple,
        origins=origins,
        repairs=(*repairs, *(f"{count} {how}" for how, count in spellings.items())),
        respelled=spellings.total(),
    )


def as_stored(loaded: LoadedModel) -> Prepared:
    """A copy in which constants are initializers, and nothing else is changed.

    Args:
        loaded: The file in memory, which stays as it is.
    """
    proto = ModelProto()
    proto.CopyFrom(loaded.proto)
    return Prepared(proto=proto, origins={}, repairs=tuple(_lift(proto)), respelled=0)


def exposed(prepared: Prepared, names: Iterable[str]) -> ModelProto:
    """A copy of the prepared model that also outputs the named tensors."""
    return expose_tensors(prepared.proto, names)


def _lifted(original: ModelProto) -> tuple[ModelProto, tuple[str, ...]]:
    proto = ModelProto()
    proto.CopyFrom(original)
    notes = list(_lift(proto))
    for graph in (proto.graph, *bodies(proto)):
        graph.ClearField("value_info")
    raised = raise_opset(proto)
    if raised is not proto:
        notes.append(f"operator set {opset_version(proto)} converted to {opset_version(raised)}")
        lift_constants(raised)
    return raised, tuple(notes)


def _lift(proto: ModelProto) -> Iterator[str]:
    proto.ir_version = max(proto.ir_version, _FIRST_IR)  # before it an initializer was an input
    if closed := close_initializers(proto.graph):
        yield f"{closed} initializers that were also inputs made constant"
    if lifted := lift_constants(proto):
        yield f"{lifted} Constant nodes made initializers"


def _respelled(graph: GraphProto) -> Counter[str]:
    counts = respell_all(graph)
    if folded := fold_affine(graph):
        counts["scales and shifts folded into convolutions"] = folded
    return counts


def _folded(op_type: str, shown: str, before: ModelProto, after: ModelProto) -> tuple[str, ...]:
    first, left = (sum(node.op_type == op_type for node in p.graph.node) for p in (before, after))
    notes = [f"{first - left} {shown} folded"] if first > left else []
    return (*notes, *([f"{left} {shown} left, which follow no convolution"] if left else []))


def _tidy(proto: ModelProto, original: ModelProto) -> None:
    """Names nodes, drops what shape inference wrote, and what the runtime added to the head."""
    for graph in (proto.graph, *bodies(proto)):
        graph.ClearField("value_info")
        for node in graph.node:
            node.name = first_output(node)
    proto.ir_version = min(proto.ir_version, max(_LAST_IR, original.ir_version))
    wanted = {opset.domain for opset in original.opset_import} | set(_used_domains(proto))
    kept = [opset for opset in proto.opset_import if opset.domain in wanted]
    if "com.microsoft" in wanted - {opset.domain for opset in kept}:
        kept.append(make_opsetid("com.microsoft", 1))
    del proto.opset_import[:]
    proto.opset_import.extend(kept)


def _used_domains(proto: ModelProto) -> Iterator[str]:
    yield ""
    for nodes in (proto.graph.node, body_nodes(proto)):
        yield from (node.domain for node in nodes)
    for function in proto.functions:
        yield from (opset.domain for opset in function.opset_import)
