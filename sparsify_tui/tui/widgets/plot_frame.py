"""The axes of a chart with two numeric axes: ticks, labels, and where a value falls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.axis import Axis
from sparsify_tui.tui.widgets.sheet import Sheet

Format = Callable[[float], str]
_LEAST_WIDTH_WITH_LABELS = 24
_LEAST_HEIGHT_WITH_LABELS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotFrame:
    """A plot of `width` x `height` cells at (`left`, `top`), between a y and an x axis."""

    left: int
    top: int
    width: int
    height: int
    x: Axis
    y: Axis

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A value pair as fractions of the plot, y up."""
        return self.x.fraction(x), self.y.fraction(y)

    def column(self, x: float) -> int:
        """The column of the sheet that holds `x`."""
        return self.left + round(self.x.fraction(x) * (self.width - 1))

    def row(self, y: float) -> int:
        """The row of the sheet that holds `y`."""
        return self.top + round((1 - self.y.fraction(y)) * (self.height - 1))


def fit_frame(
    sheet: Sheet, *, x: Axis, y: Axis, y_format: Format, above: int, below: int
) -> PlotFrame:
    """The plot that remains beside the tick labels, `above` lines of text and `below`."""
    inner = sheet.height - above - below
    labelled = inner >= _LEAST_HEIGHT_WITH_LABELS and sheet.width >= _LEAST_WIDTH_WITH_LABELS
    if not labelled:
        return PlotFrame(left=0, top=above, width=sheet.width, height=max(1, inner), x=x, y=y)
    height = inner - 2
    left = 1 + max((cell_len(t) for _, t in _tick_texts(y, height // 2, y_format)), default=0)
    return PlotFrame(left=left, top=above, width=sheet.width - left - 1, height=height, x=x, y=y)


def draw_frame(
    sheet: Sheet,
    frame: PlotFrame,
    symbols: SymbolSet,
    style: Style,
    *,
    x_format: Format,
    y_format: Format,
    reserved: range = range(0),
) -> None:
    """Draws both axes with their ticks; nothing when the plot fills the sheet.

    Below the x axis the `reserved` columns are left free.
    """
    if not frame.left:
        return
    bottom = frame.top + frame.height
    for y in range(frame.top, bottom):
        sheet.put(frame.left - 1, y, symbols.vertical, style)
    for value, text in _tick_texts(frame.y, frame.height // 2, y_format):
        sheet.put(frame.left - 1, frame.row(value), symbols.tick_left, style)
        sheet.write(frame.left - 1 - cell_len(text), frame.row(value), text, style)
    line = symbols.corner + symbols.horizontal * frame.width
    sheet.write(frame.left - 1, bottom, line, style)
    for value, start, text in _placed_x_ticks(sheet, frame, x_format, reserved):
        sheet.put(frame.column(value), bottom, symbols.tick_below, style)
        sheet.write(start, bottom + 1, text, style)


def _placed_x_ticks(
    sheet: Sheet, frame: PlotFrame, x_format: Format, reserved: range
) -> Iterator[tuple[float, int, str]]:
    free = 0
    for value, text in _tick_texts(frame.x, max(2, frame.width // 10), x_format):
        size = cell_len(text)
        start = max(0, min(frame.column(value) - size // 2, sheet.width - size))
        is_taken = start < reserved.stop and start + size > reserved.start
        if start >= free and not is_taken:
            free = start + size + 1
            yield value, start, text


def _tick_texts(axis: Axis, most: int, write: Format) -> tuple[tuple[float, str], ...]:
    return tuple((value, clean_text(write(value))) for value in axis.ticks(max(1, most)))
