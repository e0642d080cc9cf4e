"""What stands in for a table or chart that has nothing to show yet."""

from __future__ import annotations

from typing import Unpack

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.widgets.key_line import spoken
from sparsify_tui.tui.widgets.options import WidgetOptions


class EmptyState(Widget):
    """One sentence what this is, the key that fills it, and how long that takes."""

    DEFAULT_CSS = """
    EmptyState {
        height: 1fr;
        content-align: center middle;
        text-align: center;
        padding: 0 2;
        background: $surface;
        color: $foreground;
    }
    """

    def __init__(self, **options: Unpack[WidgetOptions]) -> None:
        super().__init__(**options, markup=False)
        self._sentence = ""
        self._steps: tuple[tuple[str, str], ...] = ()
        self._takes = ""

    def show(self, sentence: str, *steps: tuple[str, str], takes: str = "") -> None:
        """Says what is missing; each step is (key, what it does), `takes` the time it needs."""
        self._sentence = clean_text(sentence, 400)
        self._steps = tuple((key, clean_text(label)) for key, label in steps)
        self._takes = clean_text(takes) if takes else ""
        self.refresh(layout=True)

    def stand_in_for(self, *others: Widget, when: bool) -> None:
        """Shows itself and hides `others` when there is nothing to show, else the reverse."""
        self.display = when
        for other in others:
            other.display = not when

    def render(self) -> Content:
        """The centred lines."""
        lines = [Content.styled(self._sentence, "bold"), Content("")]
        widest = max((cell_len(label) for _, label in self._steps), default=0)
        for key, label in self._steps:
            hint = Content.assemble((spoken(key), "bold $text-accent"), f"  {label}")
            lines.append(hint.pad_right(widest - cell_len(label)))
        if self._takes:
            lines.append(Content.styled(self._takes, "$text-muted"))
        return Content("\n").join(lines)
