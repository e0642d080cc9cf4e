"""What an optimization would bring, each figure with its basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sparsify_tui.core.changes import Changes
from sparsify_tui.core.channels.shares import WHOLE, LayerShare
from sparsify_tui.core.model import Layer, LayerId, Model

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
    """Parameters of the whole model that are left afterwards, and not zero."""
    sparsity: float
    """Zeros among the weights of all prunable layers that are left."""
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
        """Share of the FLOPs that are gone or touch a zero; None where they are unknown."""
        if not self.flops or self.remaining_flops is None:
            return None
        return 1 - self.remaining_flops / self.flops

    @property
    def params_cut(self) -> float | None:
        """Share of the parameters that go or become zero; None where there are none."""
        return 1 - self.remaining_params / self.params if self.params else None


NO_SPEED_UP = Estimate(value=1.0, low=1.0, high=1.0, basis="modelled", note=NO_SPEED_FROM_ZEROS)
_FLOAT_BYTES = 4
_COMPRESSION = (
    "bytes of the non-zero parameters, int8 weights as 1 of 4; counted from the levels: "
    "stored densely, zeros keep their room"
)


def estimate(
    model: Model,
    changes: Changes,
    speed_up: Estimate = NO_SPEED_UP,
    shares: Mapping[LayerId, LayerShare] | None = None,
) -> Outlook:
    """The outlook of pruning each layer, without structure, to its level, of a cut, and of int8.

    A layer that already holds more zeros than its level keeps them. Zeros and cut weights are
    taken to lie independently of each other.

    Args:
        model: What it is done to.
        changes: What is done.
        speed_up: What is known of that.
        shares: What its cut leaves of layers; those that are not named stay whole.
    """
    levels, int8 = dict(changes.levels), frozenset(changes.int8)
    left = [_left(one, levels.get(one.id, 0.0), (shares or {}).get(one.id)) for one in model.layers]
    prunable = [one for layer, one in zip(model.layers, left, strict=True) if layer.prunable]
    kept = sum(one.weights for one in prunable)
    int8_weights = sum(
        one.non_zero for layer, one in zip(model.layers, left, strict=True) if layer.id in int8
    )
    remaining = max(1, model.params - sum(one.gone for one in left))
    remaining_bytes = _FLOAT_BYTES * remaining - (_FLOAT_BYTES - 1) * int8_weights
    ratio = _FLOAT_BYTES * model.params / max(1, remaining_bytes)
    return Outlook(
        params=model.params,
        remaining_params=remaining,
        sparsity=sum(one.weights - one.non_zero for one in prunable) / kept if kept else 0.0,
        flops=model.flops,
        remaining_flops=(
            None if model.flops is None else model.flops - sum(one.idle_flops for one in left)
        ),
        int8_layers=len(int8),
        compression=Estimate(
            value=ratio, low=ratio, high=ratio, basis="predicted", note=_COMPRESSION
        ),
        speed_up=speed_up,
        loss=UNKNOWN,
        recovery=UNKNOWN,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """What is left of a layer."""

    weights: int
    non_zero: int
    gone: int
    """Parameters that are cut out or zero."""
    idle_flops: float
    """FLOPs that are cut out or touch a zero."""


def _left(layer: Layer, level: float, share: LayerShare | None) -> _Left:
    share = share or WHOLE
    empty = max(level, 1 - layer.density)
    biases = layer.params - layer.weight_params
    weights = round(share.weights * layer.weight_params)
    non_zero = weights - round(empty * weights)
    return _Left(
        weights=weights,
        non_zero=non_zero,
        gone=layer.weight_params - non_zero + biases - round(share.outputs * biases),
        idle_flops=(1 - share.weights * (1 - empty)) * (layer.flops or 0),
    )
