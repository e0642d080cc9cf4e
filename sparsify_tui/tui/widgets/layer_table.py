"""A table of layers, runs or projects: sorted, filtered, marked, and driven by keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Unpack

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from sparsify_tui.tui.widgets.column_table import GAP, ColumnTable
from sparsify_tui.tui.widgets.mark_range import MarkRange
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.table_messages import MarksMessage, RowMessage
from sparsify_tui.tui.widgets.table_model import Column


class Table(ColumnTable, inherit_bindings=False):
    """Adds keys, the mouse, marks and messages."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Choose", show=False, id="table.choose"),
        Binding("j,down", "cursor_down", "Down", show=False, id="table.down"),
        Binding("k,up", "cursor_up", "Up", show=False, id="table.up"),
        Binding("home,ctrl+home", "scroll_top", "Top", show=False, id="table.top"),
        Binding("G,end,ctrl+end", "scroll_bottom", "Bottom", show=False, id="table.bottom"),
        Binding("ctrl+d,pagedown", "page_down", "Page down", show=False, id="table.page_down"),
        Binding("ctrl+u,pageup", "page_up", "Page up", show=False, id="table.page_up"),
        Binding("space", "toggle_mark", "Mark", show=False, id="table.mark"),
        Binding("V", "mark_range", "Begin or end a range of marks", show=False, id="table.range"),
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
        super().__init__(*columns, can_mark=can_mark, **options)
        self._told: str | None = None
        self._range: MarkRange | None = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Whether there is something to mark, for what marks."""
        del parameters
        return self._can_mark or "mark" not in action

    @property
    def marked_keys(self) -> frozenset[str]:
        """The keys of marked rows, also of those that the filter hides."""
        return frozenset(self._state.marks)

    def mark(self, keys: Iterable[str]) -> None:
        """Marks exactly these rows."""
        self.write_rows(self._state.mark(keys))

    def action_toggle_mark(self) -> None:
        """Marks or unmarks the row under the cursor."""
        if self.cursor_key is not None:
            self._toggle(self.cursor_key)

    def action_mark_all(self) -> None:
        """Marks all rows that the filter leaves; unmarks all when these are marked already."""
        marks, shown = self._state.marks, set(self._shown_keys)
        self._mark_and_tell(() if shown <= marks else shown | marks)

    def action_mark_range(self) -> None:
        """Begins to mark all rows that the cursor passes, or ends that and keeps them."""
        key = self.cursor_key
        if self._range is not None or key is None:
            self._range = None
            return
        self._range = MarkRange(key, self._state.marks)
        self._mark_and_tell({*self._state.marks, key})

    def drop_range(self) -> bool:
        """Takes back a range that has not ended; returns whether there was one."""
        if self._range is None:
            return False
        self._mark_and_tell(self._range.marks_before)
        self._range = None
        return True

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

    def on_click(self, event: events.Click) -> None:
        """A click on the mark column marks; only a double click chooses."""
        row = event.style.meta.get("row", -1)
        if not 0 <= row < len(self._shown_keys):
            return
        if event.x <= GAP:
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
            if self._range is not None:
                self._mark_and_tell(self._range.marks_to(key, self._shown_keys))
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

    def _sort_next(self, key: str) -> None:
        self._pointed = key
        self._state.sort_next(key)
        self._refill()

    def _toggle(self, key: str) -> None:
        if self._can_mark:
            self._range = None
            self._mark_and_tell(self._state.marks ^ {key})

    def _mark_and_tell(self, keys: Iterable[str]) -> None:
        self.mark(keys)
        self.post_message(self.Marked(self, self.marked_keys))
