"""What an optimization would bring, each figure with its basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sparsify_tui.core.changes import Changes
from sparsify_tui.core.model import Model

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
    int8_layers: int
    """How many layers compute in int8."""
    compression: Estimate
    """Bytes of the parameters as float32 ÷ bytes of those that are not zero, int8 ones as 1."""
    speed_up: Estimate
    loss: Estimate
    recovery: Estimate

    @property
    def flops_cut(self) -> float | None:
        """Share of the FLOPs that touch a zero; None where they are unknown."""
        if not self.flops or self.remaining_flops is None:
            return None
        return 1 - self.remaining_flops / self.flops

    @property
    def params_cut(self) -> float | None:
        """Share of the parameters that become zero; None where there are none."""
        return 1 - self.remaining_params / self.params if self.params else None


NO_SPEED_UP = Estimate(value=1.0, low=1.0, high=1.0, basis="modelled", note=NO_SPEED_FROM_ZEROS)
_FLOAT_BYTES = 4
_COMPRESSION = (
    "bytes of the non-zero parameters, int8 weights as 1 of 4; counted from the levels: "
    "stored densely, zeros keep their room"
)


def estimate(model: Model, changes: Changes, speed_up: Estimate = NO_SPEED_UP) -> Outlook:
    """The outlook of pruning each layer, without structure, to its level, and of int8.

    A layer that already holds more zeros than its level keeps them.
    """
    levels, int8 = dict(changes.levels), frozenset(changes.int8)
    zeros, prunable_zeros, prunable_params, saved_flops, int8_weights = 0, 0, 0, 0.0, 0
    for layer in model.layers:
        empty = max(levels.get(layer.id, 0.0), 1 - layer.density)
        empty_weights = round(empty * layer.weight_params)
        zeros += empty_weights
        saved_flops += empty * (layer.flops or 0)
        if layer.prunable:
            prunable_zeros += empty_weights
            prunable_params += layer.weight_params
        if layer.id in int8:
            int8_weights += layer.weight_params - empty_weights
    remaining = max(1, model.params - zeros)
    remaining_bytes = _FLOAT_BYTES * remaining - (_FLOAT_BYTES - 1) * int8_weights
    ratio = _FLOAT_BYTES * model.params / max(1, remaining_bytes)
    return Outlook(
        params=model.params,
        remaining_params=remaining,
        sparsity=prunable_zeros / prunable_params if prunable_params else 0.0,
        flops=model.flops,
        remaining_flops=None if model.flops is None else model.flops - saved_flops,
        int8_layers=len(int8),
        compression=Estimate(
            value=ratio, low=ratio, high=ratio, basis="predicted", note=_COMPRESSION
        ),
        speed_up=speed_up,
        loss=UNKNOWN,
        recovery=UNKNOWN,
    )
