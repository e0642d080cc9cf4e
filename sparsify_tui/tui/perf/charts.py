"""The chart below the table: bars in graph order, or the roofline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from textual import on
from textual.containers import Container
from textual.message import Message
from textual.widget import Widget

from sparsify_tui.core.breakdown import measured_layers
from sparsify_tui.core.channels.lanes import SHARES
from sparsify_tui.core.model import Model
from sparsify_tui.core.perf_change import PerfChange
from sparsify_tui.core.profile import Peak, PerfProfile
from sparsify_tui.core.sparse_model import SparseEngine
from sparsify_tui.core.units import format_count, format_ms, format_number, format_percent
from sparsify_tui.tui.perf.sparse_table import CHARTED_LEVEL, modelled_ms
from sparsify_tui.tui.perf.width_table import CHARTED
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.scatter_chart import Bound, ScatterChart, ScatterPoint

ChartKind = Literal["bars", "roofline"]


class PerfCharts(Container):
    """One of the charts; the others are hidden. All follow one cursor, given by layer id."""

    DEFAULT_CSS = """
    PerfCharts > LayerBars { height: 1fr; }
    PerfCharts > ScatterChart { height: 1fr; }
    """

    class Picked(Message):
        """The user went to a layer in a chart."""

        def __init__(self, charts: PerfCharts, key: str) -> None:
            super().__init__()
            self.charts = charts
            self.key = key

        @property
        def control(self) -> PerfCharts:
            """The charts that sent it."""
            return self.charts

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.bars = LayerBars()
        self.roof = ScatterChart()
        self.roof.display = False
        self._kind: ChartKind = "bars"
        self._bar_keys: tuple[str, ...] = ()
        self._roof_keys: tuple[str, ...] = ()

    def compose(self) -> Iterable[Widget]:
        """Both, one of them hidden."""
        yield self.bars
        yield self.roof

    def turn(self) -> bool:
        """Goes from bars to the roofline and back; returns whether there is a roofline."""
        if self._roof_keys:
            self._kind = "roofline" if self._kind == "bars" else "bars"
            self._arrange(has_roof=True)
        return bool(self._roof_keys)

    def move_to(self, key: str) -> None:
        """Points at a layer in both charts; a key that is no layer's changes nothing."""
        if key in self._bar_keys:
            self.bars.move_to(self._bar_keys.index(key))
        if key in self._roof_keys:
            self.roof.pick(self._roof_keys.index(key))

    def show_measured(self, model: Model, profile: PerfProfile) -> None:
        """Times of the layers, int8 in front of float; and their place below the roof."""
        rows = measured_layers(model, profile)
        self._show_roof(model, profile)
        self._bar_keys = tuple(row.key for row in rows)
        self.bars.set_bars(
            [row.ms for row in rows],
            [row.name for row in rows],
            title="ms by layer, graph order",
            unit=format_ms,
            second=[row.int8_ms for row in rows],
            second_name="int8",
        )

    def show_flops(self, model: Model) -> None:
        """FLOPs of the layers."""
        self._leave_roof()
        self._bar_keys = tuple(layer.id for layer in model.layers)
        self.bars.set_bars(
            [layer.flops for layer in model.layers],
            [layer.label for layer in model.layers],
            title="FLOPs by layer, graph order",
            unit=format_count,
        )

    def show_modelled(self, model: Model, profile: PerfProfile, engine: SparseEngine) -> None:
        """Dense times as measured, and those of a modelled sparse engine in front."""
        self._leave_roof()
        rows = [row for row in measured_layers(model, profile) if row.layers[0].prunable]
        self._bar_keys = tuple(row.key for row in rows)
        self.bars.set_bars(
            [row.ms for row in rows],
            [row.name for row in rows],
            title="ms by layer",
            unit=format_ms,
            second=[modelled_ms(row, profile, engine, CHARTED_LEVEL) for row in rows],
            second_name=f"modelled at {format_percent(CHARTED_LEVEL, 0)}",
        )

    def show_widths(self, model: Model, profile: PerfProfile) -> None:
        """Times as they are, and those of the model at half its channels in front."""
        self._leave_roof()
        rows = [row for row in measured_layers(model, profile) if row.channel_ms]
        self._bar_keys = tuple(row.key for row in rows)
        self.bars.set_bars(
            [row.ms for row in rows],
            [row.name for row in rows],
            title="ms by layer",
            unit=format_ms,
            second=[row.channel_ms[CHARTED] for row in rows],
            second_name=f"with {format_percent(SHARES[CHARTED], 0)} of the channels",
        )

    def show_change(self, change: PerfChange) -> None:
        """The first profile's times, and the second's in front."""
        self._leave_roof()
        self._bar_keys = tuple(one.id for one in change.layers)
        self.bars.set_bars(
            [one.a_ms for one in change.layers],
            [one.label for one in change.layers],
            title="ms by layer, A",
            unit=format_ms,
            second=[one.b_ms for one in change.layers],
            second_name="B",
        )

    @on(LayerBars.Picked)
    def tell_bar(self, event: LayerBars.Picked) -> None:
        """Hands on which layer it was."""
        event.stop()
        self.post_message(self.Picked(self, self._bar_keys[event.index]))

    @on(ScatterChart.Picked)
    def tell_point(self, event: ScatterChart.Picked) -> None:
        """Hands on which layer it was."""
        event.stop()
        self.post_message(self.Picked(self, self._roof_keys[event.index]))

    def _leave_roof(self) -> None:
        self._roof_keys = ()
        self._arrange(has_roof=False)

    def _arrange(self, *, has_roof: bool) -> None:
        """Only what was measured here has a roofline."""
        is_roof = has_roof and self._kind == "roofline"
        self.bars.display, self.roof.display = not is_roof, is_roof

    def _show_roof(self, model: Model, profile: PerfProfile) -> None:
        peak, whole = profile.peak, profile.total.min_ms
        rows = [row for row in measured_layers(model, profile) if row.intensity and row.gflops]
        self._roof_keys = tuple(row.key for row in rows)
        self._arrange(has_roof=bool(rows))
        self.roof.set_points(
            [
                ScatterPoint(
                    label=row.name,
                    x=row.intensity or 0.0,
                    y=row.gflops or 0.0,
                    weight=row.ms,
                    note=f"{format_percent(row.of_roof(peak), 0)} of roof, "
                    f"{format_percent((row.ms or 0.0) / whole)} of time",
                )
                for row in rows
            ],
            title="roofline",
            x_label=f"FLOPs per byte{_peak_note(peak)}",
            y_label="GFLOP/s",
            x_format=format_number,
            y_format=format_number,
            x_scale="log",
            y_scale="log",
            bound=_bound(peak),
        )


def _bound(peak: Peak | None) -> Bound | None:
    if peak is None:
        return None
    ridge = peak.gflops / peak.gbytes_per_s
    return Bound(at=peak.bound_gflops, corner=(ridge, peak.gflops))


def _peak_note(peak: Peak | None) -> str:
    if peak is None:
        return "; this machine's peak was not measured"
    return f"; roof {format_number(peak.gflops)} GFLOP/s, {format_number(peak.gbytes_per_s)} GB/s"
