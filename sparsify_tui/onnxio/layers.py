"""Groups the uses of each stored weight into a layer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from sparsify_tui.core.model import Layer, LayerId
from sparsify_tui.onnxio.flops import use_flops
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.load import LoadedModel
from sparsify_tui.onnxio.tensors import element_count
from sparsify_tui.onnxio.uses import PRUNABLE, QUANTIZABLE, Use, bias_sources

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
    biases: Mapping[str, str],
    shapes: Mapping[str, tuple[int, ...]],
) -> Layer:
    weight = uses[0].weight
    values = loaded.constants.stored(weight)
    assert values is not None
    return Layer(
        id=layer_id,
        node=uses[0].node.name,
        op_type=uses[0].node.op_type,
        weight=weight,
        module_path=module_path(weight),
        shape=values.shape,
        params=values.size + _bias_params(loaded, uses, biases),
        flops=_total_flops(uses, shapes),
        prunable=any(use.node.op_type in PRUNABLE for use in uses),
        quantizable=any(use.node.op_type in QUANTIZABLE for use in uses),
        density=np.count_nonzero(values) / values.size,
        group=weight if len(uses) > 1 else None,
        users=tuple(first_output(use.node) for use in uses),
    )


def _bias_params(loaded: LoadedModel, uses: list[Use], biases: Mapping[str, str]) -> int:
    # the third input of a recurrent node shares its bias with the second, which has counted it
    names = {biases.get(first_output(use.node), "") for use in uses if use.position < 2}
    tensors = (loaded.constants.tensor(name) for name in names)
    return sum(element_count(tensor) for tensor in tensors if tensor is not None)


def _total_flops(uses: list[Use], shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    counts = [use_flops(use, shapes) for use in uses]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _layer_ids(loaded: LoadedModel, by_weight: Mapping[str, list[Use]]) -> dict[str, LayerId]:
    names = Counter(node.name for node in loaded.proto.graph.node)
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
