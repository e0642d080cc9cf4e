"""What a project feeds its model: data sets, sizes of open dimensions, constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sparsify_tui import demo
from sparsify_tui.codec import document_from
from sparsify_tui.core.project import DataRole, DataSet, Project
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.paths import full_path
from sparsify_tui.workbench.projects import Projects


class Inputs:
    """The inputs of projects; what is set here is the default of every measurement."""

    def __init__(self, projects: Projects, jobs: JobDesk) -> None:
        self._projects = projects
        self._jobs = jobs

    async def set_inputs(
        self, project_id: str, dims: Mapping[str, int], values: Mapping[str, float]
    ) -> Project:
        """Remembers sizes and constants, and counts FLOPs again for them."""
        project = self._projects.load(project_id)
        model = await self._projects.inspect(Path(project.model.path), dims, values)
        return self._projects.update(
            project_id,
            lambda stored: replace(
                stored, model=model, dims=tuple(dims.items()), values=tuple(values.items())
            ),
        )

    def take_back(self, before: Project | None, given: Project) -> None:
        """Forgets what was given for a measurement that failed; what was measured since keeps it.

        Args:
            before: The project as it was, or None when it was made for the measurement.
            given: As it was after the inputs were set.
        """
        if self._projects.load(given.id) != given:
            return
        if before is None:
            self._projects.delete(given.id)
            return
        self._projects.update(
            given.id,
            lambda stored: replace(
                stored,
                model=before.model,
                dims=before.dims,
                values=before.values,
                data=before.data,
            ),
        )

    async def attach_data(
        self,
        project_id: str,
        path: Path,
        role: DataRole | None = None,
        on_progress: OnProgress | None = None,
    ) -> Project:
        """Attaches a data file that fits the model; it becomes the default of its role.

        Without a role, labelled data is the test set and other data the calibration set.
        """
        project = self._projects.load(project_id)
        options = replace(self._projects.run_options(project), data=full_path(path))
        args = {"options": document_from(options), "role": role or "calibration"}
        found: DataSet = await self._jobs.result("data", args, on_progress)
        if role is None and found.labelled:
            found = replace(found, role="test")
        return self._projects.update(project_id, lambda stored: _with_data(stored, found))

    def remove_data(self, project_id: str, role: DataRole) -> Project:
        """Detaches the data set of a role; the file stays."""
        return self._projects.update(
            project_id,
            lambda project: replace(
                project, data=tuple(one for one in project.data if one.role != role)
            ),
        )

    async def sample(self, on_progress: OnProgress | None = None) -> Project:
        """The bundled model's project with its data attached; made on first use."""
        try:
            return self._projects.find(demo.PROJECT)
        except UsageError:
            project = await self._projects.create(
                demo.MODEL,
                name=demo.PROJECT,
                description=demo.DESCRIPTION,
                on_progress=on_progress,
            )
            await self.attach_data(project.id, demo.CALIBRATION, "calibration")
            return await self.attach_data(project.id, demo.TEST, "test")


def _with_data(project: Project, data: DataSet) -> Project:
    others = tuple(one for one in project.data if one.role != data.role)
    return replace(project, data=(*others, data))
