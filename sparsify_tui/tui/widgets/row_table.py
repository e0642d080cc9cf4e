"""A DataTable that repaints only the rows that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import DataTable
from textual.widgets.data_table import ColumnKey


class RowTable(DataTable[Text]):
    """Adds writing one row, the header, or another order, each at its own price."""

    _is_quiet = False

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """Repaints; nothing while `_quietly` writes."""
        if self._is_quiet and not regions:
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_line(self, y: int) -> Strip:
        """A line in as few pieces as its colours allow, which is what a slow terminal pays for.

        DataTable tells its cells apart for the mouse; for a cursor of whole rows the row will do.
        """
        strip = super().render_line(y)
        if self.show_header and y < self.header_height:
            return strip
        rows = {segment.style.meta.get("row") for segment in strip if segment.style} - {None}
        place = Style.from_meta({"row": rows.pop(), "column": 0}) if len(rows) == 1 else Style()
        plain = Strip(
            [Segment(text, style and style.clear_meta_and_links()) for text, style, _ in strip],
            strip.cell_length,
        )
        return plain.simplify().apply_style(place)

    def write_row(self, key: str, cells: Mapping[str, Text]) -> None:
        """Puts the cells that differ, by column key, and repaints the row when there are any."""
        changed = {name: cell for name, cell in cells.items() if self._differs(key, name, cell)}
        with self._quietly():
            for name, cell in changed.items():
                self.update_cell(key, name, cell)
        if changed:
            self.refresh_row(self.get_row_index(key))

    def write_header(self, titles: Mapping[str, Text]) -> None:
        """Puts titles by column key, and repaints the header."""
        for name, title in titles.items():
            self.columns[ColumnKey(name)].label = title
        with self._quietly():
            self.notify_style_update()
        self.refresh(Region(0, 0, self.size.width, 1))

    def reorder(self, keys: Sequence[str], added_keys: Sequence[str]) -> None:
        """Puts the rows that are there in the order of `keys`.

        Far cheaper than adding them again. `added_keys` are the same keys in the order in
        which they were added, which is the order in which `sort` asks for them.
        """
        places = {key: index for index, key in enumerate(keys)}
        in_order_of_adding = iter([places[key] for key in added_keys])
        self.sort(key=lambda _: next(in_order_of_adding))

    def _set_hover_cursor(self, active: bool) -> None:
        # DataTable repaints the row under the mouse at each key, changed or not
        if active != self._show_hover_cursor:
            super()._set_hover_cursor(active)

    def _differs(self, key: str, name: str, cell: Text) -> bool:
        """Whether a cell would look different; rich leaves the base style out of ==."""
        shown = self.get_cell(key, name)
        return shown != cell or shown.style != cell.style

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Keeps DataTable from repainting all of itself for a change that is smaller."""
        self._is_quiet = True
        try:
            yield
        finally:
            self._is_quiet = False
