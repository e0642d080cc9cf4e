"""A field that is chosen with the arrow keys instead of typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Unpack

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.options import WidgetOptions


class ChoiceInput(Widget, can_focus=True):
    """Shows `◂ value ▸  2 of 5`; left, right and space change it, Enter goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Before", show=False, id="choice.before"),
        Binding("right,l,space", "step(1)", "After", show=False, id="choice.after"),
        Binding("enter", "submit", "Next", show=False, id="choice.submit"),
    ]
    DEFAULT_CSS = """
    ChoiceInput {
        height: 1;
        background: $panel;
        &:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """
    ALLOW_SELECT = False

    index: reactive[int] = reactive(0)

    class Changed(Message):
        """Another option was chosen."""

    class Submitted(Message):
        """Enter was pressed."""

    def __init__(
        self, options: Sequence[str], value: str, **widget_options: Unpack[WidgetOptions]
    ) -> None:
        super().__init__(**widget_options, markup=False)
        self._options = tuple(options)
        at = self._options.index(value) if value in self._options else 0
        self.set_reactive(ChoiceInput.index, at)

    @property
    def value(self) -> str:
        """The option chosen; empty when there is none."""
        return self._options[self.index] if self._options else ""

    def render(self) -> Content:
        """The option between arrows, and its place among all."""
        symbols = symbols_of(self.app)
        shown = f"{symbols.left} {clean_text(self.value)} {symbols.right}"
        place = f"  {self.index + 1} of {len(self._options)}" if self._options else ""
        return Content.assemble(shown, (place, "dim"))

    def action_step(self, by: int) -> None:
        """Chooses the next option, round the ends."""
        if self._options:
            self.index = (self.index + by) % len(self._options)
            self.post_message(self.Changed())

    def action_submit(self) -> None:
        """Goes on to the next field."""
        self.post_message(self.Submitted())

    def on_click(self, event: events.Click) -> None:
        """A click on the left arrow goes back, anywhere else goes on."""
        self.action_step(-1 if event.x == 0 else 1)
