"""What is measured for long is stored while it grows, so that it outlives its job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, TypeVar

from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.project import BenchmarkRun, replaced
from sparsify_tui.core.runs import without_case
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import CancelledJobError, JobError
from sparsify_tui.workbench.projects import Projects

OnBenchmark: TypeAlias = "Callable[[BenchmarkRun], None]"
T = TypeVar("T", LossProfile, BenchmarkRun)


def present(items: tuple[T, ...], wanted: T) -> T:
    """The stored state of what is being measured.

    Raises:
        CancelledJobError: It was deleted meanwhile.
    """
    for one in items:
        if one.id == wanted.id:
            return one
    raise CancelledJobError(f"{clean_text(wanted.name)} was deleted while it was measured.")


def grown(items: tuple[T, ...], newer: T) -> tuple[T, ...]:
    """With a newer state in place of the stored one, whose name and notes it keeps.

    Raises:
        CancelledJobError: It was deleted meanwhile.
    """
    kept = present(items, newer)
    return replaced(items, replace(newer, name=kept.name, notes=kept.notes))


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
        self._is_stored = False

    def __call__(self, run: BenchmarkRun) -> None:
        """Keeps the newest state.

        Raises:
            CancelledJobError: It was deleted meanwhile.
        """
        self._latest = run
        if run.runs:
            self.store(run)

    def store(self, run: BenchmarkRun) -> BenchmarkRun:
        """Puts it in the project, under the name and with the notes it was given there.

        Raises:
            CancelledJobError: It was deleted meanwhile.
        """
        project = self._projects.update(
            self._project_id,
            lambda stored: replace(stored, benchmarks=self._with(stored.benchmarks, run)),
        )
        self._is_stored = True
        kept = present(project.benchmarks, run)
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

    def _with(
        self, stored: tuple[BenchmarkRun, ...], run: BenchmarkRun
    ) -> tuple[BenchmarkRun, ...]:
        return grown(stored, run) if self._is_stored else (*stored, run)
