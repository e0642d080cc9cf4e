"""All that can be done here, with its key: type to filter, Enter does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from sparsify_tui.tui.dialogs.dialog import Dialog
from sparsify_tui.tui.dialogs.pick_list import PickLine, PickList
from sparsify_tui.tui.widgets.key_line import spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpEntry:
    """A key, what it does, and the action to run."""

    key: str
    label: str
    action: str


class HelpScreen(Dialog[str | None]):
    """Gives back the action of the entry picked, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, priority=True, id="help.up"),
        Binding("down", "move(1)", "Down", show=False, priority=True, id="help.down"),
        Binding("pageup", "move(-10)", "Page up", show=False, id="help.page_up"),
        Binding("pagedown", "move(10)", "Page down", show=False, id="help.page_down"),
    ]
    DEFAULT_CSS = """
    HelpScreen PickList { height: 1fr; }
    HelpScreen > .dialog--box { height: 22; max-height: 100%; }
    """

    def __init__(
        self, entries: Sequence[HelpEntry], *, title: str = "What you can do here"
    ) -> None:
        super().__init__(title, [("enter", "do it")], leave="close")
        self._entries = tuple(
            PickLine(value=entry.action, label=entry.label, key=spoken(entry.key))
            for entry in entries
        )
        self._list = PickList(self._entries)

    def body(self) -> Sequence[Widget]:
        """The filter and the entries."""
        box = Input(placeholder="type to filter", compact=True)
        box.cursor_blink = False
        return box, self._list

    def action_move(self, by: int) -> None:
        """Moves the cursor."""
        self._list.move(by)

    @on(Input.Changed)
    def filter_entries(self, event: Input.Changed) -> None:
        """Shows the entries whose key or label holds every word typed."""
        words = event.value.casefold().split()
        self._list.set_lines([line for line in self._entries if _holds(line, words)])

    @on(Input.Submitted)
    def accept(self) -> None:
        """Gives back the action under the cursor."""
        if self._list.line is not None:
            self.dismiss(self._list.line.value)

    @on(PickList.Picked)
    def accept_clicked(self, event: PickList.Picked) -> None:
        """Gives back the action that was clicked."""
        self.dismiss(event.line.value)


def _holds(line: PickLine, words: Sequence[str]) -> bool:
    text = f"{line.key} {line.label}".casefold()
    return all(word in text for word in words)
