"""Starts measurements, and shows what they have stored where their project is still open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import BenchmarkRun
from sparsify_tui.errors import SparsifyError
from sparsify_tui.tui.jobs import Job, OnProgress

if TYPE_CHECKING:
    from sparsify_tui.tui.app import SparsifyApp

T = TypeVar("T", PerfProfile, LossProfile, BenchmarkRun)
Measuring: TypeAlias = "Callable[..., Awaitable[T]]"


def start_measuring(
    app: SparsifyApp, title: str, section: str, project_id: str, measure: Measuring[T]
) -> Job:
    """Queues a measurement, and opens its result.

    Args:
        app: The interface.
        title: Of the job.
        section: Key of the section that shows the result.
        project_id: Whose model is measured.
        measure: Called with `on_progress`; stores what it measures.
    """

    async def work(progress: OnProgress) -> T:
        try:
            return await measure(on_progress=progress)
        finally:  # what was measured is stored, however it ended
            app.call_later(show_stored, app, project_id)

    def done(result: T) -> None:
        if is_open(app, project_id):
            app.desk.look_at(result)
        app.confirm(f"{result.name} is done")

    return app.start_job(title, section, work, done)


def show_stored(app: SparsifyApp, project_id: str) -> None:
    """Reads the project again, and shows it; says where it cannot be read."""
    if not is_open(app, project_id):
        return
    try:
        app.refresh_project()
    except SparsifyError as error:
        app.report(error)


def is_open(app: SparsifyApp, project_id: str) -> bool:
    """Whether the project is the one on the desk."""
    return app.desk.project is not None and app.desk.project.id == project_id
