"""What a terminal shows that is too small for anything else."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

LEAST_WIDTH, LEAST_HEIGHT = 40, 10
"""Columns and rows below which a section is not drawn."""


class TooSmall(Widget):
    """One line that says how large the terminal is; hidden by the style sheet elsewhere."""

    DEFAULT_CSS = """
    TooSmall { display: none; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def render(self) -> Content:
        """The size now."""
        width, height = self.app.size
        return Content(f"make me larger (now {width}x{height})")

    def on_resize(self) -> None:
        """Says the new size."""
        self.refresh()
