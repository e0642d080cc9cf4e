"""Points and lines finer than a cell: two by four braille dots, or one mark a cell."""

from __future__ import annotations

from rich.style import Style

from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.sheet import Sheet

_BRAILLE_BITS = ((1, 2, 4, 64), (8, 16, 32, 128))
_BRAILLE_START = 0x2800
_DASH = 2
"""Dots of a dash, and of the gap after it."""


class DotGrid:
    """Dots over `width` x `height` cells; the last colour set in a cell wins."""

    def __init__(self, width: int, height: int, symbols: SymbolSet) -> None:
        self._per_cell = (2, 4) if symbols.has_braille else (1, 1)
        self._mark = symbols.dot
        self._bits: dict[tuple[int, int], int] = {}
        self._styles: dict[tuple[int, int], Style] = {}
        self._cells = (width, height)
        self.width = width * self._per_cell[0]
        self.height = height * self._per_cell[1]

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        style: Style,
        *,
        is_dashed: bool = False,
    ) -> None:
        """Draws from `start` to `end`, each (x, y) in [0, 1] with y up."""
        x0, y0 = self._dot(start)
        x1, y1 = self._dot(end)
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(steps + 1):
            if is_dashed and step // _DASH % 2:
                continue
            part = step / steps
            self._set(round(x0 + (x1 - x0) * part), round(y0 + (y1 - y0) * part), style)

    def draw(self, sheet: Sheet, left: int, top: int) -> None:
        """Writes the cells that have dots onto a sheet."""
        for (x, y), bits in self._bits.items():
            character = chr(_BRAILLE_START + bits) if self._per_cell[0] == 2 else self._mark
            sheet.put(left + x, top + y, character, self._styles[x, y])

    def _dot(self, place: tuple[float, float]) -> tuple[int, int]:
        x, y = place
        return round(x * (self.width - 1)), round((1 - y) * (self.height - 1))

    def _set(self, x: int, y: int, style: Style) -> None:
        across, down = self._per_cell
        cell = x // across, y // down
        self._bits[cell] = self._bits.get(cell, 0) | _BRAILLE_BITS[x % across][y % down]
        self._styles[cell] = style
