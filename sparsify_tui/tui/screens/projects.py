"""Projects: the list, a card of the one under the cursor, and how to make another."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.summary import ModelState, ProjectSummary
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import (
    format_bytes,
    format_count,
    format_flops,
    format_shape,
    format_when,
)
from sparsify_tui.tui.cells import cell, name_cell, shown_path
from sparsify_tui.tui.screens.section import SectionScreen
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.table_model import Column, Row

if TYPE_CHECKING:
    from sparsify_tui.core.project import Project

_COLUMNS = (
    Column(key="name", title="project", width=18, grows=True),
    Column(key="model", title="model", width=14, grows=True, priority=1),
    Column(key="layers", title="layers", width=6, justify="right", priority=3),
    Column(key="params", title="params", width=6, justify="right", priority=2),
    Column(key="perf", title="perf", width=4, justify="right", priority=4),
    Column(key="loss", title="loss", width=4, justify="right", priority=4),
    Column(key="optim", title="optim", width=5, justify="right", priority=4),
    Column(key="bench", title="bench", width=5, justify="right", priority=4),
    Column(key="changed", title="changed", width=11, justify="right", priority=5),
)


class ProjectsScreen(SectionScreen):
    """The list of projects."""

    KEY = "0"
    HINTS = (
        ("enter", "open"),
        ("n", "new"),
        ("N", "sample"),
        ("R", "rename"),
        ("e", "describe"),
        ("D", "delete"),
        ("slash", "filter"),
        ("q", "quit"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New project from an ONNX file", show=False, id="projects.new"),
        Binding("N", "sample", "Open the sample model", show=False, id="projects.sample"),
        Binding("R", "rename", "Rename the project", show=False, id="projects.rename"),
        Binding("e", "describe", "Describe the project", show=False, id="projects.describe"),
        Binding("D", "delete", "Delete the project", show=False, id="projects.delete"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._summaries: dict[str, ProjectSummary] = {}
        self._carded: ProjectSummary | None = None

    def body(self) -> Iterable[Widget]:
        """List, card, and the sizes of the layers as bars."""
        yield Table(*_COLUMNS, can_mark=False)
        yield Static(markup=False, id="card", classes="headline")
        yield LayerBars(classes="chart")

    def catch_up(self) -> None:
        """The list may have been changed by another program at any time."""
        self._seen = -1
        super().catch_up()

    def show(self) -> None:
        """Lists what is stored."""
        summaries = self.desk.bench.projects.list()
        self._summaries = {one.id: one for one in summaries}
        table = self.query_one(Table)
        self.stand_in(
            "No projects yet.",
            ("n", "make one from an ONNX file"),
            ("N", "open the sample: a digit classifier with its data"),
            takes="Reading a model takes a second or two.",
            when=not summaries,
        )
        table.show_rows([_row(one) for one in summaries])
        if not summaries:
            self.set_focus(None)
        elif self.focused is None:
            table.focus()
        self._show_card()

    @on(Table.Highlighted)
    def follow_table(self) -> None:
        """Shows the card of the project under the cursor."""
        self._show_card()

    @on(Table.Chosen)
    def open_chosen(self, event: Table.Chosen) -> None:
        """Enter."""
        self.act(lambda: self.owner.open_project(self.desk.bench.projects.load(event.key)))

    def action_new(self) -> None:
        """Asks for a file, a name, and which profiles to make at once."""
        from sparsify_tui.tui.dialogs.form import Form  # noqa: PLC0415 - on demand
        from sparsify_tui.tui.new_project import new_project_fields  # noqa: PLC0415

        form = Form("New project", new_project_fields(self.desk.bench), accept="create")
        self.app.push_screen(form, self._create)

    def action_sample(self) -> None:
        """Opens the sample's project, or makes it."""
        bench = self.desk.bench

        async def work(_: object) -> Project:
            return await bench.inputs.sample()

        self.owner.start_job("sample", self.KEY, work, self.owner.open_project)

    def action_rename(self) -> None:
        """Asks for another name."""
        from sparsify_tui.tui import questions  # noqa: PLC0415 - on demand

        summary = self._current()
        if summary is not None:
            questions.ask_text(
                self.owner,
                "Rename",
                summary.name,
                lambda text: self.act(lambda: self._rename(summary.id, text)),
            )

    def action_describe(self) -> None:
        """Asks for a description."""
        from sparsify_tui.tui import questions  # noqa: PLC0415 - on demand

        summary = self._current()
        if summary is not None and not summary.problem:
            projects = self.desk.bench.projects
            present = projects.load(summary.id).description
            questions.ask_text(
                self.owner,
                "Describe",
                present,
                lambda text: self.act(lambda: projects.describe(summary.id, text)),
            )

    def action_delete(self) -> None:
        """Asks first; a project with measurements wants its name typed."""
        from sparsify_tui.tui.dialogs.confirm import Confirm  # noqa: PLC0415 - on demand

        summary = self._current()
        if summary is None:
            return
        things = summary.measurements
        self.app.push_screen(
            Confirm(
                f"Delete the project {summary.name}?",
                f"Its {things} measurements and {summary.optimizations} optimizations are lost; "
                "the model file stays.",
                typed=summary.name if things else "",
                yes="delete",
            ),
            lambda yes: self._delete(summary.id) if yes else None,
        )

    def _rename(self, project_id: str, text: str) -> None:
        self.desk.bench.projects.rename(project_id, text)
        if self.desk.project is not None and self.desk.project.id == project_id:
            self.desk.refresh()

    def _delete(self, project_id: str) -> None:
        def delete() -> None:
            self.desk.bench.projects.delete(project_id)
            if self.desk.project is not None and self.desk.project.id == project_id:
                self.desk.lay_out(None)

        if self.act(delete):
            self.confirm("deleted")

    def _create(self, answers: dict[str, str] | None) -> None:
        from sparsify_tui.tui.measuring import profile_new  # noqa: PLC0415 - on demand
        from sparsify_tui.tui.new_project import NewProject  # noqa: PLC0415

        if answers is None:
            return
        wanted = NewProject.from_answers(answers)
        self.owner.start_job(
            f"reading {wanted.path.name}",
            self.KEY,
            lambda progress: self.desk.bench.projects.create(
                wanted.path, name=wanted.name, on_progress=progress
            ),
            partial(profile_new, self.owner, wanted),
        )

    def _current(self) -> ProjectSummary | None:
        key = self.query_one(Table).cursor_key
        return self._summaries.get(key) if key else None

    def _show_card(self) -> None:
        summary = self._current()
        if summary is None or summary is self._carded:
            return
        self._carded = summary
        state = self.desk.bench.projects.file_state(summary.model, summary.stamp)
        self.query_one("#card", Static).update(_card(summary, state))
        self.query_one(LayerBars).set_bars(
            [size for _, size in summary.layer_sizes],
            [label for label, _ in summary.layer_sizes],
            title="parameters by layer",
            unit=format_count,
        )


