"""The lines of the settings section: what a project holds, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sparsify_tui.core.fields import settings_of, text_of
from sparsify_tui.core.inputs import open_dims
from sparsify_tui.core.project import DATA_ROLES, Project
from sparsify_tui.core.units import format_bytes, format_shape, format_when
from sparsify_tui.tui.cells import shown_path
from sparsify_tui.workbench import Workbench

_NO_DATA = "Enter attaches an .npz, or a folder of images"
_MODEL_NOTES = {
    "ok": "unchanged since it was read",
    "missing": "missing: l locates it",
    "changed": "changed: a accepts it, then measurements are stale",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line; `kind` says how it is edited, and is empty where it can only be read."""

    kind: str = ""
    id: str = ""
    """Which of its kind."""
    group: str = ""
    name: str
    value: str
    note: str = ""

    @property
    def key(self) -> str:
        """Its name in the table."""
        return f"{self.kind}:{self.id or self.name}"


def settings_entries(bench: Workbench, project: Project) -> tuple[Entry, ...]:
    """All lines, grouped."""
    groups = {
        "project": _about(bench, project),
        "model": _model(bench, project),
        "data": _data(project),
        "training": _training(project),
        "inputs": _inputs(project),
    }
    return tuple(
        replace(entry, group="" if at else name)
        for name, entries in groups.items()
        for at, entry in enumerate(entries)
    )


def _about(bench: Workbench, project: Project) -> Iterator[Entry]:
    yield Entry(kind="name", name="name", value=project.name)
    yield Entry(kind="description", name="description", value=project.description)
    yield Entry(
        name="created, modified",
        value=f"{format_when(project.created)}, {format_when(project.modified)}",
    )
    yield Entry(
        name="project file",
        value=shown_path(str(bench.projects.path_of(project.id))),
        note=format_bytes(bench.projects.size_on_disk(project.id)),
    )


def _model(bench: Workbench, project: Project) -> Iterator[Entry]:
    note = _MODEL_NOTES[bench.projects.model_state(project)]
    yield Entry(
        kind="model",
        name="model file",
        value=shown_path(project.model.path),
        note=f"{format_bytes(project.model.bytes)}, {note}",
    )
    yield Entry(name="sha256", value=project.model.sha256, note="of the model file")


def _data(project: Project) -> Iterator[Entry]:
    for role in DATA_ROLES:
        data = project.data_for(role)
        labels = "labelled" if data and data.labelled else "no labels"
        yield Entry(
            kind="data",
            id=role,
            name=role,
            value=shown_path(data.path) if data else "",
            note=f"{data.samples} samples, {labels}" if data else _NO_DATA,
        )
        if data and data.reading:
            yield Entry(
                kind="images",
                id=role,
                name=f"images of {role}",
                value=data.reading,
                note="Enter changes mean, std, scale, layout and resizing",
            )


def _training(project: Project) -> Iterator[Entry]:
    for name, description in settings_of(project.training).items():
        yield Entry(
            kind="training",
            id=name,
            name=description.label.lower(),
            value=text_of(project.training, name),
            note=description.help,
        )


def _inputs(project: Project) -> Iterator[Entry]:
    dims, values = dict(project.dims), dict(project.values)
    for name in open_dims(project.model.inputs):
        yield Entry(
            kind="dim",
            id=name,
            name=f"size of {name}",
            value=str(dims.get(name, "")),
            note="an open dimension; empty: a sensible guess",
        )
    shapes = {spec.name: format_shape(spec.shape) for spec in project.model.assumed}
    for spec in project.model.inputs:
        yield Entry(
            kind="value",
            id=spec.name,
            name=f"constant {spec.name}",
            value=f"{values[spec.name]:g}" if spec.name in values else "",
            note=f"{spec.dtype}, fed as {shapes.get(spec.name, 'is')}",
        )
