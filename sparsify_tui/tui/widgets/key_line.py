"""The last row: the keys that matter here, most useful first, and help always."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from sparsify_tui.tui.widgets.options import WidgetOptions

_HELP = ("?", "help")
_GAP = 2
_SPOKEN = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "space": "space",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "f2": "F2",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "asterisk": "*",
}
_NAMES = {character: name for name, character in _SPOKEN.items()}


class KeyLine(Widget):
    """Hints as `key label`; those that do not fit are left out whole, `? help` never is."""

    DEFAULT_CSS = """
    KeyLine { height: 1; padding: 0 1; background: $panel; color: $text-muted; }
    """
    ALLOW_SELECT = False

    keys: reactive[tuple[tuple[str, str], ...]] = reactive[tuple[tuple[str, str], ...]](())

    class Pressed(Message):
        """A hint was clicked; `key` is as it was given."""

        def __init__(self, line: KeyLine, key: str) -> None:
            super().__init__()
            self.line = line
            self.key = key

        @property
        def control(self) -> KeyLine:
            """The line that sent it."""
            return self.line

    def __init__(
        self,
        keys: Sequence[tuple[str, str]] = (),
        *,
        has_help: bool = True,
        **options: Unpack[WidgetOptions],
    ) -> None:
        super().__init__(**options, markup=False)
        self._has_help = has_help
        self.set_reactive(KeyLine.keys, tuple(keys))

    def set_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """Shows (key, label) pairs in order of priority."""
        self.keys = tuple(keys)

    def press(self, key: str) -> None:
        """Presses a key, by its name or as it is written, as if the user had.

        The line is the sender: a key event that a screen sends never bubbles back to it.
        """
        character = spoken(key) if len(spoken(key)) == 1 else None
        name = _NAMES.get(key, key)
        self.app.post_message(events.Key(name, character).set_sender(self))

    def render(self) -> Content:
        """The hints with help at the right end."""
        line = Content("")
        for start, (key, label) in self._placed():
            line = line.pad_right(start - line.cell_length)
            line += Content.assemble((spoken(key), "bold $text-accent"), f" {label}")
        return line

    def on_click(self, event: events.Click) -> None:
        """Tells which hint was clicked."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for start, hint in self._placed():
            if start <= offset.x < start + _width(hint):
                self.post_message(self.Pressed(self, hint[0]))

    def _placed(self) -> tuple[tuple[int, tuple[str, str]], ...]:
        width = self.content_size.width
        help_at = width - _width(_HELP) if self._has_help else width
        placed, x = [], 0
        for hint in self.keys:
            if x + _width(hint) > help_at - (_GAP if self._has_help else 0):
                break
            placed.append((x, hint))
            x += _width(hint) + _GAP
        if self._has_help:
            placed.append((max(0, help_at), _HELP))
        return tuple(placed)


def spoken(key: str) -> str:
    """How a key is written for people: `slash` is /, `ctrl+p` is ^p."""
    return _SPOKEN.get(key, key.replace("ctrl+", "^"))


def _width(hint: tuple[str, str]) -> int:
    key, label = hint
    return len(spoken(key)) + 1 + len(label)
