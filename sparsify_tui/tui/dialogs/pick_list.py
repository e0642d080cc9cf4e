"""A list of lines with a cursor, drawn cheaply; it never takes the focus from an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Unpack

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from sparsify_tui.core.text import clean_text, shorten
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.options import WidgetOptions
from sparsify_tui.tui.widgets.sheet import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class PickLine:
    """A line: a key on the left, what it is, and a quiet description."""

    value: str
    label: str
    description: str = ""
    key: str = ""


class PickList(Widget):
    """Shows as many lines as fit, and keeps the cursor in sight."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "pick-list--key",
        "pick-list--quiet",
        "pick-list--cursor",
    }
    DEFAULT_CSS = """
    PickList {
        height: 1fr;
        background: $surface;
        & > .pick-list--key { color: $text-accent; text-style: bold; }
        & > .pick-list--quiet { color: $text-muted; }
        & > .pick-list--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
    }
    """
    ALLOW_SELECT = False

    cursor: reactive[int] = reactive(0)

    class Picked(Message):
        """A line was clicked."""

        def __init__(self, pick_list: PickList, line: PickLine) -> None:
            super().__init__()
            self.pick_list = pick_list
            self.line = line

        @property
        def control(self) -> PickList:
            """The list that sent it."""
            return self.pick_list

    def __init__(self, lines: Sequence[PickLine] = (), **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options, markup=False)
        self._lines = tuple(lines)

    @property
    def line(self) -> PickLine | None:
        """The line under the cursor."""
        return self._lines[self.cursor] if self._lines else None

    def set_lines(self, lines: Sequence[PickLine]) -> None:
        """Replaces the lines and goes to the first."""
        self._lines = tuple(lines)
        self.cursor = 0
        self.refresh()

    def move(self, by: int) -> None:
        """Moves the cursor, from one end to the other too."""
        if self._lines:
            self.cursor = (self.cursor + by) % len(self._lines)

    def render_line(self, y: int) -> Strip:
        """The line that stands in row `y`."""
        width, height = self.content_size
        sheet = Sheet(width, 1, self.rich_style)
        index = self._first(height) + y
        if index < len(self._lines):
            self._draw(sheet, self._lines[index], is_current=index == self.cursor)
        elif index == 0:
            style = self.get_component_rich_style("pick-list--quiet", partial=True)
            sheet.write(1, 0, "Nothing matches.", style)
        return sheet.strips()[0]

    def on_click(self, event: events.Click) -> None:
        """Picks the line below the mouse."""
        index = self._first(self.content_size.height) + event.y
        if index < len(self._lines):
            self.cursor = index
            self.post_message(self.Picked(self, self._lines[index]))

    def _first(self, height: int) -> int:
        return max(0, min(self.cursor - height // 2, len(self._lines) - height))

    def _draw(self, sheet: Sheet, line: PickLine, *, is_current: bool) -> None:
        cursor, key, quiet = (
            self.get_component_rich_style(f"pick-list--{part}", partial=True)
            for part in ("cursor", "key", "quiet")
        )
        if is_current:
            key = quiet = cursor
            sheet.write(0, 0, symbols_of(self.app).right.ljust(sheet.width), cursor)
        keys = max((cell_len(other.key) for other in self._lines), default=0)
        labels = max(cell_len(clean_text(other.label)) for other in self._lines)
        at = 2 + (keys + 2 if keys else 0)
        sheet.write(2, 0, line.key, key)
        sheet.write(
            at,
            0,
            shorten(clean_text(line.label), sheet.width - at),
            cursor if is_current else sheet.ground,
        )
        if line.description:
            sheet.write(at + labels + 2, 0, clean_text(line.description), quiet)
