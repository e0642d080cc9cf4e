"""Settings: what the project holds of its model, data and training, and the schedule they give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.fields import settings_of, with_text
from sparsify_tui.core.project import DATA_ROLES, DataRole, Project
from sparsify_tui.core.schedule import default_schedule
from sparsify_tui.tui import questions
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.image_forms import image_fields
from sparsify_tui.tui.plan_forms import setting_field
from sparsify_tui.tui.schedule_chart import show_schedule
from sparsify_tui.tui.screens.section import SectionScreen
from sparsify_tui.tui.settings_entries import Entry, settings_entries
from sparsify_tui.tui.widgets.curve_chart import CurveChart
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.table_model import Column, Row
from sparsify_tui.workbench.plans import DEFAULT_SPARSITY

_COLUMNS = (
    Column(key="group", title="", width=8, sortable=False, priority=1),
    Column(key="name", title="setting", width=21, sortable=False),
    Column(key="value", title="value", width=40, grows=True, sortable=False),
    Column(key="note", title="note", width=50, sortable=False, priority=2),
)


class SettingsScreen(SectionScreen):
    """A table of settings; Enter changes the one under the cursor."""

    KEY = "5"
    HINTS = (
        ("enter", "change"),
        ("delete", "clear"),
        ("d", "attach data"),
        ("l", "locate model"),
        ("a", "accept model"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "attach", "Attach a data file", show=False, id="settings.attach"),
        Binding("l", "locate", "Locate the model file", show=False, id="settings.locate"),
        Binding("a", "accept", "Accept the changed model file", show=False, id="settings.accept"),
        Binding("delete", "remove", "Clear the setting", show=False, id="settings.clear"),
    ]

    def body(self) -> Iterable[Widget]:
        """Table, and the schedule that the training settings give."""
        yield Table(*_COLUMNS, can_mark=False)
        yield Static(markup=False, classes="note")
        yield CurveChart(classes="chart")

    def show(self) -> None:
        """Draws all settings."""
        entries = settings_entries(self.desk.bench, self.project)
        self.query_one(Table).show_rows([_row(one) for one in entries])
        schedule = default_schedule(self.project.training, DEFAULT_SPARSITY)
        show_schedule(self.query_one(CurveChart), schedule)

    @on(Table.Highlighted)
    def explain(self, event: Table.Highlighted) -> None:
        """Says below the table what the setting is."""
        self.query_one(".note", Static).update(Content(self._entry(event.key).note), layout=False)

    @on(Table.Chosen)
    def change(self, event: Table.Chosen) -> None:
        """Enter on a setting."""
        entry = self._entry(event.key)
        editors: dict[str, Callable[[Entry], None]] = {
            "name": self._edit_name,
            "description": self._edit_description,
            "model": lambda _: self.action_locate(),
            "data": lambda one: self._ask_data(_role(one.id)),
            "images": self._edit_images,
            "training": self._edit_training,
            "dim": self._edit_input,
            "value": self._edit_input,
        }
        edit = editors.get(entry.kind)
        if edit is None:
            self.confirm(f"{entry.name} can only be read")
        else:
            edit(entry)

    def action_attach(self) -> None:
        """Asks for a data file; labelled data becomes the test set."""
        self._ask_data(None)

    def action_locate(self) -> None:
        """Asks where the model file is now."""
        questions.ask_path(
            self.owner,
            "Where is the model file?",
            self.project.model.path,
            (".onnx",),
            lambda text: self._accept(Path(text)),
        )

    def action_accept(self) -> None:
        """Takes the model file as it is now."""
        self._accept(None)

    def action_remove(self) -> None:
        """Clears what the cursor is on."""
        entry = self._entry(self.query_one(Table).cursor_key or "")
        projects, project = self.desk.bench.projects, self.project
        if entry.kind == "data" and (role := _role(entry.id)):
            self.act(lambda: self._keep(self.desk.bench.inputs.remove_data(project.id, role)))
        elif entry.kind == "training":
            self._set_training(entry.id, "")
        elif entry.kind in ("dim", "value"):
            self._set_input(entry, "")
        elif entry.kind == "description":
            self.act(lambda: self._keep(projects.describe(project.id, "")))

    def _entry(self, key: str) -> Entry:
        entries = settings_entries(self.desk.bench, self.project)
        return next((one for one in entries if one.key == key), Entry(name="this", value=""))

    def _edit_name(self, entry: Entry) -> None:
        rename = self.desk.bench.projects.rename
        questions.ask_text(
            self.owner,
            "Name",
            entry.value,
            lambda text: self.act(lambda: self._keep(rename(self.project.id, text))),
        )

    def _edit_description(self, entry: Entry) -> None:
        describe = self.desk.bench.projects.describe
        questions.ask_text(
            self.owner,
            "Description",
            entry.value,
            lambda text: self.act(lambda: self._keep(describe(self.project.id, text))),
        )

    def _edit_training(self, entry: Entry) -> None:
        label = settings_of(self.project.training)[entry.id].label
        field = setting_field(self.project.training, entry.id, label)
        questions.ask_field(self.owner, field, lambda text: self._set_training(entry.id, text))

    def _edit_input(self, entry: Entry) -> None:
        field = Field(name=entry.id, label=entry.name, value=entry.value, help="Empty clears it.")
        check = _check_whole if entry.kind == "dim" else _check_number
        questions.ask_field(
            self.owner, replace(field, check=check), lambda text: self._set_input(entry, text)
        )

    def _set_training(self, name: str, text: str) -> None:
        projects, project = self.desk.bench.projects, self.project
        self.act(
            lambda: self._keep(
                projects.set_training(project.id, with_text(project.training, name, text))
            )
        )

    def _set_input(self, entry: Entry, text: str) -> None:
        inputs, project = self.desk.bench.inputs, self.project
        dims, values = dict(project.dims), dict(project.values)
        if entry.kind == "dim":
            dims.pop(entry.id, None)
            dims.update({entry.id: int(text)} if text else {})
        else:
            values.pop(entry.id, None)
            values.update({entry.id: float(text)} if text else {})
        self.owner.start_job(
            "counting FLOPs",
            self.KEY,
            lambda _: inputs.set_inputs(project.id, dims, values),
            self._keep,
        )

    def _edit_images(self, entry: Entry) -> None:
        role = _role(entry.id)
        data = self.project.data_for(role) if role else None
        if data is None:
            return
        path = Path(data.path)

        def answered(texts: dict[str, str] | None) -> None:
            if texts is not None:
                self._attach_data(path, role, texts)

        self.owner.push_screen(
            Form(f"How images of {role} are read", image_fields(data.images)), answered
        )

    def _ask_data(self, role: DataRole | None) -> None:
        present = self.project.data_for(role) if role else None
        questions.ask_path(
            self.owner,
            f"Attach {role or 'data'}: an .npz, or a folder of them or of images",
            present.path if present else "",
            (".npz",),
            lambda text: self._attach_data(Path(text), role),
        )

    def _attach_data(
        self, path: Path, role: DataRole | None, images: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        inputs, project_id = self.desk.bench.inputs, self.project.id
        self.owner.start_job(
            "reading data",
            self.KEY,
            lambda progress: inputs.attach_data(project_id, path, role, progress, images),
            self._keep,
        )

    def _accept(self, path: Path | None) -> None:
        projects, project = self.desk.bench.projects, self.project

        def accepted(after: Project) -> None:
            self._keep(after)
            same = after.model.sha256 == project.model.sha256
            self.owner.confirm(
                "the same model" if same else "another model: earlier measurements are stale"
            )

        self.owner.start_job(
            "reading the model",
            self.KEY,
            lambda progress: projects.accept_model(project.id, path, progress),
            accepted,
        )

    def _keep(self, project: Project) -> None:
        if self.desk.project is not None and self.desk.project.id == project.id:
            self.desk.lay_out(project)
            self.owner.catch_up()


def _role(name: str) -> DataRole | None:
    return next((role for role in DATA_ROLES if role == name), None)


def _row(entry: Entry) -> Row:
    style = "" if entry.kind else "dim"
    return Row(
        key=entry.key,
        cells={
            "group": cell(entry.group, "bold"),
            "name": name_cell(entry.name, style),
            "value": name_cell(entry.value, style) if entry.value else cell("·", "dim"),
            "note": name_cell(entry.note, "dim") if entry.note else cell(""),
        },
        search=f"{entry.group} {entry.name} {entry.value}",
    )


def _check_whole(text: str) -> str | None:
    is_well = not text or (text.isdecimal() and int(text) > 0)
    return None if is_well else "A whole number above zero, or nothing."


def _check_number(text: str) -> str | None:
    try:
        float(text or 0)
    except ValueError:
        return "A number, or nothing."
    return None
