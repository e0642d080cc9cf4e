"""A table of layers, runs or projects: sorted, filtered, marked, and driven by keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Unpack

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.row_table import RowTable
from sparsify_tui.tui.widgets.table_messages import MarksMessage, RowMessage
from sparsify_tui.tui.widgets.table_model import (
    Column,
    Row,
    columns_that_fit,
    csv_of,
    fit_text,
    texts_of,
    widths_over,
)
from sparsify_tui.tui.widgets.table_state import TableState

_MARK = "(mark)"
_GAP = 1
_Layout = tuple[tuple[Column, int], ...]


class Table(RowTable, inherit_bindings=False):
    """Rows with names that outlive sorting, filtering and new values."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Choose", show=False, id="table.choose"),
        Binding("j,down", "cursor_down", "Down", show=False, id="table.down"),
        Binding("k,up", "cursor_up", "Up", show=False, id="table.up"),
        Binding("g,home,ctrl+home", "scroll_top", "Top", show=False, id="table.top"),
        Binding("G,end,ctrl+end", "scroll_bottom", "Bottom", show=False, id="table.bottom"),
        Binding("ctrl+d,pagedown", "page_down", "Page down", show=False, id="table.page_down"),
        Binding("ctrl+u,pageup", "page_up", "Page up", show=False, id="table.page_up"),
        Binding("space", "toggle_mark", "Mark", show=False, id="table.mark"),
        Binding("asterisk", "mark_all", "Mark all in sight", show=False, id="table.mark_all"),
        Binding("less_than_sign", "choose_column(-1)", "Column before", show=False, id="table.lt"),
        Binding("greater_than_sign", "choose_column(1)", "Column after", show=False, id="table.gt"),
        Binding("s", "sort_column", "Sort", show=False, id="table.sort"),
    ]
    DEFAULT_CSS = """
    Table {
        height: 1fr;
        background: $surface;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        &:focus { background-tint: $surface 0%; }
        & > .datatable--header { background: $panel; color: $text-muted; text-style: none; }
        &:focus > .datatable--header { background: $panel; background-tint: $panel 0%; }
        & > .datatable--hover { background: $surface; }
        & > .datatable--header-hover { background: $panel; }
    }
    """

    class Highlighted(RowMessage):
        """The cursor is on another row."""

    class Chosen(RowMessage):
        """Enter or a double click on a row."""

    class Marked(MarksMessage):
        """A row was marked or unmarked."""

    def __init__(
        self,
        *columns: Column,
        can_mark: bool = True,
        **options: Unpack[WidgetOptions],
    ) -> None:
        super().__init__(
            show_row_labels=False,
            cursor_type="row",
            cell_padding=0,
            **options,
        )
        self._declared = columns
        self._can_mark = can_mark
        self._state = TableState()
        self._shown_keys: tuple[str, ...] = ()
        self._added_keys: tuple[str, ...] = ()
        self._layout: _Layout = ()
        self._pointed: str | None = None
        self._aim: str | None = None
        self._told: str | None = None

    @property
    def matches(self) -> tuple[int, int]:
        """How many rows the filter leaves, and how many there are."""
        return len(self._shown_keys), len(self._state.rows)

    @property
    def marked_keys(self) -> frozenset[str]:
        """The keys of marked rows, also of those that the filter hides."""
        return frozenset(self._state.marks)

    @property
    def shown_keys(self) -> tuple[str, ...]:
        """The keys that the filter leaves, from top to bottom."""
        return self._shown_keys

    def csv_text(self) -> str:
        """The rows that the filter leaves, with every declared column, as CSV."""
        return csv_of(self._declared, [self._state.rows[key] for key in self._shown_keys])

    def row_text(self) -> str:
        """The row under the cursor, its columns separated by tabs."""
        key = self.cursor_key
        return "\t".join(texts_of(self._declared, self._state.rows[key])) if key else ""

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor; None in an empty table."""
        if not self._layout and self._aim in self._shown_keys:
            return self._aim
        row = self.cursor_row
        return self._shown_keys[row] if 0 <= row < len(self._shown_keys) else None

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Replaces all rows; cursor, sort order, filter and marks stay."""
        self._state.replace(rows)
        if self._state.ordered_keys() != self._shown_keys:
            self._refill()
        for key in self._shown_keys:
            self._write_cells(key)

    def update_row(self, row: Row) -> None:
        """Shows new cells of a known row where it stands; sorting waits for the next refill.

        Raises:
            KeyError: There is no row with this key.
        """
        self._state.put(row)
        if row.key in self._shown_keys:
            self._write_cells(row.key)

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

    def mark(self, keys: Iterable[str]) -> None:
        """Marks exactly these rows."""
        for key in self._state.mark(keys) & set(self._shown_keys):
            self._write_cells(key)

    def move_to(self, key: str) -> None:
        """Puts the cursor on a row; does nothing when the row is not shown."""
        self._aim = key
        if self._layout and key in self._shown_keys and key != self.cursor_key:
            self.move_cursor(row=self._shown_keys.index(key))

    def action_toggle_mark(self) -> None:
        """Marks or unmarks the row under the cursor."""
        if self.cursor_key is not None:
            self._toggle(self.cursor_key)

    def action_mark_all(self) -> None:
        """Marks all rows that the filter leaves; unmarks all when these are marked already."""
        if self._can_mark:
            marks, shown = self._state.marks, set(self._shown_keys)
            self.mark(() if shown <= marks else shown | marks)
            self.post_message(self.Marked(self, self.marked_keys))

    def action_choose_column(self, by: int) -> None:
        """Points at the next column that can be sorted."""
        keys = self._sortable()
        if keys:
            at = keys.index(self._pointed) + by if self._pointed in keys else min(0, by)
            self._pointed = keys[at % len(keys)]
            self._write_header()

    def action_sort_column(self) -> None:
        """Sorts by the column pointed at, then in reverse, then not at all."""
        keys = self._sortable()
        if keys:
            self._sort_next(self._pointed if self._pointed in keys else keys[0])

    def on_resize(self) -> None:
        """Drops or adds columns when the width calls for it."""
        if self._plan_layout() != self._layout:
            self._refill()

    def on_click(self, event: events.Click) -> None:
        """A click on the mark column marks; only a double click chooses."""
        row = event.style.meta.get("row", -1)
        if not 0 <= row < len(self._shown_keys):
            return
        if event.x <= _GAP:
            self._toggle(self._shown_keys[row])
        if row == self.cursor_row:
            event.prevent_default()
            if event.chain == 2:
                self.action_select_cursor()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Tells once which row the cursor is on."""
        event.stop()
        key = self.cursor_key
        if key is not None and key != self._told:
            self.post_message(self.Highlighted(self, key))
        self._told = key

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Tells which row was chosen."""
        event.stop()
        if self.cursor_key is not None:
            self.post_message(self.Chosen(self, self.cursor_key))

    def on_data_table_header_selected(self, event: DataTable.HeaderSelected) -> None:
        """Sorts by the column whose header was clicked."""
        event.stop()
        if event.column_key.value in self._sortable():
            self._sort_next(event.column_key.value)

    def _sortable(self) -> list[str]:
        return [column.key for column, _ in self._layout if column.sortable]

    def _sort_next(self, key: str) -> None:
        self._pointed = key
        self._state.sort_next(key)
        self._refill()

    def _toggle(self, key: str) -> None:
        if self._can_mark:
            self._state.marks ^= {key}
            self._write_cells(key)
            self.post_message(self.Marked(self, self.marked_keys))

    def _plan_layout(self) -> _Layout:
        """The columns that fit with their widths; none before the widget has a size."""
        width = self.scrollable_content_region.width
        if not width:
            return ()
        marks = (Column(key=_MARK, title="", width=1, sortable=False),) if self._can_mark else ()
        columns = columns_that_fit((*marks, *self._declared), width, _GAP)
        return tuple(zip(columns, widths_over(columns, width, _GAP), strict=True))

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
            self.add_column(self._title(column, width), width=width + _GAP, key=column.key)
        for key in keys if layout else ():
            self.add_row(*self._cells(key).values(), key=key)

    def _cells(self, key: str) -> dict[str, Text]:
        symbols = symbols_of(self.app)
        mark = Text(symbols.mark if key in self._state.marks else " ", end="")
        cells = {_MARK: mark, **self._state.rows[key].cells}
        return {
            column.key: fit_text(
                cells.get(column.key, Text()), width, symbols.ellipsis, column.justify
            )
            for column, width in self._layout
        }

    def _write_cells(self, key: str) -> None:
        if self._layout:
            self.write_row(key, self._cells(key))

    def _write_header(self) -> None:
        self.write_header({column.key: self._title(column, w) for column, w in self._layout})

    def _title(self, column: Column, width: int) -> Text:
        symbols = symbols_of(self.app)
        title = column.title
        if column.key == self._state.sorted_by:
            title += symbols.down if self._state.is_reversed else symbols.up
        style = "bold underline" if column.key == self._pointed else ""
        return fit_text(Text(title, style=style, end=""), width, symbols.ellipsis, column.justify)
