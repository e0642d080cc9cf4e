"""The line in which a table's filter is typed."""

from __future__ import annotations

from typing import ClassVar, Unpack

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from sparsify_tui.tui.widgets.options import WidgetOptions


class FilterLine(Horizontal):
    """Hidden until it is opened; Enter keeps the filter, Esc clears it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear", show=False, id="filter.clear"),
    ]
    DEFAULT_CSS = """
    FilterLine {
        display: none;
        height: 1;
        background: $panel;
        padding: 0 1;
        & Static { width: auto; color: $text-accent; }
        & Input { width: 1fr; background: $panel; }
        &.-shown { display: block; }
    }
    """

    class Changed(Message):
        """Another filter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The line needs the keys no longer."""

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options)
        self._box = Input(compact=True)
        self._box.cursor_blink = False
        self._count = Static("", markup=False)

    def compose(self) -> ComposeResult:
        """A slash, the text, and how many rows match."""
        yield Static("/", markup=False)
        yield self._box
        yield self._count

    def open(self) -> None:
        """Shows the line and takes the keys."""
        self.add_class("-shown")
        self._box.focus()

    def clear(self) -> None:
        """Empties and hides the line."""
        self._box.value = ""
        self.remove_class("-shown")
        self.post_message(self.Changed(""))
        self.post_message(self.Closed())

    def show_matches(self, shown: int, total: int) -> None:
        """Says how many rows are left."""
        self._count.update(f"{shown} of {total}" if shown != total else "")

    def action_clear(self) -> None:
        """Esc."""
        self.clear()

    @on(Input.Changed)
    def tell(self, event: Input.Changed) -> None:
        """Filters while typing."""
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def keep(self, event: Input.Submitted) -> None:
        """Goes back to the table; the filter stays, and so does the line while it holds text."""
        event.stop()
        if not event.value:
            self.remove_class("-shown")
        self.post_message(self.Closed())
