"""The chart below an optimization: how far each row goes, or the front of speed and loss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import on
from textual.containers import Container
from textual.message import Message
from textual.widget import Widget

from sparsify_tui.core.units import format_percent
from sparsify_tui.tui.channel_front import NO_FRONT, FrontView, draw_front
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.scatter_chart import ScatterChart


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """One bar for each row in graph order."""

    keys: Sequence[str]
    labels: Sequence[str]
    values: Sequence[float | None]
    """None where nothing can be changed."""
    title: str
    noun: str


class PlanCharts(Container):
    """Bars, or the front; the kind stays when another optimization is shown."""

    DEFAULT_CSS = """
    PlanCharts > LayerBars { height: 1fr; }
    PlanCharts > ScatterChart { height: 1fr; }
    """

    class Picked(Message):
        """The user went to a row in the bars."""

        def __init__(self, charts: PlanCharts, key: str) -> None:
            super().__init__()
            self.charts = charts
            self.key = key

        @property
        def control(self) -> PlanCharts:
            """The charts that sent it."""
            return self.charts

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.bars = LayerBars()
        self.bars.scale = "linear"
        self.bars.empty_text = "Nothing here can be changed."
        self.front = ScatterChart()
        self.front.empty_text = NO_FRONT
        self.front.display = False
        self._keys: tuple[str, ...] = ()

    def compose(self) -> Iterable[Widget]:
        """Both, but one of them hidden."""
        yield self.bars
        yield self.front

    def show(self, levels: Levels, front: FrontView | None) -> None:
        """Draws another state of an optimization."""
        self._keys = tuple(levels.keys)
        self.bars.set_bars(
            levels.values,
            levels.labels,
            title=levels.title,
            noun=levels.noun,
            unit=lambda level: format_percent(level, 0),
        )
        draw_front(self.front, front)

    def follow(self, key: str) -> None:
        """Points at the bar of a row, where it has one."""
        if key in self._keys:
            self.bars.move_to(self._keys.index(key))

    def turn(self) -> None:
        """Shows the other of the two."""
        self.bars.display, self.front.display = self.front.display, self.bars.display

    def turn_scale(self) -> None:
        """Goes to the next scale of the bars."""
        self.bars.action_cycle_scale()

    @on(LayerBars.Picked)
    def tell_bar(self, event: LayerBars.Picked) -> None:
        """Hands on which row it was."""
        event.stop()
        self.post_message(self.Picked(self, self._keys[event.index]))
