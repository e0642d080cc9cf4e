"""Asks before something that cannot be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.dialogs.dialog import Dialog


class Confirm(Dialog[bool]):
    """A question, its consequence, and yes or no; `typed` is a word to type for yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "accept", "Yes", show=False, id="confirm.yes"),
        Binding("n", "leave", "No", show=False, id="confirm.no"),
    ]
    DEFAULT_CSS = """
    Confirm > .dialog--box { width: 60; }
    """

    def __init__(
        self,
        question: str,
        consequence: str = "",
        *,
        typed: str = "",
        yes: str = "yes",
        no: str = "no",
    ) -> None:
        super().__init__(question, [("enter" if typed else "y", yes)], leave=no)
        self._consequence = clean_text(consequence, 600) if consequence else ""
        self._typed = typed

    def body(self) -> Sequence[Widget]:
        """The consequence, and the input for the word."""
        parts: list[Widget] = []
        if self._consequence:
            parts.append(Static(self._consequence, markup=False, classes="dialog--text"))
        if self._typed:
            ask = f"Type {clean_text(self._typed)} to go on:"
            parts.append(Static(ask, markup=False, classes="dialog--quiet"))
            box = Input(compact=True)
            box.cursor_blink = False
            parts.append(box)
        return parts

    def action_accept(self) -> None:
        """Says yes, unless a word is still missing."""
        if not self._typed or self.query_one(Input).value == self._typed:
            self.dismiss(True)  # noqa: FBT003 - the answer of a yes-or-no question

    def action_leave(self) -> None:
        """Says no."""
        self.dismiss(False)  # noqa: FBT003 - the answer of a yes-or-no question

    @on(Input.Submitted)
    def accept_typed(self) -> None:
        """Enter in the input says yes when the word is right."""
        self.action_accept()
