"""The chart below the table: bars in graph order, curves of some layers, or a scatter."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from textual import on
from textual.containers import Container
from textual.message import Message
from textual.widget import Widget

from sparsify_tui.tui.loss.drawing import Drawing
from sparsify_tui.tui.widgets.axis import Scale, next_scale
from sparsify_tui.tui.widgets.curve_chart import CurveChart
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.scatter_chart import ScatterChart

ChartKind = Literal["bars", "curves", "scatter"]
KINDS: tuple[ChartKind, ...] = ("bars", "curves", "scatter")


class LossCharts(Container):
    """One chart at a time, each with its own scale; all follow one cursor, given by layer id."""

    DEFAULT_CSS = """
    LossCharts > LayerBars { height: 1fr; }
    LossCharts > CurveChart { height: 1fr; }
    LossCharts > ScatterChart { height: 1fr; }
    """

    class Picked(Message):
        """The user went to a layer in a chart."""

        def __init__(self, charts: LossCharts, key: str) -> None:
            super().__init__()
            self.charts = charts
            self.key = key

        @property
        def control(self) -> LossCharts:
            """The charts that sent it."""
            return self.charts

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.bars = LayerBars()
        self.curves = CurveChart()
        self.scatter = ScatterChart()
        self.curves.display = self.scatter.display = False
        for chart in (self.bars, self.curves, self.scatter):
            chart.empty_text = "Nothing of this was measured yet."
        self.kind: ChartKind = KINDS[0]
        self._scales: dict[ChartKind, Scale] = {"curves": "sqrt", "scatter": "log"}
        self._drawing: Drawing | None = None
        self._is_over_time = False
        self._current = ""
        self._marked: frozenset[str] = frozenset()
        self._bar_places: dict[str, int] = {}
        self._points: tuple[str, ...] = ()

    def compose(self) -> Iterable[Widget]:
        """All, but one of them hidden."""
        yield self.bars
        yield self.curves
        yield self.scatter

    def show(self, drawing: Drawing) -> None:
        """Draws something, or a newer state of it."""
        self._drawing = drawing
        self._bar_places = {key: at for at, key in enumerate(drawing.keys)}
        self._draw()

    def follow(self, current: str, marked: Collection[str]) -> None:
        """Points at a layer; curves are of it and of the marked ones."""
        is_other = (current, marked) != (self._current, self._marked)
        self._current, self._marked = current, frozenset(marked)
        if self.kind == "curves" and is_other:
            self._draw()
        else:
            self._point()

    def turn(self) -> None:
        """Goes to the next kind."""
        self.kind = KINDS[(KINDS.index(self.kind) + 1) % len(KINDS)]
        self._draw()

    def turn_scale(self) -> None:
        """Goes to the next scale of the chart in sight, which names it."""
        if self.kind == "bars":
            self.bars.action_cycle_scale()
        else:
            self._scales[self.kind] = next_scale(self._scales[self.kind])
            self._draw()

    def turn_axis(self) -> bool:
        """Shows the scatter over parameters, or over time; returns whether there are times."""
        if self.kind == "scatter":
            self._is_over_time = not self._is_over_time
        self.kind = "scatter"
        self._draw()
        return self._drawing is not None and self._drawing.has_times

    @on(LayerBars.Picked)
    def tell_bar(self, event: LayerBars.Picked) -> None:
        """Hands on which layer it was."""
        event.stop()
        if self._drawing is not None:
            self.post_message(self.Picked(self, self._drawing.keys[event.index]))

    @on(ScatterChart.Picked)
    def tell_point(self, event: ScatterChart.Picked) -> None:
        """Hands on which layer it was."""
        event.stop()
        self.post_message(self.Picked(self, self._points[event.index]))

    def _draw(self) -> None:
        """Only the chart in sight: the others are drawn when they are turned to."""
        for kind, chart in zip(KINDS, (self.bars, self.curves, self.scatter), strict=True):
            chart.display = kind == self.kind
        drawing = self._drawing
        if drawing is None:
            return
        if self.kind == "bars":
            drawing.draw_bars(self.bars)
        elif self.kind == "curves":
            scale = self._scales["curves"]
            drawing.draw_curves(self.curves, self._current, self._marked, scale)
        else:
            is_over_time = self._is_over_time and drawing.has_times
            self._points = drawing.draw_scatter(
                self.scatter, self._scales["scatter"], is_over_time=is_over_time
            )
        self._point()

    def _point(self) -> None:
        if self.kind == "bars" and self._current in self._bar_places:
            self.bars.move_to(self._bar_places[self._current])
        elif self.kind == "scatter":
            known = self._current in self._points
            self.scatter.pick(self._points.index(self._current) if known else None)
