"""The title, the axes and the marker line of charts over two numeric axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

from rich.cells import cell_len

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.widgets.chart import Chart
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.plot_frame import Format, PlotFrame, draw_frame
from sparsify_tui.tui.widgets.sheet import Sheet

_LEAST_HEIGHT_WITH_TITLE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class XYLabels:
    """What is written on a chart, cleaned, and how its ticks are formatted."""

    title: str = ""
    x_label: str = ""
    y_label: str = ""
    x_format: Format = str
    y_format: Format = str

    @classmethod
    def cleaned(
        cls, *, title: str, x_label: str, y_label: str, x_format: Format, y_format: Format
    ) -> XYLabels:
        """Labels that are safe to draw."""
        return cls(
            title=clean_text(title),
            x_label=clean_text(x_label),
            y_label=clean_text(y_label),
            x_format=x_format,
            y_format=y_format,
        )


class XYChart(Chart):
    """Title, axes and marker lines of charts over two numeric axes."""

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options)
        self.labels = XYLabels()
        self.marker_x: float | None = None

    def title_height(self, sheet: Sheet) -> int:
        """The lines that the title takes: one, or none when the chart is low."""
        return 1 if sheet.height >= _LEAST_HEIGHT_WITH_TITLE else 0

    def draw_title(self, sheet: Sheet, remark: str = "") -> int:
        """Writes the title line when there is room; returns the lines used."""
        if not self.title_height(sheet):
            return 0
        x = sheet.write(0, 0, self.labels.title, self.style_of("title"))
        note = f"  {self.labels.y_label} over {self.labels.x_label}{remark}"
        sheet.write(x, 0, note, self.style_of("note"))
        return 1

    def draw_axes(self, sheet: Sheet, frame: PlotFrame) -> None:
        """Draws both axes with ticks."""
        draw_frame(
            sheet,
            frame,
            self.symbols,
            self.style_of("axis"),
            x_format=self.labels.x_format,
            y_format=self.labels.y_format,
            reserved=self._marker_label(sheet, frame)[0],
        )

    def draw_marker(self, sheet: Sheet, frame: PlotFrame) -> None:
        """Draws a vertical line at `marker_x`, with its value among the x ticks."""
        columns, text = self._marker_label(sheet, frame)
        if self.marker_x is None or not text:
            return
        style, bottom = self.style_of("value"), frame.top + frame.height
        for y in range(frame.top, bottom):
            sheet.put(frame.column(self.marker_x), y, self.symbols.vertical, style)
        if frame.left:
            sheet.write(columns.start, bottom + 1, text, style)

    def _marker_label(self, sheet: Sheet, frame: PlotFrame) -> tuple[range, str]:
        """Where the marker's value is written; empty when the marker is out of sight."""
        value = self.marker_x
        if value is None or not frame.x.low <= value <= frame.x.high:
            return range(0), ""
        text = f" {clean_text(self.labels.x_format(value))} "
        size = cell_len(text)
        start = max(0, min(frame.column(value) - size // 2, sheet.width - size))
        return range(start, start + size), text
