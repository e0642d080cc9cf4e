"""One bar cut into named shares, the largest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from rich.cells import cell_len
from rich.style import Style

from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_percent
from sparsify_tui.tui.widgets.chart import Chart
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.sheet import Sheet

_DARK_TEXT = "#101418"


class ShareBar(Chart):
    """A row of blocks as wide as their share, named inside, and a row for the names that are not.

    The last block is all that has no colour of its own.
    """

    DEFAULT_CSS = """
    ShareBar { height: 2; margin: 0 1; }
    """

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options)
        self._shares: tuple[tuple[str, float], ...] = ()

    def set_shares(self, amounts: Sequence[tuple[str, float]]) -> None:
        """Shows names with amounts of any unit; those not above 0 are left out."""
        whole = sum(amount for _, amount in amounts if amount > 0)
        shares = tuple(
            (clean_text(name), amount / whole)
            for name, amount in sorted(amounts, key=lambda one: -one[1])
            if amount > 0
        )
        if shares != self._shares:
            self._shares = shares
            self.data_changed()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to share out."""
        return not self._shares

    def draw(self, sheet: Sheet) -> None:
        """Blocks side by side; each edge is rounded, so that they fill the row."""
        start, done, below = 0, 0.0, 0
        for at, (name, share) in enumerate(self._blocks()):
            done += share
            end = round(done * sheet.width)
            text = f"{name} {format_percent(share, 0)}"
            style = self._style(at)
            for x in range(start, end):
                sheet.put(x, 0, " ", style)
            if cell_len(text) + 3 <= end - start:
                sheet.write(start, 0, f"{self.symbols.vertical}{text}", style)
            elif below + cell_len(text) + 2 <= sheet.width:
                sheet.write(below, 1, self.symbols.point, Style(color=style.bgcolor))
                below = sheet.write(below + 2, 1, f"{text}  ", self.style_of("note"))
            start = end

    def _blocks(self) -> list[tuple[str, float]]:
        most = len(self.palette.series)
        blocks, rest = list(self._shares[:most]), self._shares[most:]
        if rest:
            blocks.append((f"{len(rest)} more", sum(share for _, share in rest)))
        return blocks

    def _style(self, at: int) -> Style:
        colors = self.palette.series
        if at == len(colors):
            return self.style_of("cursor")
        return Style(color=_DARK_TEXT, bgcolor=colors[at], bold=True)
