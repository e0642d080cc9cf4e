"""What an optimization would bring, each figure with its basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sparsify_tui.core.model import LayerId, Model

Basis = Literal["measured", "predicted", "modelled", "unknown"]

NO_SPEED_FROM_ZEROS = "onnxruntime multiplies zeros too: unstructured sparsity brings no speed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure that is not a measurement, unless its basis says so."""

    value: float | None
    low: float | None = None
    high: float | None = None
    basis: Basis = "unknown"
    note: str = ""


UNKNOWN = Estimate(value=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """All that can be said of an optimization before it is measured."""

    params: int
    remaining_params: int
    """Parameters of the whole model that are not zero afterwards."""
    sparsity: float
    """Zeros among the weights of all prunable layers."""
    flops: int | None
    remaining_flops: float | None
    """FLOPs that touch a non-zero weight; a runtime that skips zeros would do these."""
    compression: Estimate
    """Parameters ÷ remaining parameters."""
    speed_up: Estimate
    loss: Estimate
    recovery: Estimate


def estimate(model: Model, levels: Mapping[LayerId, float]) -> Outlook:
    """The outlook of pruning each layer, without structure, to its level.

    A layer that already holds more zeros than its level keeps them.
    """
    zeros, prunable_zeros, prunable_params, saved_flops = 0.0, 0.0, 0, 0.0
    for layer in model.layers:
        empty = max(levels.get(layer.id, 0.0), 1 - layer.density)
        zeros += round(empty * layer.weight_params)
        saved_flops += empty * (layer.flops or 0)
        if layer.prunable:
            prunable_zeros += round(empty * layer.weight_params)
            prunable_params += layer.weight_params
    remaining = max(1, round(model.params - zeros))
    ratio = model.params / remaining
    return Outlook(
        params=model.params,
        remaining_params=remaining,
        sparsity=prunable_zeros / prunable_params if prunable_params else 0.0,
        flops=model.flops,
        remaining_flops=None if model.flops is None else model.flops - saved_flops,
        compression=Estimate(
            value=ratio,
            low=ratio,
            high=ratio,
            basis="predicted",
            note="counted from the levels; stored densely the file keeps its size",
        ),
        speed_up=Estimate(value=1.0, low=1.0, high=1.0, basis="modelled", note=NO_SPEED_FROM_ZEROS),
        loss=UNKNOWN,
        recovery=UNKNOWN,
    )
