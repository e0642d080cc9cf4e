"""What a table remembers of its rows between refills: order, filter and marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sparsify_tui.tui.widgets.table_model import Row, filter_rows, sort_rows


class TableState:
    """All rows by key, and which of them are shown in what order."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.marks: set[str] = set()
        self.wanted = ""
        self.sorted_by: str | None = None
        self.is_reversed = False

    def replace(self, rows: Sequence[Row]) -> None:
        """Takes other rows; marks of rows that went are dropped."""
        self.rows = {row.key: row for row in rows}
        self.marks &= self.rows.keys()
        self.marks |= {row.key for row in rows if row.marked}

    def put(self, row: Row) -> None:
        """Takes new cells of a known row.

        Raises:
            KeyError: There is no row with this key.
        """
        if row.key not in self.rows:
            raise KeyError(row.key)
        self.rows[row.key] = row
        if row.marked:
            self.marks.add(row.key)

    def mark(self, keys: Iterable[str]) -> set[str]:
        """Marks exactly these rows; returns those that changed."""
        wanted = set(keys) & self.rows.keys()
        changed, self.marks = wanted ^ self.marks, wanted
        return changed

    def sort_next(self, column: str) -> None:
        """Sorts by a column, the second time in reverse, the third time not at all."""
        if self.sorted_by != column:
            self.sorted_by, self.is_reversed = column, False
        elif not self.is_reversed:
            self.is_reversed = True
        else:
            self.sorted_by, self.is_reversed = None, False

    def sort_only_by(self, columns: Iterable[str]) -> None:
        """Forgets the order where its column is not among these."""
        if self.sorted_by not in set(columns):
            self.sorted_by, self.is_reversed = None, False

    def ordered_keys(self) -> tuple[str, ...]:
        """The keys that the filter leaves, in order."""
        rows = filter_rows(self.rows.values(), self.wanted)
        ordered = sort_rows(rows, self.sorted_by, is_reversed=self.is_reversed)
        return tuple(row.key for row in ordered)
