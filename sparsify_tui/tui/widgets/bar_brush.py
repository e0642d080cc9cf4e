"""Draws upright bars, alone or two in one, an eighth of a cell fine."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style

from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.axis import Axis
from sparsify_tui.tui.widgets.sheet import Sheet

_LEVELS = 8


def levels_of(axis: Axis, value: float | None, height: int) -> int | None:
    """Eighths of a cell that a value reaches; at least one when it is above 0."""
    if value is None or value <= 0:
        return None if value is None else 0
    return max(1, round(axis.fraction(value) * height * _LEVELS))


@dataclass(frozen=True, slots=True, kw_only=True)
class BarBrush:
    """Puts bars on a sheet, upward from a bottom row."""

    sheet: Sheet
    symbols: SymbolSet
    missing: Style

    def bar(
        self,
        columns: range,
        bottom: int,
        levels: int | None,
        color: str,
        *,
        is_estimated: bool = False,
    ) -> None:
        """One bar; None is the mark of no value, and shade stands for one that is estimated."""
        if levels is None:
            self.sheet.put(columns[0], bottom, self.symbols.missing, self.missing)
            return
        rising = self.symbols.rising
        body = self.symbols.shade if is_estimated else rising[_LEVELS]
        full, rest = divmod(levels, _LEVELS)
        self._fill(columns, bottom, range(full), body, Style(color=color))
        if rest:  # dim beside shade, which would look darker
            style = Style(color=color, dim=is_estimated)
            self._fill(columns, bottom, range(full, full + 1), rising[rest], style)

    def pair(
        self, columns: range, bottom: int, levels: tuple[int, int], colors: tuple[str, str]
    ) -> None:
        """The second in front of the first: shade above it if shorter, a line if it is taller."""
        first, second = levels
        self._fill(
            columns,
            bottom,
            range(_cells(second), _cells(first)),
            self.symbols.shade,
            Style(color=colors[0]),
        )
        self.bar(columns, bottom, min(first, second), colors[1])
        over = range(_cells(first), _cells(second))
        self._fill(columns, bottom, over, self.symbols.vertical, Style(color=colors[1]))

    def _fill(self, columns: range, bottom: int, rows: range, character: str, style: Style) -> None:
        for column in columns:
            for row in rows:
                self.sheet.put(column, bottom - row, character, style)


def _cells(levels: int) -> int:
    return -(-levels // _LEVELS)
