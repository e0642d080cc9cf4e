"""The frame of every dialog: a box in the middle, a title, and Esc to leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, ScreenResultType
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.symbols import ASCII, symbols_of
from sparsify_tui.tui.widgets.key_line import KeyLine


class Dialog(ModalScreen[ScreenResultType]):
    """A modal box with a title above `body()` and a line of keys below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", show=False, id="dialog.leave"),
    ]
    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > .dialog--box {
            width: 76;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            background: $surface;
            border: round $primary;
            padding: 0 1;
        }
        &.-ascii > .dialog--box { border: ascii $primary; }
        & .dialog--title { height: auto; margin-bottom: 1; text-style: bold; color: $text-accent; }
        & .dialog--text { height: auto; }
        & .dialog--quiet { height: auto; color: $text-muted; }
        & .dialog--wrong { height: auto; color: $text-error; }
        & KeyLine { background: $surface; padding: 0; margin-top: 1; }
        & Input { background: $panel; }
    }
    """

    def __init__(
        self, title: str, keys: Sequence[tuple[str, str]] = (), *, leave: str = "cancel"
    ) -> None:
        super().__init__()
        self._title = clean_text(title)
        self._keys = (*keys, ("escape", leave))

    def body(self) -> Sequence[Widget]:
        """What stands between the title and the keys."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """The box."""
        with Vertical(classes="dialog--box"):
            yield Static(self._title, markup=False, classes="dialog--title")
            yield from self.body()
            yield KeyLine(self._keys, has_help=False)

    def on_mount(self) -> None:
        """Draws the border in characters that the terminal has."""
        self.set_class(symbols_of(self.app) is ASCII, "-ascii")

    def action_leave(self) -> None:
        """Leaves without an answer."""
        self.dismiss(None)

    @on(KeyLine.Pressed)
    def press_key(self, event: KeyLine.Pressed) -> None:
        """A clicked hint is as good as its key."""
        event.stop()
        event.line.press(event.key)
