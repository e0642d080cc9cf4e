"""One bar a layer in graph order, with a cursor that other panes can follow."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, Unpack

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive

from sparsify_tui.core.text import clean_text, shorten
from sparsify_tui.tui.widgets.axis import Axis, Scale, axis_over, next_scale
from sparsify_tui.tui.widgets.bands import Band, bands_of
from sparsify_tui.tui.widgets.bar_brush import BarBrush, levels_of
from sparsify_tui.tui.widgets.bar_window import BarWindow, window_over
from sparsify_tui.tui.widgets.chart import Chart
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.sheet import Sheet

_LEAST_WIDTH_WITH_AXIS = 30
_LEAST_HEIGHT_WITH_TITLE = 3


class LayerBars(Chart, can_focus=True):
    """Bars of values from zero up; None is a point on the base line, never a zero."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Layer before", show=False, id="bars.left"),
        Binding("right,l", "step(1)", "Layer after", show=False, id="bars.right"),
        Binding("home", "step(-1000000)", "First layer", show=False, id="bars.first"),
        Binding("end", "step(1000000)", "Last layer", show=False, id="bars.last"),
        Binding("L", "cycle_scale", "Scale", show=False, id="bars.scale"),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)
    scale: reactive[Scale] = reactive[Scale]("sqrt")

    class Picked(Message):
        """The user went to a bar with the mouse or a key."""

        def __init__(self, chart: LayerBars, index: int) -> None:
            super().__init__()
            self.chart = chart
            self.index = index

        @property
        def control(self) -> LayerBars:
            """The chart that sent it."""
            return self.chart

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options)
        self._values: tuple[float | None, ...] = ()
        self._labels: tuple[str, ...] = ()
        self._bands: tuple[Band, ...] = ()
        self._title = ""
        self._unit: Callable[[float | None], str] = str
        self._first = 0
        self._second: tuple[float | None, ...] = ()
        self._second_name = self._rest_name = ""
        self._estimated: frozenset[int] = frozenset()
        self._texts: tuple[str, ...] = ()
        self._noun = ""
        self._axes: dict[Scale, Axis] = {}

    def set_bars(
        self,
        values: Sequence[float | None],
        labels: Sequence[str],
        *,
        title: str,
        unit: Callable[[float | None], str],
        second: Sequence[float | None] = (),
        second_name: str = "",
        rest_name: str = "saved",
        estimated: Collection[int] = (),
        texts: Sequence[str] = (),
        noun: str = "layers",
    ) -> None:
        """Shows one bar for each value; `unit` formats ticks and the value at the cursor.

        A second series stands in front: the part of a bar that it does not reach is shaded and
        called `rest_name`, and what it has beyond the bar is a line. Without one, bars whose
        index is among `estimated` are shaded. `texts` say more at the cursor than the value;
        `noun` is what there is a bar of.
        """
        self._values = _finite(values)
        self._second = _finite(second) if any(v is not None for v in second) else ()
        self._second_name, self._rest_name = clean_text(second_name), clean_text(rest_name)
        self._labels = tuple(clean_text(label) for label in labels)
        self._bands = bands_of(self._values)
        self._title = clean_text(title)
        self._unit = unit
        self._estimated = frozenset(estimated)
        self._texts = tuple(texts)
        self._noun = noun
        self._axes.clear()
        self.move_to(self.cursor)
        self.data_changed()

    def move_to(self, index: int) -> None:
        """Puts the cursor on a bar; an index outside of the bars goes to the nearest."""
        self.cursor = index

    @property
    def is_empty(self) -> bool:
        """Whether no bar has a value."""
        return all(value is None for value in self._values)

    @property
    def cursor_state(self) -> object:
        """The cursor, the scale and what is in sight."""
        return self.cursor, self.scale, self._first

    def validate_cursor(self, cursor: int) -> int:
        """Keeps the cursor on a bar."""
        return max(0, min(cursor, len(self._values) - 1))

    def watch_cursor(self) -> None:
        """Repaints the line below the bars, or all when the window moved.

        The bar itself is not coloured: a terminal would be sent every row up to it.
        """
        width, height = self.content_size
        if width <= 0 or height <= 0 or self.is_empty:
            return
        first, window = self._first, self._window()
        self._first = window.first
        if window.first != first:
            self.refresh()
            return
        left, top = self.content_region.offset - self.region.offset
        self.refresh(Region(left, top + height - 1, width, 1))

    def action_step(self, by: int) -> None:
        """Moves the cursor and tells so."""
        self._pick(self.cursor + by)

    def action_cycle_scale(self) -> None:
        """Takes the next of square root, linear and log scale."""
        self.scale = next_scale(self.scale)

    def on_click(self, event: events.Click) -> None:
        """Goes to the bar below the mouse."""
        offset = event.get_content_offset(self)
        index = None if offset is None else self._window().index_at(offset.x)
        if index is not None:
            self._pick(index)

    def _pick(self, index: int) -> None:
        if not self.is_empty:
            self.move_to(index)
            self.post_message(self.Picked(self, self.cursor))

    def _axis(self) -> Axis:
        """Made once for each scale: a thousand values are not looked through at every key."""
        if self.scale not in self._axes:
            present = (value for value in (*self._values, *self._second) if value is not None)
            values = (max(0.0, value) for value in present)
            self._axes[self.scale] = axis_over(values, self.scale, from_zero=True)
        return self._axes[self.scale]

    def _ticks(self) -> tuple[tuple[float, str], ...]:
        width, height = self.content_size
        if width < _LEAST_WIDTH_WITH_AXIS or height < _LEAST_HEIGHT_WITH_TITLE:
            return ()
        most = max(1, (height - 2) // 2)
        return tuple((value, clean_text(self._unit(value))) for value in self._axis().ticks(most))

    def _window(self) -> BarWindow:
        ticks = self._ticks()
        left = max(cell_len(text) for _, text in ticks) + 1 if ticks else 0
        return window_over(
            total=len(self._values),
            cursor=self.cursor,
            first=self._first,
            left=left,
            width=self.content_size.width - left,
        )

    def draw(self, sheet: Sheet) -> None:
        """Title, plot with its axis, and the cursor's line below; less when there is no room."""
        window = self._window()
        self._first = window.first
        top = 1 if sheet.height >= _LEAST_HEIGHT_WITH_TITLE else 0
        height = max(1, sheet.height - top - 1)
        if top:
            self._draw_title(sheet)
        self._draw_axis(sheet, window, top, height)
        self._draw_bars(sheet, window, top, height)
        if sheet.height > 1:
            self._draw_cursor_line(sheet, window)

    def _draw_title(self, sheet: Sheet) -> None:
        note = self.style_of("note")
        x = sheet.write(0, 0, self._title, self.style_of("title"))
        if self._second:
            full, shade = self.symbols.rising[-1], self.symbols.shade
            text = f"  {full} {self._second_name} {shade} {self._rest_name}"
            x = sheet.write(x, 0, text, Style(color=self.palette.series[2]))
        x = sheet.write(x, 0, f"  {len(self._values)} {self._noun}, {self.scale} scale  ", note)
        if self._estimated:
            x = sheet.write(x, 0, f"{self.symbols.shade} estimated  ", note)
        for text, color in (
            ("low ", self.palette.low),
            ("mid ", self.palette.middle),
            ("top 10%", self.palette.high),
        ):
            if x + len(text) <= sheet.width:
                x = sheet.write(x, 0, text, Style(color=color))

    def _draw_axis(self, sheet: Sheet, window: BarWindow, top: int, height: int) -> None:
        style, axis = self.style_of("axis"), self._axis()
        if not window.left:
            return
        for y in range(height):
            sheet.put(window.left - 1, top + y, self.symbols.vertical, style)
        for value, text in self._ticks():
            row = round(axis.fraction(value) * height - 0.5)
            y = top + height - 1 - min(height - 1, max(0, row))
            sheet.write(window.left - 1 - cell_len(text), y, text, style)
            sheet.put(window.left - 1, y, self.symbols.tick_left, style)

    def _draw_bars(self, sheet: Sheet, window: BarWindow, top: int, height: int) -> None:
        axis, bottom = self._axis(), top + height - 1
        colors = {"low": self.palette.low, "middle": self.palette.middle, "high": self.palette.high}
        brush = BarBrush(sheet=sheet, symbols=self.symbols, missing=self.style_of("note"))
        for index in range(window.first, window.first + window.count):
            start = window.column(index)
            columns = range(start, start + window.bar_width)
            color = colors[self._bands[index]]
            levels = levels_of(axis, self._values[index], height)
            second = levels_of(axis, self._second[index], height) if self._second else None
            if levels is None or second is None:
                is_estimated = index in self._estimated
                brush.bar(columns, bottom, levels, color, is_estimated=is_estimated)
            else:
                brush.pair(columns, bottom, (levels, second), (color, self.palette.series[2]))

    def _draw_cursor_line(self, sheet: Sheet, window: BarWindow) -> None:
        y, note = sheet.height - 1, self.style_of("note")
        left, right = window.left, sheet.width
        if window.first:
            text = f"{self.symbols.left}{window.first}"
            left = max(left, sheet.write(0, y, text, note) + 1)
        if window.hidden_after:
            text = f"{window.hidden_after}{self.symbols.right}"
            right -= len(text) + 1
            sheet.write(right + 1, y, text, note)
        pointer, value = self.symbols.pointer, self._value_at(self.cursor)
        name = shorten(self._labels[self.cursor], max(8, right - left - cell_len(value) - 4))
        text = f"{pointer} {name}  {value}"
        x = window.column(self.cursor)
        if x + cell_len(text) > right:
            text = f"{name}  {value} {pointer}"
            x = max(left, x - cell_len(text) + 1)
        sheet.write(x, y, text, self.style_of("value"))

    def _value_at(self, index: int) -> str:
        if self._texts:
            return clean_text(self._texts[index])
        value = clean_text(self._unit(self._values[index]))
        if not self._second:
            return value
        return f"{value}  {self._second_name} {clean_text(self._unit(self._second[index]))}"


def _finite(values: Sequence[float | None]) -> tuple[float | None, ...]:
    return tuple(v if v is not None and math.isfinite(v) else None for v in values)
