"""Medians with their intervals on one shared axis, one row a run."""

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
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.plot_frame import Format
from sparsify_tui.tui.widgets.sheet import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A middle value between two bounds, in the unit of the chart."""

    label: str
    low: float
    middle: float
    high: float
    note: str = ""


class IntervalChart(Chart):
    """Rows of "label ├──●──┤ value"; rows that overlap cannot be told apart by the eye alone."""

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options)
        self._rows: tuple[Interval, ...] = ()
        self._title = ""
        self._format: Format = str

    def set_intervals(self, rows: Sequence[Interval], *, title: str, value_format: Format) -> None:
        """Shows intervals; those with a bound that is not finite are left out."""
        self._rows = tuple(
            row for row in rows if all(map(math.isfinite, (row.low, row.middle, row.high)))
        )
        self._title = clean_text(title)
        self._format = value_format
        self.data_changed()

    @property
    def is_empty(self) -> bool:
        """Whether there is no interval."""
        return not self._rows

    def draw(self, sheet: Sheet) -> None:
        """Title, rows, and ticks below; without them when there is no room."""
        top = 1 if sheet.height > len(self._rows) else 0
        has_ticks = sheet.height > top + len(self._rows)
        room = sheet.height - top - has_ticks
        shown = self._rows if len(self._rows) <= room else self._rows[: max(1, room)]
        if top:
            sheet.write(0, 0, self._title, self.style_of("title"))
        left, right = self._columns(sheet.width)
        axis = axis_over((v for row in shown for v in (row.low, row.high)), from_zero=False)
        for index, row in enumerate(shown):
            self._draw_row(sheet, top + index, row, axis, (left, right))
        if has_ticks:
            self._draw_ticks(sheet, top + len(shown), axis, (left, right))

    def _columns(self, width: int) -> tuple[int, int]:
        """The first cell of the plot and the one after its last."""
        label = max(cell_len(clean_text(row.label)) for row in self._rows)
        value = max(cell_len(self._value(row)) for row in self._rows)
        left = min(label, width // 3) + 1
        return left, max(left + 1, width - value - 1)

    def _value(self, row: Interval) -> str:
        return clean_text(f"{self._format(row.middle)} {row.note}".strip())

    def _draw_row(
        self, sheet: Sheet, y: int, row: Interval, axis: Axis, columns: tuple[int, int]
    ) -> None:
        left, right = columns
        symbols, color = self.symbols, Style(color=self.palette.low)
        sheet.write(0, y, shorten(clean_text(row.label), left - 1), self.style_of("note"))
        low, middle, high = (
            left + round(axis.fraction(value) * (right - left - 1))
            for value in (row.low, row.middle, row.high)
        )
        sheet.write(low, y, symbols.horizontal * (high - low + 1), color)
        sheet.put(low, y, symbols.cap_left, color)
        sheet.put(high, y, symbols.cap_right, color)
        sheet.put(middle, y, symbols.point, self.style_of("value"))
        sheet.write(right + 1, y, self._value(row), self.style_of("value"))

    def _draw_ticks(self, sheet: Sheet, y: int, axis: Axis, columns: tuple[int, int]) -> None:
        left, right = columns
        free = 0
        for value in axis.ticks(max(2, (right - left) // 12)):
            text = clean_text(self._format(value))
            column = left + round(axis.fraction(value) * (right - left - 1))
            start = max(left, min(column - cell_len(text) // 2, right - cell_len(text)))
            if start >= free:
                free = sheet.write(start, y, text, self.style_of("axis")) + 2
