"""Creates, finds, edits and deletes projects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sparsify_tui.core.summary import FileStamp, ModelState, ProjectSummary
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError, StoreError, UsageError
from sparsify_tui.identity import new_id, now
from sparsify_tui.store.logs import LogStore
from sparsify_tui.store.projects import COLLECTIONS, ProjectStore
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.paths import is_model_path, stamp_of

if TYPE_CHECKING:
    from sparsify_tui.core.channels.groups import ChannelMap
    from sparsify_tui.core.model import Model
    from sparsify_tui.core.options import RunOptions
    from sparsify_tui.core.project import Project
    from sparsify_tui.core.training import TrainingSettings

T = TypeVar("T")
Edit: TypeAlias = "Callable[[Project], Project]"


class Projects:
    """The projects of a home, by id, name, or model path."""

    def __init__(self, store: ProjectStore, jobs: JobDesk, logs: LogStore) -> None:
        self._store = store
        self._jobs = jobs
        self._logs = logs

    def list(self) -> tuple[ProjectSummary, ...]:
        """All projects, the last changed first."""
        return self._store.summaries()

    def find(self, reference: str) -> Project:
        """The project of an id, name or model path.

        Raises:
            UsageError: There is none.
            StoreError: It cannot be read.
        """
        summaries = self.list()
        for match in (_by_id, _by_name, _by_path):
            found = [one for one in summaries if match(one, reference)]
            if found:
                return self._store.load(found[0].id)
        raise UsageError(
            f"There is no project {clean_text(reference)}.",
            "`sparsify-tui projects` lists them; the path of an .onnx file makes a new one.",
        )

    def load(self, project_id: str) -> Project:
        """The project of an id."""
        return self._store.load(project_id)

    async def inspect(
        self,
        path: Path,
        dims: Mapping[str, int] | None = None,
        values: Mapping[str, float] | None = None,
        on_progress: OnProgress | None = None,
    ) -> Model:
        """Reads a model file in a child; creates nothing."""
        from sparsify_tui.workbench.reading import read_model_file  # noqa: PLC0415 - lists need none

        return await read_model_file(self._jobs, path, dims or {}, values or {}, on_progress)

    async def channels(
        self, model: Model, dims: Mapping[str, int], values: Mapping[str, float]
    ) -> ChannelMap:
        """Which channels of an inspected model can go, and why the others cannot; in a child."""
        from sparsify_tui.workbench.reading import read_channels  # noqa: PLC0415 - as above

        return await read_channels(self._jobs, model, dims, values)

    async def create(
        self,
        path: Path,
        *,
        name: str = "",
        description: str = "",
        dims: Mapping[str, int] | None = None,
        values: Mapping[str, float] | None = None,
        on_progress: OnProgress | None = None,
    ) -> Project:
        """A new project for a model file; its name is the file's unless one is given."""
        from sparsify_tui.core.project import Project  # noqa: PLC0415 - the list needs none

        wanted = checked_name(name) if name.strip() else clean_text(path.stem)
        stamp = stamp_of(path)  # before the file is read, so that a change meanwhile is noticed
        model = await self.inspect(path, dims, values, on_progress)
        moment = now()
        return self._store.create(
            Project(
                id=new_id(),
                name=self._free_name(wanted),
                description=description,
                created=moment,
                modified=moment,
                model=model,
                stamp=stamp,
                dims=tuple((dims or {}).items()),
                values=tuple((values or {}).items()),
            )
        )

    async def open(self, reference: str, on_progress: OnProgress | None = None) -> Project:
        """Finds a project; the path of a model file without one makes one."""
        try:
            return self.find(reference)
        except UsageError:
            if not is_model_path(reference):
                raise
            return await self.create(Path(reference), on_progress=on_progress)

    def update(self, project_id: str, edit: Edit) -> Project:
        """Applies a pure edit to the stored project."""
        return self._store.update(project_id, edit, now())

    def rename(self, project_id: str, name: str) -> Project:
        """Gives a project another name, which no other has."""
        wanted = checked_name(name)
        if any(one.name == wanted and one.id != project_id for one in self.list()):
            raise UsageError(f"There is another project called {clean_text(wanted)}.")
        return self.update(project_id, lambda project: replace(project, name=wanted))

    def describe(self, project_id: str, description: str) -> Project:
        """Sets the description."""
        return self.update(project_id, lambda project: replace(project, description=description))

    def delete(self, project_id: str) -> None:
        """Removes the project; the model file stays."""
        with suppress(StoreError):  # a document that cannot be read can be deleted
            self._logs.discard(one.id for one in self.load(project_id).loss_profiles)
        self._store.delete(project_id)

    def set_training(self, project_id: str, training: TrainingSettings) -> Project:
        """Sets how the user trains; present optimizations keep their schedule."""
        return self.update(project_id, lambda project: replace(project, training=training))

    def rename_item(self, project_id: str, item_id: str, name: str) -> Project:
        """Renames a stored profile, optimization or benchmark."""
        wanted = checked_name(name)
        return self.update(
            project_id,
            lambda project: _each_item(
                project, lambda item: replace(item, name=wanted) if item.id == item_id else item
            ),
        )

    def annotate_item(self, project_id: str, item_id: str, notes: str) -> Project:
        """Sets the notes of a stored profile, optimization or benchmark that has any."""
        return self.update(
            project_id,
            lambda project: _each_item(
                project,
                lambda item: replace(item, notes=notes.strip()) if item.id == item_id else item,
            ),
        )

    def delete_item(self, project_id: str, item_id: str) -> Project:
        """Deletes a stored profile, optimization or benchmark."""
        project = self.update(
            project_id,
            lambda project: _each_item(project, lambda item: None if item.id == item_id else item),
        )
        self._logs.discard((item_id,))
        return project

    def model_state(self, project: Project) -> ModelState:
        """Whether the model file is where and what it was, judged without opening it."""
        return self.file_state(project.model.path, project.stamp)

    def file_state(self, path: str, stamp: FileStamp) -> ModelState:
        """The same for a file and the stamp it had."""
        try:
            present = stamp_of(Path(path))
        except ModelError:
            return "missing"
        return "ok" if present == stamp else "changed"

    async def accept_model(
        self, project_id: str, path: Path | None = None, on_progress: OnProgress | None = None
    ) -> Project:
        """Takes the file at `path`, or what the present path now holds, as the project's model.

        With the same digest nothing else changes; otherwise earlier measurements are stale, and
        sizes and constants that the new model has no use for are dropped.
        """
        from sparsify_tui.core.inputs import dim_keys  # noqa: PLC0415

        project = self.load(project_id)
        file = path or Path(project.model.path)
        stamp = stamp_of(file)
        model = await self.inspect(file, on_progress=on_progress)
        names = {spec.name for spec in model.inputs}
        dims = _only(project.dims, dim_keys(model.inputs))
        values = _only(project.values, names)
        if dims or values:
            model = await self.inspect(file, dims, values, on_progress)
        return self.update(
            project_id,
            lambda stored: replace(
                stored,
                model=model,
                stamp=stamp,
                dims=tuple(dims.items()),
                values=tuple(values.items()),
            ),
        )

    async def ready(self, project_id: str) -> Project:
        """The project, once its model file is known to hold what was read from it.

        A file that was only touched, or copied again, is accepted as it is.

        Raises:
            ModelError: The file is gone, or holds another model.
        """
        project = self.load(project_id)
        state, path = self.model_state(project), Path(project.model.path)
        if state == "ok":
            return project
        if state == "missing":
            raise ModelError(
                f"{clean_text(path)} is gone.",
                "`sparsify-tui projects accept PROJECT --model FILE` says where it is now.",
            )
        stamp = stamp_of(path)
        found = await self.inspect(path, dict(project.dims), dict(project.values))
        if found.sha256 != project.model.sha256:
            raise ModelError(
                f"{clean_text(path)} is another model than the one that was read.",
                "`sparsify-tui projects accept PROJECT` takes it; earlier measurements get stale.",
            )
        return self.update(project_id, lambda stored: replace(stored, stamp=stamp))

    def run_options(self, project: Project) -> RunOptions:
        """The project's own way to run its model."""
        from sparsify_tui.core.options import RunOptions  # noqa: PLC0415

        return RunOptions(
            path=project.model.path,
            dims=project.dims,
            values=project.values,
            found=project.model.found,
            images=tuple((one.path, one.images) for one in project.data),
        )

    def size_on_disk(self, project_id: str) -> int:
        """Bytes of the project's document."""
        return self._store.size(project_id)

    def path_of(self, project_id: str) -> Path:
        """Where the project's document is."""
        return self._store.path(project_id)

    def _free_name(self, wanted: str) -> str:
        taken = {one.name for one in self.list()}
        number = 2
        name = wanted
        while name in taken:
            name = f"{wanted}-{number}"
            number += 1
        return name


def _only(pairs: Iterable[tuple[str, T]], known: Iterable[str]) -> dict[str, T]:
    allowed = set(known)
    return {name: value for name, value in pairs if name in allowed}


def _each_item(project: Project, edit: Callable[[Any], Any]) -> Project:
    """Applies an edit to all that has a name of its own; None removes it."""
    changed: dict[str, Any] = {
        name: tuple(item for item in map(edit, getattr(project, name)) if item is not None)
        for name in COLLECTIONS
    }
    return replace(project, **changed)


def _by_id(summary: ProjectSummary, reference: str) -> bool:
    return summary.id == reference


def _by_name(summary: ProjectSummary, reference: str) -> bool:
    return summary.name == reference


def _by_path(summary: ProjectSummary, reference: str) -> bool:
    return bool(summary.model) and Path(summary.model).resolve() == Path(reference).resolve()
