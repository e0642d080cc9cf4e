"""A text to read and copy: an error log, the details of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.dialogs.dialog import Dialog
from sparsify_tui.tui.symbols import symbols_of

_LONGEST_LINE = 2000


class TextView(Dialog[None]):
    """Lines that scroll; `y` copies them all, through `copy` when given."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", show=False, id="text.copy"),
        Binding("j,down", "scroll_text(1)", "Down", show=False, id="text.down"),
        Binding("k,up", "scroll_text(-1)", "Up", show=False, id="text.up"),
        Binding("ctrl+d,pagedown", "scroll_text(10)", "Page down", show=False, id="text.page_down"),
        Binding("ctrl+u,pageup", "scroll_text(-10)", "Page up", show=False, id="text.page_up"),
        Binding("q", "leave", "Close", show=False, id="text.leave"),
    ]
    DEFAULT_CSS = """
    TextView > .dialog--box { width: 100%; height: 100%; }
    TextView VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    """

    def __init__(self, title: str, text: str, *, copy: Callable[[str], None] | None = None) -> None:
        super().__init__(title, [("y", "copy"), ("j", "down"), ("k", "up")], leave="close")
        self._text = text
        self._copy = copy
        self._state = Static("", markup=False, classes="dialog--quiet")

    def body(self) -> Sequence[Widget]:
        """The text and a line that confirms copying."""
        lines = [
            clean_text(line.expandtabs(4), _LONGEST_LINE) if line else ""
            for line in self._text.splitlines()
        ]
        return VerticalScroll(Static(Content("\n".join(lines)), markup=False)), self._state

    def action_scroll_text(self, by: int) -> None:
        """Scrolls by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_copy(self) -> None:
        """Copies the whole text as it is, and says so."""
        (self._copy or self.app.copy_to_clipboard)(self._text)
        self._state.update(f"{symbols_of(self.app).check} copied")
