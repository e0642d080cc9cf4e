"""Lines of facts above a table: the first ones of each line stay when there is no room for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from textual.content import Content
from textual.widget import Widget

from sparsify_tui.core.text import clean_text, shorten
from sparsify_tui.tui.widgets.options import WidgetOptions

Part = tuple[str, str]
"""A text and its style; an empty style is plain."""
_GAP = "  "
_LONGEST_PART = 300


class Headline(Widget):
    """Lines of parts; those that do not fit are left out whole, the last first.

    A line of one part is a sentence that has to be read: it wraps.
    """

    DEFAULT_CSS = """
    Headline { height: auto; padding: 0 1; background: $surface; color: $foreground; }
    """

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options, markup=False)
        self._lines: tuple[tuple[Part, ...], ...] = ()

    def show(self, *lines: Sequence[Part]) -> None:
        """Shows lines of parts, the most important part of a line first."""
        cleaned = tuple(
            tuple((clean_text(text, _LONGEST_PART), style) for text, style in line if text)
            for line in lines
        )
        kept = tuple(line for line in cleaned if line)
        if kept != self._lines:
            self._lines = kept
            self.refresh(layout=True)

    def render(self) -> Content:
        """The lines."""
        width = self.content_size.width
        return Content("\n").join(_line(parts, width) for parts in self._lines)


def _line(parts: Sequence[Part], width: int) -> Content:
    if len(parts) == 1:
        return Content.styled(*parts[0])
    line = Content("")
    for text, style in parts:
        part = Content.styled(text, style)
        if not line:
            room = shorten(text, width) if part.cell_length > width else text
            line = Content.styled(room, style)
        elif line.cell_length + len(_GAP) + part.cell_length <= width:
            line = Content.assemble(line, _GAP, part)
    return line
