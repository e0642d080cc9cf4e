"""Picks one of a few things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from sparsify_tui.tui.dialogs.dialog import Dialog
from sparsify_tui.tui.dialogs.pick_list import PickLine, PickList


class Choose(Dialog[str | None]):
    """A title and lines; gives back the `value` of a line, or None.

    A line with a key is also picked by that key.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="choose.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="choose.down"),
        Binding("enter", "accept", "Choose", show=False, id="choose.accept"),
    ]

    def __init__(self, title: str, lines: Sequence[PickLine]) -> None:
        super().__init__(title, [("enter", "choose")])
        self._lines = tuple(lines)
        self._list = PickList(self._lines)
        self._list.styles.height = max(1, len(self._lines))

    def body(self) -> Sequence[Widget]:
        """The lines."""
        return (self._list,)

    def action_move(self, by: int) -> None:
        """Moves the cursor."""
        self._list.move(by)

    def action_accept(self) -> None:
        """Gives back the line under the cursor."""
        if self._list.line is not None:
            self.dismiss(self._list.line.value)

    def on_key(self, event: events.Key) -> None:
        """Gives back the line whose key was pressed."""
        for line in self._lines:
            if line.key and event.character == line.key:
                event.stop()
                self.dismiss(line.value)

    @on(PickList.Picked)
    def accept_clicked(self, event: PickList.Picked) -> None:
        """Gives back the line that was clicked."""
        self.dismiss(event.line.value)
