"""The schedule of a training as curves: sparsity and learning rate over the epochs."""

from __future__ import annotations

from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning
from sparsify_tui.core.units import format_percent
from sparsify_tui.tui.widgets.curve_chart import CurveChart, CurveSeries

_POINTS = 120


def show_schedule(
    chart: CurveChart, pruning: Pruning, epochs: Epochs, rate: LearningRate | None
) -> None:
    """Draws the sparsity of a layer that reaches the target, and the rate beside its highest."""
    end = epochs.end_epoch
    xs = tuple(end * at / _POINTS for at in range(_POINTS + 1))
    curves = [
        CurveSeries(
            label=f"sparsity, up to {format_percent(pruning.target, 0)}",
            xs=xs,
            ys=tuple(pruning.sparsity_at(epoch) for epoch in xs),
            selected=True,
        )
    ]
    if rate is not None:
        highest = max(rate.rate_at(epoch) for epoch in xs)
        curves.append(
            CurveSeries(
                label=f"learning rate ÷ {highest:g}",
                xs=xs,
                ys=tuple(rate.rate_at(epoch) / highest for epoch in xs),
            )
        )
    chart.set_curves(
        curves,
        title="schedule",
        x_label="epoch",
        y_label="share of the highest",
        x_format=lambda epoch: f"{epoch:g}",
        y_format=lambda part: format_percent(part, 0),
        marker_x=None,
    )
