"""A few questions on one screen, answered from the keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from sparsify_tui.tui.dialogs.dialog import Dialog
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.dialogs.field_row import FieldRow

_ROWS_AROUND_FIELDS = 6


class Form(Dialog[dict[str, str] | None]):
    """Gives back the answers by field name, or None when the user left.

    Enter goes to the next field, and in the last one accepts; F2 accepts from anywhere. An
    answer that will not do takes the focus instead.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "accept", "Accept", show=False, id="form.accept"),
        Binding("down", "app.focus_next", "Next", show=False, id="form.next"),
        Binding("up", "app.focus_previous", "Previous", show=False, id="form.previous"),
    ]
    DEFAULT_CSS = """
    Form VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
    """

    def __init__(self, title: str, fields: Sequence[Field], *, accept: str = "accept") -> None:
        keys = [("enter", "next"), ("tab", "complete or next"), ("f2", accept)]
        super().__init__(title, keys)
        self._rows = tuple(FieldRow(field) for field in fields)

    def body(self) -> Sequence[Widget]:
        """The fields, which scroll."""
        return (VerticalScroll(*self._rows, can_focus=False),)

    def on_resize(self) -> None:
        """Lets the fields scroll rather than push the keys off the screen."""
        scroll = self.query_one(VerticalScroll)
        scroll.styles.max_height = max(2, self.size.height - _ROWS_AROUND_FIELDS)

    def on_mount(self) -> None:
        """Begins in the first field."""
        self._rows[0].input.focus()

    def action_accept(self) -> None:
        """Gives back the answers, or goes to the first that will not do."""
        wrong = [row for row in self._rows if not row.check()]
        if wrong:
            wrong[0].input.focus()
        else:
            self.dismiss({row.field.name: row.value for row in self._rows})

    @on(FieldRow.Accepted)
    def go_on(self, event: FieldRow.Accepted) -> None:
        """Goes to the next field, or accepts after the last."""
        at = self._rows.index(event.row)
        if not event.row.check():
            return
        if event.row is self._rows[-1]:
            self.action_accept()
        else:
            self._rows[at + 1].input.focus()
