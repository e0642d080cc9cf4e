"""What all jobs that run a project's model have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.project import DataRole, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.engines.machine import allowed_cores
from sparsify_tui.errors import InputError, JobError, UsageError
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.projects import Projects

MOST_THREADS = 1024


def run_options(
    projects: Projects,
    project: Project,
    roles: Sequence[DataRole],
    *,
    batch: int = 1,
    threads: int | None = None,
) -> RunOptions:
    """How the project's model is fed and run.

    Args:
        projects: Knows what the project has set.
        project: The project.
        roles: Of the data to feed; the first that is attached counts.
        batch: Items in a run.
        threads: None for the cores allowed.
    """
    data = next((found for role in roles if (found := project.data_for(role))), None)
    calibration, test = project.data_for("calibration"), project.data_for("test")
    return replace(
        projects.run_options(project),
        data=data.path if data else None,
        calibration=calibration.path if calibration else None,
        test=test.path if test else None,
        batch=batch,
        threads=threads or allowed_cores(),
    )


async def project_result(
    jobs: JobDesk,
    project: Project,
    kind: str,
    args: Mapping[str, Any],
    on_progress: OnProgress | None,
    *,
    on_partial: Callable[[Any], None] | None = None,
) -> Any:
    """Runs a job; a failure names the sizes and constants that the project remembers."""
    try:
        return await jobs.result(kind, args, on_progress, on_partial)
    except (InputError, JobError) as error:
        remembered = [f"dim.{name}={size}" for name, size in project.dims]
        remembered += [f"value.{name}={value:g}" for name, value in project.values]
        if not remembered:
            raise
        raise type(error)(
            error.message,
            f"{error.hint} The project remembers {', '.join(map(clean_text, remembered))}; "
            "`sparsify-tui settings set PROJECT NAME=` forgets one.",
        ) from error


def check_counts(batches: Sequence[int], threads: Sequence[int]) -> None:
    """Refuses batches and thread counts out of range. Raises UsageError."""
    if not batches or min(batches) < 1:
        raise UsageError("A batch must be 1 or more.", "Example: --batch 8")
    if threads and not 1 <= min(threads) <= max(threads) <= MOST_THREADS:
        raise UsageError(f"Threads are 1 to {MOST_THREADS}.", "Example: --threads 1")