def _row(summary: ProjectSummary) -> Row:
    counts = {
        "perf": summary.perf_profiles,
        "loss": summary.loss_profiles,
        "optim": summary.optimizations,
        "bench": summary.benchmarks,
    }
    broken = bool(summary.problem)
    model = "! cannot be read" if broken else Path(summary.model).name
    return Row(
        key=summary.id,
        cells={
            "name": name_cell(summary.name, "bold"),
            "model": name_cell(model),
            "layers": cell(str(summary.layers)),
            "params": cell(format_count(summary.params)),
            "changed": cell("" if broken else format_when(summary.modified)),
            **{key: cell(str(count) if count else "·") for key, count in counts.items()},
        },
        sort_values={
            "name": summary.name,
            "model": summary.model,
            "layers": summary.layers,
            "params": summary.params,
            "changed": summary.modified,
            **counts,
        },
        search=f"{summary.name} {summary.model}",
    )


def _card(summary: ProjectSummary, state: ModelState) -> Content:
    if summary.problem:
        return Content(f"! {clean_text(summary.problem, 400)}")
    word, style = _FILE_STATES[state]
    data = ", ".join(f"{role} {samples}" for role, samples in summary.data) or "no data attached"
    inputs = ", ".join(
        f"{clean_text(name, 24)} {clean_text(format_shape(shape), 40)}"
        for name, shape in summary.inputs[:3]
    )
    last = clean_text(summary.description, 76) if summary.description else next_step(summary)
    return Content.assemble(
        f"{clean_text(shown_path(summary.model), 60)}  {format_bytes(summary.bytes)}  ",
        (word, style),
        f"\nopset {summary.opset}  {inputs}  {format_flops(summary.flops)}  {data}\n{last}",
    )


_FILE_STATES = {
    "ok": ("file ok", "$text-success"),
    "missing": ("file missing: 5, then l", "bold $text-warning"),
    "changed": ("file changed: 5, then a", "bold $text-warning"),
}


def next_step(summary: ProjectSummary) -> str:
    """What a user would do next."""
    if not summary.perf_profiles:
        return "next: press 1, then r, to measure where the time goes"
    if not summary.loss_profiles:
        return "next: press 2, then r, to see what the layers can lose"
    if not summary.optimizations:
        return "next: press 3, then n, to build an optimization"
    if not summary.benchmarks:
        return "next: press 4, then r, to measure the optimization"
    return "next: press 6 to export recipe and code"
