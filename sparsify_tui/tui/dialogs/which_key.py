"""The second key of two: a small box at the bottom says what each does."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from sparsify_tui.tui.dialogs.choose import Choose


class WhichKey(Choose, inherit_bindings=False):
    """Gives back the `value` of the line whose key is pressed, or None.

    No letter moves the cursor, since each may be the key of a line. What is behind stays in sight
    and is not drawn again.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", show=False, id="which.leave"),
        Binding("up", "move(-1)", "Up", show=False, id="which.up"),
        Binding("down", "move(1)", "Down", show=False, id="which.down"),
        Binding("enter", "accept", "Choose", show=False, id="which.accept"),
    ]
    DEFAULT_CSS = """
    WhichKey { align: center bottom; }
    WhichKey > .dialog--box { width: 40; }
    """
