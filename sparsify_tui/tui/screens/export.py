"""Export: what is written, seen before it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.syntax import Syntax
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.compilation import compile_recipe
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import SparsifyError
from sparsify_tui.tui import questions
from sparsify_tui.tui.dialogs.confirm import Confirm
from sparsify_tui.tui.save_model import ask_and_save
from sparsify_tui.tui.schedule_chart import show_schedule
from sparsify_tui.tui.screens.stored import StoredScreen
from sparsify_tui.tui.theme import LIGHT
from sparsify_tui.tui.widgets.curve_chart import CurveChart


class ExportScreen(StoredScreen):
    """Preview of one target at a time, with line numbers and colours."""

    KEY = "6"
    COLLECTION = "optimizations"
    WHAT = "optimization"
    AUTO_FOCUS = "#preview-scroll"
    HINTS = (
        ("enter", "save"),
        ("a", "save .onnx"),
        ("v", "recipe/code"),
        ("y", "copy"),
        ("o", "other optimization"),
        ("3", "edit"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,w", "save", "Save the file", show=False, id="export.save"),
        Binding("a", "apply", "Save the changed .onnx", show=False, id="export.apply"),
        Binding("v", "target", "Recipe or code", show=False, id="export.target"),
        Binding("y", "copy_row", "Copy the text", show=False, id="export.copy"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._at = 0
        self._text = ""

    def body(self) -> Iterable[Widget]:
        """Header, preview, schedule."""
        yield Static(markup=False, id="headline", classes="headline")
        with Horizontal(classes="row"):
            with VerticalScroll(id="preview-scroll"):
                yield Static(markup=False, id="preview")
            with Vertical(classes="detail"):
                yield CurveChart()

    def what(self) -> str:
        """Name of the optimization."""
        return self.desk.plan.name if self.desk.plan else ""

    @property
    def target(self) -> tuple[str, str]:
        """Name and title of what is shown."""
        targets = self.desk.bench.exports.targets()
        return targets[self._at % len(targets)]

    def show(self) -> None:
        """Draws the text of the target."""
        plan = self.desk.plan
        self.stand_in(
            "Nothing to export yet: a recipe comes from an optimization.",
            ("3", "build one"),
            when=plan is None,
        )
        if plan is not None:
            self._show_text(plan)
            show_schedule(self.query_one(CurveChart), plan.modifiers)

    def action_target(self) -> None:
        """Goes to the next target."""
        self._at += 1
        self.show()

    def action_save(self) -> None:
        """Asks for a path, and writes the file whole or not at all."""
        if not self._text:
            return
        exports = self.desk.bench.exports
        text = self._text

        def save(path: str) -> None:
            self.act(lambda: self.confirm(f"saved {exports.save(text, Path(path))}"))

        def save_or_ask(path: str) -> None:
            if not Path(path).expanduser().is_file():
                save(path)
                return
            question = Confirm(f"Replace {path}?", "It is there already.", yes="replace")
            self.app.push_screen(question, lambda yes: save(path) if yes else None)

        default = exports.default_path(self.target[0], Path.cwd())
        questions.ask_path(
            self.owner, f"Save the {self.target[1]} as", str(default), (), save_or_ask
        )

    def action_apply(self) -> None:
        """Asks for a path, and writes the changed model."""
        if self.desk.plan is not None:
            ask_and_save(self.owner, self.project, self.desk.plan)

    def action_copy_row(self) -> None:
        """Copies the whole text."""
        if self._text:
            self.owner.copy_text(self._text, self.target[1])

    def _show_text(self, plan: Optimization) -> None:
        exports = self.desk.bench.exports
        name, title = self.target
        try:
            self._text = exports.preview(self.project, plan, name)
        except SparsifyError as error:
            self._text = ""
            self.owner.report(error)
        theme = "default" if self.app.theme == LIGHT.name else "github-dark"
        self.query_one("#preview", Static).update(
            Syntax(
                self._text,
                exports.language(name),
                line_numbers=True,
                theme=theme,
                background_color=self.app.theme_variables["surface"],
            )
        )
        notes = compile_recipe(plan, self.project.model).notes
        self.query_one("#headline", Static).update(
            Content.assemble(
                (title, "bold $text-accent"),
                f"  {self._text.count(chr(10))} lines",
                *((f"\n! {clean_text(note)}", "bold $text-warning") for note in notes),
            )
        )
