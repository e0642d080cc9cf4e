"""Single measurements as dots on one shared axis, one strip a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from rich.cells import cell_len
from rich.style import Style

from sparsify_tui.core.text import clean_text, shorten
from sparsify_tui.tui.widgets.axis import Axis, axis_over
from sparsify_tui.tui.widgets.chart import Chart
from sparsify_tui.tui.widgets.dots import DotGrid
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.plot_frame import Format
from sparsify_tui.tui.widgets.sheet import Sheet

_TALLEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Values in the order they were taken, in the unit of the chart."""

    label: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Area:
    """Where the dots of one strip go, in cells."""

    left: int
    top: int
    tall: int


class StripChart(Chart):
    """To the right is more, downward is later: a cloud is noise, a slant is drift."""

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options)
        self._strips: tuple[Strip, ...] = ()
        self._title = ""
        self._format: Format = str

    def set_strips(self, strips: Sequence[Strip], *, title: str, value_format: Format) -> None:
        """Shows strips; values that are not finite are left out, and strips without any."""
        finite = (
            Strip(label=one.label, values=tuple(filter(math.isfinite, one.values)))
            for one in strips
        )
        self._strips = tuple(one for one in finite if one.values)
        self._title = clean_text(title)
        self._format = value_format
        self.data_changed()

    @property
    def is_empty(self) -> bool:
        """Whether there is no value."""
        return not self._strips

    def draw(self, sheet: Sheet) -> None:
        """Title, strips as tall as there is room for, and ticks below."""
        top = 1 if sheet.height > len(self._strips) else 0
        has_ticks = sheet.height > top + len(self._strips)
        room = max(1, sheet.height - top - has_ticks)
        shown = self._strips[:room]
        tall = min(_TALLEST, room // len(shown))
        if top:
            sheet.write(0, 0, self._title, self.style_of("title"))
        left = min(max(cell_len(clean_text(one.label)) for one in shown), sheet.width // 3) + 1
        axis = axis_over((value for one in shown for value in one.values), from_zero=False)
        colors = self.palette.series
        for at, strip in enumerate(shown):
            area = _Area(left=left, top=top + at * tall, tall=tall)
            self._draw_strip(sheet, area, strip, Style(color=colors[at % len(colors)]), axis)
        if has_ticks:
            self._draw_ticks(sheet, top + len(shown) * tall, left, axis)

    def _draw_strip(
        self, sheet: Sheet, area: _Area, strip: Strip, style: Style, axis: Axis
    ) -> None:
        sheet.write(0, area.top, shorten(clean_text(strip.label), area.left - 1), style)
        grid = DotGrid(max(1, sheet.width - area.left), area.tall, self.symbols)
        last = max(1, len(strip.values) - 1)
        for when, value in enumerate(strip.values):
            place = axis.fraction(value), 1 - when / last
            grid.line(place, place, style)
        grid.draw(sheet, area.left, area.top)

    def _draw_ticks(self, sheet: Sheet, y: int, left: int, axis: Axis) -> None:
        free, width = 0, sheet.width - left
        for value in axis.ticks(max(2, width // 12)):
            text = clean_text(self._format(value))
            column = left + round(axis.fraction(value) * (width - 1))
            start = max(left, min(column - cell_len(text) // 2, sheet.width - cell_len(text)))
            if start >= free:
                free = sheet.write(start, y, text, self.style_of("axis")) + 2
