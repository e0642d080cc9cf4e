"""The schedule of a training as curves: sparsity and learning rate over the epochs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sparsify_tui.core.modifiers import (
    ChannelPruning,
    Epochs,
    LearningRate,
    Modifier,
    Pruning,
    Quantization,
)
from sparsify_tui.core.units import format_percent
from sparsify_tui.tui.widgets.curve_chart import CurveChart, CurveSeries

_POINTS = 120


def show_schedule(chart: CurveChart, modifiers: Iterable[Modifier]) -> None:
    """Draws the sparsity of a layer that reaches the target, channels gone, int8, and the rate."""
    known = tuple(modifiers)
    end = next((one.end_epoch for one in known if isinstance(one, Epochs)), Epochs().end_epoch)
    xs = tuple(end * at / _POINTS for at in range(_POINTS + 1))
    curves = [curve for one in known if (curve := _curve_of(one, xs)) is not None]
    curves[:1] = [replace(one, selected=True) for one in curves[:1]]
    chart.set_curves(
        curves,
        title="schedule",
        x_label="epoch",
        y_label="share of the highest",
        x_format=lambda epoch: f"{epoch:g}",
        y_format=lambda part: format_percent(part, 0),
        marker_x=None,
    )


def _curve_of(modifier: Modifier, xs: tuple[float, ...]) -> CurveSeries | None:
    if isinstance(modifier, Pruning):
        label = f"sparsity, up to {format_percent(modifier.target, 0)}"
        ys = tuple(modifier.sparsity_at(epoch) for epoch in xs)
    elif isinstance(modifier, ChannelPruning) and modifier.cuts:
        label = f"units gone, up to {format_percent(modifier.share, 0)}"
        ys = tuple(modifier.share_at(epoch) for epoch in xs)
    elif isinstance(modifier, Quantization) and modifier.layers:
        label = "rounded to int8"
        ys = tuple(float(epoch >= modifier.start_epoch) for epoch in xs)
    elif isinstance(modifier, LearningRate):
        highest = max(modifier.rate_at(epoch) for epoch in xs)
        label = f"learning rate ÷ {highest:g}"
        ys = tuple(modifier.rate_at(epoch) / highest for epoch in xs)
    else:
        return None
    return CurveSeries(label=label, xs=xs, ys=ys)
