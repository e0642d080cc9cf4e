"""What a project feeds its model: data sets, sizes of open dimensions, constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from sparsify_tui import demo
from sparsify_tui.codec import document_from
from sparsify_tui.core.images import ImageOptions, with_image_texts
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
        present = self._projects.load(given.id)
        if replace(present, modified=given.modified) != given:
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
        images: Mapping[str, str] = MappingProxyType({}),
    ) -> Project:
        """Attaches a data file that fits the model; it becomes the default of its role.

        What is attached already keeps its role and how its images are read, where nothing else
        is given. Of what is new, labelled data is the test set and other data the calibration set.

        Args:
            project_id: Of the project.
            path: An `.npz`, a folder of them, or a folder of images.
            role: What it is for.
            on_progress: Told how far reading is.
            images: How images are read, as text by name of the fields of ImageOptions.

        Raises:
            DataError: It does not fit the model, or is the set of the other role again.
            MissingEngineError: It holds images, and what reads them is not installed.
            UsageError: One of `images` is not understood.
        """
        project, file = self._projects.load(project_id), full_path(path)
        kept = next((one for one in project.data if one.path == file), None)
        reading = with_image_texts(kept.images if kept else ImageOptions(), images)
        plain = self._projects.run_options(project)
        args = {
            "options": document_from(replace(plain, data=file, images=((file, reading),))),
            "role": role or (kept.role if kept else None),
            "attached": [document_from(one) for one in project.data],
        }
        found: DataSet = await self._jobs.result("data", args, on_progress)
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
