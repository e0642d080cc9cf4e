"""Points over two numeric axes, one of which can be picked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Unpack

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive

from sparsify_tui.core.text import clean_text, shorten
from sparsify_tui.tui.widgets.axis import Axis, Scale, axis_over
from sparsify_tui.tui.widgets.bands import Band, bands_of
from sparsify_tui.tui.widgets.dots import DotGrid
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.plot_frame import Format, PlotFrame, fit_frame
from sparsify_tui.tui.widgets.sheet import Sheet
from sparsify_tui.tui.widgets.xy_chart import XYChart, XYLabels


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterPoint:
    """One point, such as a layer; its band of colour comes from the rank of its weight."""

    label: str
    x: float
    y: float
    weight: float | None = None
    """None takes `y`."""
    note: str = ""
    """Said of the point when it is picked."""
    is_estimated: bool = False
    """Whether it was not measured; such a point is drawn small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A line that no point should be above, such as a machine's roof."""

    at: Callable[[float], float]
    """The highest y at an x."""
    corner: tuple[float, float]
    """A place on it that must be in sight."""


class ScatterChart(XYChart, can_focus=True):
    """Points over two axes; one of them can be picked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Point before", show=False, id="scatter.left"),
        Binding("right,l", "step(1)", "Point after", show=False, id="scatter.right"),
    ]

    picked: reactive[int | None] = reactive[int | None](None, repaint=False)

    class Picked(Message):
        """The user went to a point with the mouse or a key."""

        def __init__(self, chart: ScatterChart, index: int) -> None:
            super().__init__()
            self.chart = chart
            self.index = index

        @property
        def control(self) -> ScatterChart:
            """The chart that sent it."""
            return self.chart

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options)
        self._points: tuple[ScatterPoint, ...] = ()
        self._bands: tuple[Band, ...] = ()
        self._shown: tuple[int, ...] = ()
        self._axes = (axis_over((), from_zero=True),) * 2
        self._bound: Bound | None = None
        self._marker_y: float | None = None

    def set_points(
        self,
        points: Sequence[ScatterPoint],
        *,
        title: str,
        x_label: str,
        y_label: str,
        x_format: Format,
        y_format: Format,
        x_scale: Scale = "linear",
        y_scale: Scale = "linear",
        marker_x: float | None = None,
        marker_y: float | None = None,
        bound: Bound | None = None,
    ) -> None:
        """Shows points; the markers are lines, such as targets."""
        self._points = tuple(points)
        self._bands = bands_of([p.y if p.weight is None else p.weight for p in points])
        self._bound = bound
        self.labels = XYLabels.cleaned(
            title=title,
            x_label=x_label,
            y_label=y_label,
            x_format=x_format,
            y_format=y_format,
        )
        self._shown = _can_show(self._points, x_scale, y_scale)
        self._axes = self._axes_over(x_scale, y_scale)
        self.marker_x, self._marker_y = marker_x, marker_y
        self.pick(self.picked)
        self.data_changed()

    def pick(self, index: int | None) -> None:
        """Highlights one point, or none."""
        self.picked = index

    @property
    def is_empty(self) -> bool:
        """Whether there is no point that can be drawn."""
        return not self._shown

    @property
    def cursor_state(self) -> object:
        """The point that is picked."""
        return self.picked

    def validate_picked(self, picked: int | None) -> int | None:
        """Drops an index without a point."""
        return picked if picked is not None and 0 <= picked < len(self._points) else None

    def watch_picked(self, before: int | None, now: int | None) -> None:
        """Repaints the point that was picked, the one that is, and the line that names it."""
        width, height = self.content_size
        if width <= 0 or height <= 0 or self.is_empty:
            return
        left, top = self.content_region.offset - self.region.offset
        frame = self._frame(Sheet(width, height, self.rich_style))
        places = [self._cell(frame, at) for at in (before, now) if at in self._shown]
        regions = [Region(left + x, top + y, 1, 1) for x, y in places]
        self.refresh(*regions, Region(left, top + height - 1, width, 1))

    def action_step(self, by: int) -> None:
        """Goes to the next point in the order of x."""
        order = sorted(self._shown, key=lambda i: (self._points[i].x, self._points[i].y))
        if order:
            at = order.index(self.picked) + by if self.picked in order else 0
            self._tell(order[max(0, min(at, len(order) - 1))])

    def on_click(self, event: events.Click) -> None:
        """Goes to the point nearest to the mouse, a row counting as two columns."""
        offset = event.get_content_offset(self)
        if offset is None or self.is_empty:
            return
        frame = self._frame(Sheet(*self.content_size, self.rich_style))

        def distance(index: int) -> float:
            x, y = self._cell(frame, index)
            return math.hypot(x - offset.x, 2 * (y - offset.y))

        self._tell(min(self._shown, key=distance))

    def draw(self, sheet: Sheet) -> None:
        """Title, axes, lines, points by band, the picked one with its values at the bottom."""
        frame = self._frame(sheet)
        self.draw_title(sheet)
        self.draw_axes(sheet, frame)
        self.draw_marker(sheet, frame)
        self._draw_level(sheet, frame)
        self._draw_bound(sheet, frame)
        palette, symbols = self.palette, self.symbols
        styles = {band: Style(color=getattr(palette, band)) for band in set(self._bands)}
        for index in self._shown:
            mark = symbols.dot if self._points[index].is_estimated else symbols.point
            sheet.put(*self._cell(frame, index), mark, styles[self._bands[index]])
        if self.picked is not None and self.picked in self._shown:
            self._draw_picked(sheet, frame, self.picked)

    def _axes_over(self, x_scale: Scale, y_scale: Scale) -> tuple[Axis, Axis]:
        """Both axes, which hold all points and the corner of the bound."""
        shown = [self._points[index] for index in self._shown]
        corner = (self._bound.corner,) if self._bound else ()
        xs = [*(point.x for point in shown), *(x for x, _ in corner)]
        ys = [*(point.y for point in shown), *(y for _, y in corner)]
        return axis_over(xs, x_scale, from_zero=False), axis_over(ys, y_scale, from_zero=True)

    def _frame(self, sheet: Sheet) -> PlotFrame:
        x, y = self._axes
        return fit_frame(
            sheet,
            x=x,
            y=y,
            y_format=self.labels.y_format,
            above=self.title_height(sheet),
            below=1 if sheet.height > 1 else 0,
        )

    def _cell(self, frame: PlotFrame, index: int) -> tuple[int, int]:
        point = self._points[index]
        return frame.column(point.x), frame.row(point.y)

    def _draw_level(self, sheet: Sheet, frame: PlotFrame) -> None:
        value = self._marker_y
        if value is None or not frame.y.low <= value <= frame.y.high:
            return
        line = self.symbols.horizontal * frame.width
        sheet.write(frame.left, frame.row(value), line, self.style_of("value"))

    def _draw_bound(self, sheet: Sheet, frame: PlotFrame) -> None:
        if self._bound is None:
            return
        dots = DotGrid(frame.width, frame.height, self.symbols)
        xs = [frame.x.value_at(step / (dots.width - 1 or 1)) for step in range(dots.width)]
        places = [(x, self._bound.at(x)) for x in xs]
        shown = [frame.place(x, y) for x, y in places if frame.y.low <= y <= frame.y.high]
        for start, end in pairwise(shown):
            dots.line(start, end, self.style_of("axis"))
        dots.draw(sheet, frame.left, frame.top)

    def _draw_picked(self, sheet: Sheet, frame: PlotFrame, index: int) -> None:
        point, value = self._points[index], self.style_of("value")
        sheet.put(*self._cell(frame, index), self.symbols.picked, value + self.style_of("cursor"))
        numbers = f"  {self.labels.x_format(point.x)}  {self.labels.y_format(point.y)}"
        numbers += f"  {point.note}" if point.note else ""
        room = max(8, sheet.width - cell_len(numbers) - 2)
        name = shorten(clean_text(point.label), room)
        text = f"{self.symbols.picked} {name}{clean_text(numbers)}"
        sheet.write(frame.left, sheet.height - 1, text, value)

    def _tell(self, index: int) -> None:
        self.pick(index)
        self.post_message(self.Picked(self, index))


def _can_show(points: Sequence[ScatterPoint], x_scale: Scale, y_scale: Scale) -> tuple[int, ...]:
    """Indices of the points that have a place on such axes, the lowest first."""
    return tuple(
        sorted(
            (
                at
                for at, point in enumerate(points)
                if math.isfinite(point.x)
                and math.isfinite(point.y)
                and (point.x > 0 or x_scale != "log")
                and (point.y > 0 or y_scale != "log")
            ),
            key=lambda at: points[at].y,
        )
    )
