"""One message above the keys: an error that stays, or a quiet success."""

from __future__ import annotations

from typing import Literal, Unpack

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.options import WidgetOptions

_MOST_CHARACTERS = 400


class MessageLine(Widget):
    """Hidden when empty; an error stays until it is dismissed or replaced by another."""

    DEFAULT_CSS = """
    MessageLine {
        display: none;
        height: auto;
        max-height: 4;
        padding: 0 1;
        background: $panel;
        color: $text-success;
        &.-error { background: $error-darken-2; color: auto; }
        &.-shown { display: block; }
    }
    """

    kind: reactive[Literal["none", "error", "success"]] = reactive[
        Literal["none", "error", "success"]
    ]("none")

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options, markup=False)
        self._message = ""
        self._hint = ""

    def show_error(self, message: str, hint: str = "") -> None:
        """Shows what went wrong and what to do, until it is dismissed."""
        self._show("error", message, hint)

    def show_success(self, message: str) -> None:
        """Confirms; never covers an error."""
        if self.kind != "error":
            self._show("success", message, "")

    def dismiss(self) -> bool:
        """Hides the message; returns whether there was one."""
        had_one = self.kind != "none"
        self._show("none", "", "")
        return had_one

    def render(self) -> Content:
        """Mark, message, hint, and how to get rid of an error."""
        symbols = symbols_of(self.app)
        if self.kind == "success":
            return Content(f"{symbols.check} {self._message}")
        hint = f" {self._hint}" if self._hint else ""
        return Content.assemble((f"! {self._message}", "bold"), hint, " (Esc)")

    def on_click(self) -> None:
        """A click dismisses."""
        self.dismiss()

    def _show(self, kind: Literal["none", "error", "success"], message: str, hint: str) -> None:
        self._message = clean_text(message, _MOST_CHARACTERS)
        self._hint = clean_text(hint, _MOST_CHARACTERS) if hint else ""
        self.kind = kind
        self.set_class(kind == "error", "-error")
        self.set_class(kind != "none", "-shown")
        self.refresh(layout=True)
