"""A DataTable that makes only the rows in sight, and repaints only those that changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self, Unpack

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import DataTable
from textual.widgets.data_table import ColumnKey, RowKey

from sparsify_tui.tui.widgets.options import WidgetOptions


class RowTable(DataTable[Text]):
    """Adds writing one row, the header, or another order, each at its own price.

    What a row costs is paid when it is first drawn: a thousand rows are there at once.
    """

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        self._is_quiet = False
        super().__init__(show_row_labels=False, cursor_type="row", cell_padding=0, **options)
        self._drawn: set[str] = set()

    @abstractmethod
    def cells_of(self, key: str) -> Mapping[str, Text]:
        """The cells of a row, by column key."""

    def get_row(self, row_key: RowKey | str) -> list[Text]:
        """The cells of a row, which are made when they are first asked for."""
        key = row_key if isinstance(row_key, str) else row_key.value
        if key is not None and key not in self._drawn and row_key in self._data:
            self._drawn.add(key)
            cells = self.cells_of(key).items()
            self._data[RowKey(key)].update({ColumnKey(name): cell for name, cell in cells})
        return super().get_row(row_key)

    def clear(self, columns: bool = False) -> Self:
        """Removes all rows, and the columns when asked to."""
        self._drawn = set()
        return super().clear(columns)

    def add_keys(self, keys: Iterable[str]) -> None:
        """Adds rows at the end, without their cells."""
        for key in keys:
            self.add_row(key=key)

    def _update_dimensions(self, new_rows: Iterable[RowKey]) -> None:  # noqa: ARG002
        # DataTable would make and measure every new row; ours are one line of given widths
        super()._update_dimensions(())

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

    def write_rows(self, keys: Iterable[str]) -> None:
        """Makes rows anew: those in sight now, the others when they are drawn."""
        drawn = self._drawn.intersection(keys)
        shown = drawn & self._keys_in_sight()
        self._drawn -= drawn - shown
        if drawn - shown:
            self._forget_lines()
        for key in shown:
            self.write_row(key)

    def write_row(self, key: str) -> None:
        """Puts the cells that differ, and repaints the row when there are any."""
        if key not in self._drawn:
            return
        cells = self.cells_of(key)
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
        self._forget_lines()
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

    def _keys_in_sight(self) -> set[str | None]:
        """Of the rows that the window shows now."""
        first = round(self.scroll_y)
        rows = self.ordered_rows[first : first + self.size.height]
        return {row.key.value for row in rows}

    def _forget_lines(self) -> None:
        """Drops what was rendered, and repaints nothing."""
        with self._quietly():
            self.notify_style_update()

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
