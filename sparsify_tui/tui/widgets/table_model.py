"""What a table is declared by, and the pure parts: which columns fit, which rows in what order."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from rich.text import Text

SortValue = float | str | None
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of `width` cells; one with a higher `priority` is dropped sooner."""

    key: str
    title: str
    width: int
    justify: Literal["left", "right"] = "left"
    sortable: bool = True
    priority: int = 0
    grows: bool = False
    is_anchor: bool = False
    """Shown on each page of columns."""
    is_pointed: bool = False
    """Whether a mark before its title points at it."""


class Late(Mapping[str, T]):
    """What is made when it is first asked for, and kept: most rows are never in sight."""

    def __init__(self, make: Callable[[], Mapping[str, T]]) -> None:
        self._make = make
        self._made: Mapping[str, T] | None = None

    @property
    def _all(self) -> Mapping[str, T]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, key: str) -> T:
        return self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Cells by column key; `key` names the row for good, `search` is what a filter looks in."""

    key: str
    cells: Mapping[str, Text]
    sort_values: Mapping[str, SortValue] = field(default_factory=dict)
    search: str = ""
    marked: bool = False


def columns_that_fit(columns: Sequence[Column], width: int, gap: int) -> tuple[Column, ...]:
    """The columns that fit `width` cells, `gap` cells of padding each; at least one remains."""
    kept = list(columns)
    while len(kept) > 1 and sum(column.width + gap for column in kept) > width:
        last_of_worst = max(range(len(kept)), key=lambda i: (kept[i].priority, i))
        if kept[last_of_worst].priority == 0:
            break
        del kept[last_of_worst]
    return tuple(kept)


def column_pages(columns: Sequence[Column], width: int, gap: int) -> tuple[tuple[Column, ...], ...]:
    """The columns that fit, then those that do not, each page led by the anchors.

    A column that grows is an anchor, too.
    """
    pages = [columns_that_fit(columns, width, gap)]
    left = [column for column in columns if column not in pages[0]]
    anchors = [column for column in columns if column.is_anchor or column.grows]
    while left:
        page = (*anchors, left[0])
        room = width - sum(column.width + gap for column in page)
        for column in left[1:]:
            if column.width + gap > room:
                break
            room -= column.width + gap
            page = (*page, column)
        pages.append(page)
        left = [column for column in left if column not in page]
    return tuple(pages)


def widths_over(columns: Sequence[Column], width: int, gap: int) -> tuple[int, ...]:
    """The width of each column when those that grow share what is left, or lack it."""
    left = width - sum(column.width + gap for column in columns)
    growing = sum(column.grows for column in columns)
    share = left // growing if growing else 0
    return tuple(
        max(4, column.width + share) if column.grows else column.width for column in columns
    )


def filter_rows(rows: Iterable[Row], text: str) -> tuple[Row, ...]:
    """The rows whose search text holds `text`, in any case."""
    wanted = text.casefold()
    return tuple(row for row in rows if wanted in row.search.casefold())


def sort_rows(rows: Sequence[Row], column: str | None, *, is_reversed: bool) -> tuple[Row, ...]:
    """Rows by a column's sort values, else as they are; a missing value is always last."""
    if column is None:
        return tuple(rows)
    present = [row for row in rows if row.sort_values.get(column) is not None]
    missing = [row for row in rows if row.sort_values.get(column) is None]
    present.sort(key=lambda row: _rank(row.sort_values[column]), reverse=is_reversed)
    return (*present, *missing)


def texts_of(columns: Sequence[Column], row: Row) -> list[str]:
    """The texts of a row's columns, those without a title (bars, marks) left out."""
    return [
        row.cells[column.key].plain.strip() if column.key in row.cells else ""
        for column in columns
        if column.title
    ]


def csv_of(columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """Titles and rows as comma-separated values."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.title for column in columns if column.title])
    writer.writerows(texts_of(columns, row) for row in rows)
    return out.getvalue()


def markdown_of(columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """Titles and rows as a Markdown table; a bar in a name is escaped."""
    titled = [column for column in columns if column.title]
    rule = ["---:" if column.justify == "right" else "---" for column in titled]
    lines = [[column.title for column in titled], rule, *(texts_of(columns, row) for row in rows)]
    return "".join(
        f"| {' | '.join(text.replace('|', chr(92) + '|') for text in line)} |\n" for line in lines
    )


def fit_text(text: Text, width: int, ellipsis: str, justify: str = "left") -> Text:
    """Cuts the middle out of a cell that is too wide, and pads on the left to the right side."""
    size = text.cell_len
    if size > width:
        text = _cut_middle(text, width, ellipsis)
        size = text.cell_len
    if justify == "right" and size < width:
        return Text(" " * (width - size), end="") + text
    return text


def _cut_middle(text: Text, width: int, ellipsis: str) -> Text:
    keep = max(0, width - 1)
    while keep:
        tail = keep // 2
        head = text[: keep - tail]
        cut = head + Text(ellipsis, style=text.style) + text[len(text) - tail :]
        if cut.cell_len <= width:
            return cut
        keep -= 1
    return Text(ellipsis[:width])


def _rank(value: SortValue) -> tuple[int, float, str]:
    if isinstance(value, str):
        return 1, 0.0, value.casefold()
    return 0, value if value is not None else 0.0, ""
