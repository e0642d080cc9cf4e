"""How one field of a form looks and answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from sparsify_tui.core.text import clean_text
from sparsify_tui.tui.dialogs.choice_input import ChoiceInput
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.dialogs.path_completion import complete_path

_MOST_NAMES = 6


class PathInput(Input):
    """An input in which Tab completes; when there is nothing to complete it moves on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, id="path.complete"),
    ]

    class Candidates(Message):
        """Several names go on from what was typed."""

        def __init__(self, names: Sequence[str]) -> None:
            super().__init__()
            self.names = tuple(names)

    def __init__(self, value: str, suffixes: Sequence[str]) -> None:
        super().__init__(value, compact=True, select_on_focus=False)
        self._suffixes = tuple(suffixes)

    def action_complete(self) -> None:
        """Extends the path, shows what it could be, or goes to the next field."""
        value, names = complete_path(self.value, self._suffixes)
        is_done = value == self.value and not names
        self.value = value
        self.cursor_position = len(value)
        if names:
            self.post_message(self.Candidates(names))
        elif is_done:
            self.screen.focus_next()


class FieldRow(Widget):
    """The label, the input, and below them the help or what is wrong."""

    DEFAULT_CSS = """
    FieldRow {
        height: auto;
        & Horizontal { height: 1; }
        & .field--label { width: 20; }
        & Input, & ChoiceInput { width: 1fr; }
        & .field--note { padding-left: 20; height: auto; min-height: 1; color: $text-muted; }
        &.-bare .field--note { padding-left: 0; }
        &.-wrong .field--note { color: $text-error; }
        &.-current .field--label { color: $text-accent; text-style: bold; }
    }
    """

    class Accepted(Message):
        """Enter was pressed in this row."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, field: Field) -> None:
        super().__init__(classes="" if field.label else "-bare")
        self.field = field
        self.input = _input_for(field)
        self._note = Static(self._help(), markup=False, classes="field--note")

    @property
    def value(self) -> str:
        """The answer without blanks around it."""
        return self.input.value.strip()

    def compose(self) -> ComposeResult:
        """The parts."""
        with Horizontal():
            if self.field.label:
                yield Static(clean_text(self.field.label), markup=False, classes="field--label")
            yield self.input
        yield self._note

    def check(self) -> bool:
        """Shows what is wrong with the answer, or the help; returns whether it will do."""
        problem = self.field.problem(self.value)
        self.set_class(problem is not None, "-wrong")
        self._note.update(self._help() if problem is None else f"! {clean_text(problem)}")
        return problem is None

    def on_descendant_focus(self) -> None:
        """Marks the row that is being answered."""
        self.add_class("-current")

    def on_descendant_blur(self) -> None:
        """Unmarks it."""
        self.remove_class("-current")

    @on(Input.Changed)
    @on(ChoiceInput.Changed)
    def check_live(self, event: Message) -> None:
        """Checks while the user types."""
        event.stop()
        self.check()

    @on(Input.Submitted)
    @on(ChoiceInput.Submitted)
    def accept(self, event: Message) -> None:
        """Tells that Enter was pressed."""
        event.stop()
        self.post_message(self.Accepted(self))

    @on(PathInput.Candidates)
    def show_candidates(self, event: PathInput.Candidates) -> None:
        """Lists the names that go on from what was typed."""
        event.stop()
        more = len(event.names) - _MOST_NAMES
        shown = "  ".join(event.names[:_MOST_NAMES])
        self._note.update(clean_text(f"{shown}  +{more} more" if more > 0 else shown))

    def _help(self) -> str:
        return clean_text(self.field.help) if self.field.help else ""


def _input_for(field: Field) -> Input | ChoiceInput:
    if field.options:
        return ChoiceInput(field.options, field.value)
    box = (
        PathInput(field.value, field.suffixes)
        if field.kind == "path"
        else Input(field.value, compact=True)
    )
    box.cursor_blink = False
    return box
