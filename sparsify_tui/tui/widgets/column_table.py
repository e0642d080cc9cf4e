"""A table of rows with names, in the columns that fit, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from rich.text import Text

from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.row_table import RowTable
from sparsify_tui.tui.widgets.table_model import (
    Column,
    Row,
    column_pages,
    csv_of,
    fit_text,
    markdown_of,
    texts_of,
    widths_over,
)
from sparsify_tui.tui.widgets.table_state import TableState

_MARK = "(mark)"
_MARKS = Column(key=_MARK, title="", width=1, sortable=False, is_anchor=True)
GAP = 1
_Layout = tuple[tuple[Column, int], ...]


class ColumnTable(RowTable):
    """Rows that outlive sorting, filtering, new values and another choice of columns."""

    def __init__(
        self,
        *columns: Column,
        can_mark: bool = True,
        **options: Unpack[WidgetOptions],
    ) -> None:
        super().__init__(**options)
        self._declared = columns
        self._can_mark = can_mark
        self._state = TableState()
        self._shown_keys: tuple[str, ...] = ()
        self._added_keys: tuple[str, ...] = ()
        self._layout: _Layout = ()
        self._page = 0
        self._pointed: str | None = None
        self._aim: str | None = None

    @property
    def matches(self) -> tuple[int, int]:
        """How many rows the filter leaves, and how many there are."""
        return len(self._shown_keys), len(self._state.rows)

    @property
    def shown_keys(self) -> tuple[str, ...]:
        """The keys that the filter leaves, from top to bottom."""
        return self._shown_keys

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor; None in an empty table."""
        if not self._layout and self._aim in self._shown_keys:
            return self._aim
        row = self.cursor_row
        return self._shown_keys[row] if 0 <= row < len(self._shown_keys) else None

    @property
    def column_titles(self) -> tuple[str, ...]:
        """Titles of the columns in sight."""
        return tuple(column.title for column, _ in self._layout if column.title)

    def csv_text(self) -> str:
        """The rows that the filter leaves, with every declared column, as CSV."""
        return csv_of(self._declared, self._shown_rows())

    def markdown_text(self) -> str:
        """The same as a Markdown table."""
        return markdown_of(self._declared, self._shown_rows())

    def row_text(self) -> str:
        """The row under the cursor, its columns separated by tabs."""
        key = self.cursor_key
        return "\t".join(texts_of(self._declared, self._state.rows[key])) if key else ""

    def show_rows(self, rows: Sequence[Row], columns: Sequence[Column] | None = None) -> None:
        """Replaces all rows, and the columns when given; cursor, order, filter, marks stay."""
        is_other = columns is not None and tuple(columns) != self._declared
        if columns is not None and is_other:
            self._declared = tuple(columns)
            self._state.sort_only_by(column.key for column in columns)
        before = self._state.rows
        self._state.replace(rows)
        if is_other or self._state.ordered_keys() != self._shown_keys:
            self._refill()
        self.write_rows(row.key for row in rows if before.get(row.key) is not row)

    def update_row(self, row: Row) -> None:
        """Shows new cells of a known row where it stands; sorting waits for the next refill.

        Raises:
            KeyError: There is no row with this key.
        """
        self._state.put(row)
        self.write_rows((row.key,))

    def set_filter(self, text: str) -> None:
        """Shows only rows whose search text holds `text`; empty shows all."""
        self._state.wanted = text
        if self._state.ordered_keys() != self._shown_keys:
            self._refill()

    def sort_on(self, column: str | None, *, is_reversed: bool = False) -> None:
        """Sorts by a column's sort values; None keeps the order that was given."""
        self._pointed = column
        self._state.sorted_by, self._state.is_reversed = column, is_reversed
        self._refill()

    def move_to(self, key: str) -> None:
        """Puts the cursor on a row; does nothing when the row is not shown."""
        self._aim = key
        if self._layout and key in self._shown_keys and key != self.cursor_key:
            self.move_cursor(row=self._shown_keys.index(key))

    def turn_page(self) -> int:
        """Shows the next of the columns that do not fit; returns how many pages there are."""
        self._page += 1
        self._refill()
        return len(self._pages())

    def on_resize(self) -> None:
        """Drops or adds columns when the width calls for it."""
        if self._plan_layout() != self._layout:
            self._refill()

    def _shown_rows(self) -> list[Row]:
        return [self._state.rows[key] for key in self._shown_keys]

    def _sortable(self) -> list[str]:
        return [column.key for column, _ in self._layout if column.sortable]

    def _pages(self) -> tuple[tuple[Column, ...], ...]:
        """The columns of each page; none before the widget has a size."""
        width = self.scrollable_content_region.width
        if not width:
            return ()
        marks = (_MARKS,) if self._can_mark else ()
        return column_pages((*marks, *self._declared), width, GAP)

    def _plan_layout(self) -> _Layout:
        """The columns of the page with their widths."""
        pages = self._pages()
        if not pages:
            return ()
        columns = pages[self._page % len(pages)]
        widths = widths_over(columns, self.scrollable_content_region.width, GAP)
        return tuple(zip(columns, widths, strict=True))

    def _refill(self) -> None:
        """Brings rows, columns and cursor in line with the state."""
        aim, row = self.cursor_key, self.cursor_row
        keys, layout = self._state.ordered_keys(), self._plan_layout()
        if layout and layout == self._layout and set(keys) == set(self._shown_keys):
            self.reorder(keys, self._added_keys)
            self._shown_keys = keys
            self._write_header()
        else:
            self._rebuild(keys, layout)
        if layout and keys:
            self.move_cursor(row=keys.index(aim) if aim in keys else min(row, len(keys) - 1))

    def _rebuild(self, keys: tuple[str, ...], layout: _Layout) -> None:
        self._shown_keys = self._added_keys = keys
        self._layout = layout
        self.clear(columns=True)
        for column, width in layout:
            self.add_column(self._title(column, width), width=width + GAP, key=column.key)
        self.add_keys(keys if layout else ())

    def cells_of(self, key: str) -> dict[str, Text]:
        """The cells of a row, fitted to the columns in sight."""
        symbols = symbols_of(self.app)
        mark = Text(symbols.mark if key in self._state.marks else " ", end="")
        cells = {_MARK: mark, **self._state.rows[key].cells}
        return {
            column.key: fit_text(
                cells.get(column.key, Text()), width, symbols.ellipsis, column.justify
            )
            for column, width in self._layout
        }

    def _write_header(self) -> None:
        self.write_header({column.key: self._title(column, w) for column, w in self._layout})

    def _title(self, column: Column, width: int) -> Text:
        symbols = symbols_of(self.app)
        title = f"{symbols.right}{column.title}" if column.is_pointed else column.title
        if column.key == self._state.sorted_by:
            title += symbols.down if self._state.is_reversed else symbols.up
        style = "bold underline" if column.key == self._pointed else ""
        return fit_text(Text(title, style=style, end=""), width, symbols.ellipsis, column.justify)
