"""Groups the uses of each stored weight into a layer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from sparsify_tui.core.model import Layer, LayerId
from sparsify_tui.onnxio.flops import are_alternatives, run_flops, use_flops
from sparsify_tui.onnxio.graphs import first_output, scoped_nodes
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.operators import PRUNABLE, QUANTIZABLE, computes
from sparsify_tui.onnxio.tensors import element_count
from sparsify_tui.onnxio.uses import Use, bias_sources

_PART = r"(?:[A-Za-z_]\w*|\d+)"
_MODULE_WEIGHT = re.compile(rf"({_PART}(?:\.{_PART})*)\.weight", re.ASCII)


def find_layers(
    loaded: LoadedModel, uses: Iterable[Use], shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Layer, ...]:
    """One layer per stored weight, in order of first use; tied weights name all their users."""
    by_weight: dict[str, list[Use]] = {}
    for use in uses:
        by_weight.setdefault(use.weight, []).append(use)
    ids = _layer_ids(loaded, by_weight)
    biases = bias_sources(loaded.proto.graph, loaded.constants)
    return tuple(
        _layer(loaded, ids[weight], users, biases, shapes) for weight, users in by_weight.items()
    )


def module_path(weight: str) -> str | None:
    """`layer1.0.conv1` of `layer1.0.conv1.weight`, None for a name of any other form."""
    match = _MODULE_WEIGHT.fullmatch(weight)
    return match[1] if match else None


def _layer(
    loaded: LoadedModel,
    layer_id: LayerId,
    uses: list[Use],
    biases: Mapping[str, tuple[str, ...]],
    shapes: Mapping[str, tuple[int, ...]],
) -> Layer:
    first, weight = uses[0], uses[0].weight
    values, grid = loaded.constants.stored(weight), loaded.constants.grid(weight)
    assert values is not None
    present = np.count_nonzero(values if grid is None else values != grid.zeros(values))
    operators = {computes(use.node) for use in uses}
    is_float32 = grid is None and values.dtype == np.float32
    return Layer(
        id=layer_id,
        node=first.node.name,
        op_type=first.node.op_type,
        weight=weight,
        module_path=None if _is_inlined(first) else module_path(weight),
        shape=values.shape,
        params=values.size + _bias_params(loaded, uses, biases),
        flops=_total_flops(uses, shapes),
        prunable=not operators.isdisjoint(PRUNABLE),
        quantizable=is_float32 and not operators.isdisjoint(QUANTIZABLE),
        density=int(present) / values.size,
        group=weight if len(uses) > 1 else None,
        users=tuple(first_output(use.node) for use in uses),
        scope=" > ".join(first.scope),
        dtype=str(values.dtype),
        quantized=grid is not None,
    )


def _is_inlined(use: Use) -> bool:
    # onnx puts the body's name before the names of what it inlines there
    return any(use.weight.startswith(body.replace(".", "_")) for body in use.scope)


def _bias_params(
    loaded: LoadedModel, uses: list[Use], biases: Mapping[str, tuple[str, ...]]
) -> int:
    # the recurrent weight shares its bias with the one before it, which has counted it
    users = [first_output(use.node) for use in uses if not _is_recurrent(use)]
    names = {name for user in users for name in biases.get(user, ())}
    tensors = (loaded.constants.tensor(name) for name in names)
    return sum(element_count(tensor) for tensor in tensors if tensor is not None)


def _is_recurrent(use: Use) -> bool:
    return computes(use.node) in {"GRU", "LSTM", "RNN"} and use.position == 2


def _total_flops(uses: list[Use], shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    counts = [(use.scope, use_flops(use, shapes)) for use in uses]
    known = [(scope, count) for scope, count in counts if count is not None]
    # nobody knows the shapes in a branch that is not taken, where the other one's will do
    lost = [
        scope
        for scope, count in counts
        if count is None and not any(are_alternatives(scope, other) for other, _ in known)
    ]
    return None if lost else run_flops(known)


def _layer_ids(loaded: LoadedModel, by_weight: Mapping[str, list[Use]]) -> dict[str, LayerId]:
    names = Counter(node.name for _, node in scoped_nodes(loaded.proto.graph))
    ids: dict[str, LayerId] = {}
    taken: set[LayerId] = set()
    for weight, uses in by_weight.items():
        node = uses[0].node
        unique = node.name and names[node.name] == 1
        layer_id = LayerId(node.name if unique else first_output(node))
        while layer_id in taken:
            layer_id = LayerId(f"{layer_id}:{weight}")
        ids[weight] = layer_id
        taken.add(layer_id)
    return ids
