"""Finds the layers behind kernels whose names say nothing of the nodes they replace."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from onnx import NodeProto

from sparsify_tui.core.model import LayerId
from sparsify_tui.onnxio.graphs import first_output
from sparsify_tui.onnxio.operators import computes

_NAME = re.compile(r"(?:fused )?(\w+?)(?:_token_(\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fusion:
    """What one of onnxruntime's fusions joins."""

    ends: frozenset[str]
    """Operators that the joined nodes may end with."""
    layers: frozenset[str]
    """What the layers among them compute."""
    counts: frozenset[int]
    """How many layers there are."""


_FUSIONS = {
    "Attention": _Fusion(
        ends=frozenset({"MatMul"}), layers=frozenset({"Gemm", "MatMul"}), counts=frozenset({3})
    ),
    "EmbedLayerNormalization": _Fusion(
        ends=frozenset({"Add"}), layers=frozenset({"Gather"}), counts=frozenset({2, 3})
    ),
    "MatMulBnFusion_Gemm": _Fusion(
        ends=frozenset({"BatchNormalization"}),
        layers=frozenset({"MatMul"}),
        counts=frozenset({1}),
    ),
}
"""By the name that onnxruntime 1.20 to 1.32 gives the kernel; the next ones get a number."""


def resolve_nameless(
    kernels: Sequence[tuple[str, str]],
    nodes: Sequence[NodeProto],
    owners: Mapping[str, LayerId],
    named: Collection[LayerId],
) -> dict[tuple[str, str], tuple[LayerId, ...]]:
    """The layers of each kernel without a telling name, by its name and operator type.

    Args:
        kernels: All of the profile.
        nodes: Of all graphs, in graph order, in which onnxruntime numbers its fusions.
        owners: Layers by first output of their users.
        named: Layers that other kernels worked for.

    Returns:
        Nothing for a kind of fusion of which there are not as many kernels as groups of
        layers left that it could have joined.
    """
    found: dict[tuple[str, str], tuple[LayerId, ...]] = {}
    for base, fusion in _FUSIONS.items():
        numbered = sorted(
            (int(match[2] or -1), kernel)
            for kernel in kernels
            if (match := _NAME.fullmatch(kernel[0])) is not None and match[1] == base
        )
        groups = list(_groups(fusion, nodes, owners, named)) if numbered else []
        if len(groups) == len(numbered):
            found |= {kernel: group for (_, kernel), group in zip(numbered, groups, strict=True)}
    return found


def _groups(
    fusion: _Fusion,
    nodes: Sequence[NodeProto],
    owners: Mapping[str, LayerId],
    named: Collection[LayerId],
) -> Iterator[tuple[LayerId, ...]]:
    producers = {out: node for node in nodes for out in node.output if out}
    groups: dict[frozenset[LayerId], tuple[LayerId, ...]] = {}
    for node in nodes:
        if node.op_type in fusion.ends and first_output(node) not in owners:
            group = _layers_before(node, fusion.layers, producers, owners)
            if len(group) in fusion.counts and not any(layer in named for layer in group):
                groups[frozenset(group)] = group
    for members, group in groups.items():
        if not any(members < others for others in groups):
            yield group


def _layers_before(
    end: NodeProto,
    layer_ops: frozenset[str],
    producers: Mapping[str, NodeProto],
    owners: Mapping[str, LayerId],
) -> tuple[LayerId, ...]:
    found: dict[LayerId, None] = {}
    seen: set[str] = set()
    waiting = list(reversed(end.input))
    while waiting:
        node = producers.get(waiting.pop())
        if node is None or (output := first_output(node)) in seen:
            continue
        seen.add(output)
        if output not in owners:
            waiting.extend(reversed(node.input))
        elif computes(node) in layer_ops:
            found[owners[output]] = None
    return tuple(found)
