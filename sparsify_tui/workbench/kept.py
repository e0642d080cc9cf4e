"""What a benchmark has so far: stored case by case, so that it outlives its job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from sparsify_tui.core.project import BenchmarkRun, Project, replaced
from sparsify_tui.core.runs import without_case
from sparsify_tui.errors import JobError
from sparsify_tui.workbench.projects import Projects

OnBenchmark: TypeAlias = "Callable[[BenchmarkRun], None]"


class KeptBenchmark:
    """Takes what a job yields, and stores it from the first case on.

    Args:
        projects: Where it is stored.
        project_id: In which project.
        tell: Called with what was stored.
    """

    def __init__(
        self, projects: Projects, project_id: str, tell: OnBenchmark | None = None
    ) -> None:
        self._projects = projects
        self._project_id = project_id
        self._tell = tell
        self._latest: BenchmarkRun | None = None

    def __call__(self, run: BenchmarkRun) -> None:
        """Keeps the newest state."""
        self._latest = run
        if run.runs:
            self.store(run)

    def store(self, run: BenchmarkRun) -> BenchmarkRun:
        """Puts it in the project, under the name and with the notes it was given there."""
        project = self._projects.update(self._project_id, lambda stored: _holding(stored, run))
        kept = next(one for one in project.benchmarks if one.id == run.id)
        if self._tell is not None:
            self._tell(kept)
        return kept

    def after(self, error: JobError) -> BenchmarkRun:
        """What there is after the case that ended the job.

        Raises:
            JobError: The given one, when it was no case that did, or when no other case is left
                to tell of.
        """
        if self._latest is None:
            raise error
        left = without_case(self._latest, error.message)
        if left.is_complete and not left.runs:
            raise error
        self(left)
        self._latest = None  # a job that ends before its first case shall not go on for ever
        return left


def _holding(project: Project, run: BenchmarkRun) -> Project:
    """The project with this state of the benchmark in place of an earlier one."""
    present = next((one for one in project.benchmarks if one.id == run.id), None)
    if present is None:
        return replace(project, benchmarks=(*project.benchmarks, run))
    newer = replace(run, name=present.name, notes=present.notes)
    return replace(project, benchmarks=replaced(project.benchmarks, newer))
