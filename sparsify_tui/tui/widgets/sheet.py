"""A grid of styled cells that a chart writes on, and that turns into strips."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

_STYLE = itemgetter(1)


class Sheet:
    """`width` x `height` cells in one ground style; writing outside of it is dropped."""

    def __init__(self, width: int, height: int, ground: Style) -> None:
        self.width = width
        self.height = height
        self.ground = ground
        self._characters = [[" "] * width for _ in range(height)]
        self._styles = [[ground] * width for _ in range(height)]

    def put(self, x: int, y: int, character: str, style: Style) -> None:
        """Writes one character that is one cell wide."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._characters[y][x] = character
            self._styles[y][x] = style

    def write(self, x: int, y: int, text: str, style: Style) -> int:
        """Writes text of any script from cell `x` on; returns the cell after it."""
        for character in text:
            size = 1 if character.isascii() else get_character_cell_size(character)
            if size == 0:
                self._combine(x - 1, y, character)
                continue
            if x + size > self.width:
                break
            self.put(x, y, character, style)
            if size == 2:
                self.put(x + 1, y, "", style)
            x += size
        return x

    def shade(self, x: int, y: int, style: Style) -> None:
        """Lays a style over one cell and leaves its character."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._styles[y][x] += style

    def strips(self) -> list[Strip]:
        """The rows, each exactly `width` cells, every cell with a background."""
        return [
            self._strip(row, styles)
            for row, styles in zip(self._characters, self._styles, strict=True)
        ]

    def _strip(self, characters: list[str], styles: list[Style]) -> Strip:
        cells = zip(characters, styles, strict=True)
        runs = ((style, "".join(c for c, _ in run)) for style, run in groupby(cells, _STYLE))
        return Strip([Segment(text, self.ground + style) for style, text in runs], self.width)

    def _combine(self, x: int, y: int, character: str) -> None:
        if 0 <= x < self.width and 0 <= y < self.height:
            self._characters[y][x] += character
