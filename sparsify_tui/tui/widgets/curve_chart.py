"""Curves as braille lines over two numeric axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Unpack

from rich.cells import cell_len
from rich.style import Style

from sparsify_tui.core.text import clean_text, shorten
from sparsify_tui.tui.widgets.axis import Scale, axis_over
from sparsify_tui.tui.widgets.dots import DotGrid
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.plot_frame import Format, PlotFrame, fit_frame
from sparsify_tui.tui.widgets.sheet import Sheet
from sparsify_tui.tui.widgets.xy_chart import XYChart, XYLabels

_Point = tuple[float, float]
_MOST_COLORED = 6
_LEAST_HEIGHT_WITH_LEGEND = 7
_LEAST_HEIGHT_WITH_TWO_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveSeries:
    """A line through (x, y) points in rising x; the selected ones are drawn last."""

    label: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    selected: bool = False
    intervals: tuple[tuple[float, float] | None, ...] = ()
    """The bounds of each y, drawn as an upright line; None where unknown."""
    estimated: frozenset[int] = frozenset()
    """Indices of points that were not measured; lines to them are dashed."""


class CurveChart(XYChart):
    """Up to six coloured curves, each with a digit on the line that the legend explains."""

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options)
        self._curves: tuple[CurveSeries, ...] = ()
        self._y_scale: Scale = "linear"

    def set_curves(
        self,
        curves: Sequence[CurveSeries],
        *,
        title: str,
        x_label: str,
        y_label: str,
        x_format: Format,
        y_format: Format,
        marker_x: float | None = None,
        y_scale: Scale = "linear",
    ) -> None:
        """Shows curves; `marker_x` is a vertical line, such as the level chosen now."""
        self._curves = tuple(curves)
        self._y_scale = y_scale
        self.labels = XYLabels.cleaned(
            title=title,
            x_label=x_label,
            y_label=y_label,
            x_format=x_format,
            y_format=y_format,
        )
        self.marker_x = marker_x
        self.data_changed()

    @property
    def is_empty(self) -> bool:
        """Whether no curve has a point."""
        return not any(_finite_points(curve) for curve in self._curves)

    def draw(self, sheet: Sheet) -> None:
        """Title, legend, axes, then the curves with the selected ones on top."""
        hidden = len(self._curves) - len(self._colored())
        above = self.draw_title(sheet, f", {hidden} more in grey" if hidden else "")
        if sheet.height >= _LEAST_HEIGHT_WITH_LEGEND:
            above += self._draw_legend(sheet, above)
        points = [point for curve in self._curves for point in _all_points(curve)]
        frame = fit_frame(
            sheet,
            x=axis_over((x for x, _ in points), from_zero=False),
            y=axis_over((y for _, y in points), self._y_scale, from_zero=True),
            y_format=self.labels.y_format,
            above=above,
            below=0,
        )
        self.draw_axes(sheet, frame)
        self.draw_marker(sheet, frame)
        self._draw_curves(sheet, frame)

    def _colored(self) -> tuple[int, ...]:
        """Indices of the curves that get a colour and a digit: selected ones before others."""
        order = sorted(range(len(self._curves)), key=lambda i: not self._curves[i].selected)
        return tuple(sorted(order[:_MOST_COLORED]))

    def _style(self, index: int) -> Style:
        colored = self._colored()
        if index not in colored:
            return self.style_of("axis")
        curve, is_any_selected = self._curves[index], any(c.selected for c in self._curves)
        color = self.palette.series[colored.index(index)]
        return Style(color=color, bold=curve.selected, dim=is_any_selected and not curve.selected)

    def _draw_legend(self, sheet: Sheet, top: int) -> int:
        """Writes the names of coloured curves; returns the lines used."""
        colored = self._colored()
        names = [clean_text(self._curves[index].label) for index in colored]
        needed = sum(cell_len(name) + 4 for name in names)
        lines = 2 if needed > sheet.width and sheet.height >= _LEAST_HEIGHT_WITH_TWO_LINES else 1
        per_line = math.ceil(len(names) / lines)
        pitch = min(sheet.width // per_line, max(cell_len(name) for name in names) + 4)
        for place, (index, name) in enumerate(zip(colored, names, strict=True)):
            line, column = divmod(place, per_line)
            style = self._style(index)
            y, x = top + line, column * pitch
            x = sheet.write(x, y, f"{place + 1} ", style + Style(bold=True, dim=False))
            sheet.write(x, y, shorten(name, max(4, pitch - 4)), style)
        return lines

    def _draw_curves(self, sheet: Sheet, frame: PlotFrame) -> None:
        colored = self._colored()
        order = sorted(
            range(len(self._curves)), key=lambda i: (self._curves[i].selected, i in colored)
        )
        dots = DotGrid(frame.width, frame.height, self.symbols)
        for index in order:
            style = self._style(index)
            for start, end, is_dashed in _strokes(self._curves[index]):
                dots.line(frame.place(*start), frame.place(*end), style, is_dashed=is_dashed)
        dots.draw(sheet, frame.left, frame.top)
        for digit, index in enumerate(colored, start=1):
            self._draw_digit(sheet, frame, index, digit, len(colored))

    def _draw_digit(
        self, sheet: Sheet, frame: PlotFrame, index: int, digit: int, count: int
    ) -> None:
        """Digits stand at different x, so that curves that meet are still told apart."""
        curve = self._curves[index]
        points = [(x, frame.y.fraction(y)) for x, y in _finite_points(curve)]
        if not points:
            return
        x = frame.x.low + (frame.x.high - frame.x.low) * (1 - digit / (2 * count + 1))
        style = self._style(index) + Style(bold=True, dim=False)
        y = frame.y.value_at(_interpolate(points, x))
        sheet.put(frame.column(x), frame.row(y), str(digit), style)


def _finite_points(curve: CurveSeries) -> list[_Point]:
    pairs = zip(curve.xs, curve.ys, strict=True)
    return [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y)]


def _all_points(curve: CurveSeries) -> list[_Point]:
    """Points and the ends of their intervals."""
    pairs = zip(curve.xs, curve.intervals, strict=False)
    bounds = [(x, y) for x, pair in pairs for y in pair or ()]
    return [*_finite_points(curve), *((x, y) for x, y in bounds if math.isfinite(y))]


def _strokes(curve: CurveSeries) -> Iterator[tuple[_Point, _Point, bool]]:
    """The lines of a curve as (start, end, whether dashed); a lone point is a line to itself."""
    points = list(zip(curve.xs, curve.ys, strict=True))
    shown = [at for at, point in enumerate(points) if all(map(math.isfinite, point))]
    for start, end in pairwise(shown if len(shown) > 1 else shown * 2):
        yield points[start], points[end], bool(curve.estimated & {start, end})
    for at, pair in enumerate(curve.intervals):
        if pair is not None and all(map(math.isfinite, pair)):
            yield (curve.xs[at], pair[0]), (curve.xs[at], pair[1]), False


def _interpolate(points: Sequence[_Point], x: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= x <= x1:
            return y0 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[0][1] if x < points[0][0] else points[-1][1]
