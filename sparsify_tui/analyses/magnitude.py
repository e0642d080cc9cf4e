"""What each layer's weights would lose: the energy that magnitude pruning removes.

This is the shape of each layer's own curve. It says nothing of one layer against another:
its rank correlation with the measured loss lies between −0.2 and 0.8.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from sparsify_tui.analyses.replacements import NOT_FINITE
from sparsify_tui.codec import value_from
from sparsify_tui.core.loss_profile import LayerLoss, Losses, LossProfile
from sparsify_tui.core.model import Layer
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.protocols import Array, Progress
from sparsify_tui.core.sensitivity import MagnitudeCurve, magnitude_curve
from sparsify_tui.errors import ModelError
from sparsify_tui.identity import new_id, now
from sparsify_tui.onnxio.load import load_model
from sparsify_tui.onnxio.read import read_model

METRIC = "removed weight energy"
_PERCENTILES = tuple(i / 100 for i in range(101))


def profile_magnitude(
    *, options: dict[str, Any], name: str, levels: list[float]
) -> Generator[Progress, None, LossProfile]:
    """Removed energy of every prunable layer at all levels, from one curve a layer.

    Raises:
        ModelError: There is none.
    """
    asked = value_from(options, RunOptions)
    wall, cpu = time.perf_counter(), time.process_time()
    loaded = load_model(Path(asked.path))
    model = read_model(loaded, dict(asked.dims))  # untraced: no FLOPs are asked for here
    if not model.prunable:
        raise ModelError(
            "The model has no prunable layer.",
            "Pruning needs Conv, ConvTranspose, Gemm or MatMul with constant weights.",
        )
    rows = []
    for done, layer in enumerate(model.prunable):
        yield Progress(done=done, total=len(model.prunable), item=layer.label)
        weights = loaded.constants.numbers(layer.weight)
        assert weights is not None, "a layer was read from this weight"
        rows.append(_layer_loss(layer, weights, levels))
    return LossProfile(
        id=new_id(),
        name=name,
        created=now(),
        model_digest=model.sha256,
        method="magnitude",
        metric=METRIC,
        source="the weights alone; no data needed",
        samples=0,
        levels=tuple(levels),
        cpu_s=time.process_time() - cpu,
        wall_s=time.perf_counter() - wall,
        layers=tuple(rows),
    )


def weight_magnitudes(weights: Array) -> tuple[float, ...]:
    """|w| below which the fraction 0, 0.01, … 1 of the weights lies; empty where not finite."""
    curve = magnitude_curve(weights)
    return _percentiles(curve) if curve.is_finite else ()


def _layer_loss(layer: Layer, weights: Array, levels: list[float]) -> LayerLoss:
    curve = magnitude_curve(weights)
    if not curve.is_finite:
        return LayerLoss(id=layer.id, weight=layer.weight, status="not measured", reason=NOT_FINITE)
    values = _rounded(curve.removed_energy(levels))
    return LayerLoss(
        id=layer.id,
        weight=layer.weight,
        status="estimated",
        pruning=Losses(values=values, samples=(0,) * len(values)),
        magnitudes=_percentiles(curve),
    )


def _percentiles(curve: MagnitudeCurve) -> tuple[float, ...]:
    return _rounded(curve.magnitudes(_PERCENTILES))


def _rounded(values: Array) -> tuple[float, ...]:
    """Seven digits, which is what a float32 holds, keep the documents short."""
    return tuple(float(f"{value:.7g}") for value in values)
