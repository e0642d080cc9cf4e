"""Starts the measurements of a project, and opens their results."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import LossProfile, PerfProfile
from sparsify_tui.core.project import BenchmarkRun, Project
from sparsify_tui.tui.new_project import NewProject

if TYPE_CHECKING:
    from sparsify_tui.tui.app import SparsifyApp

PERFORMANCE, LOSS, BENCHMARKS = "1", "2", "4"


def profile_new(app: SparsifyApp, wanted: NewProject, project: Project) -> None:
    """Opens a new project and makes the profiles that were asked for."""
    app.open_project(project)
    if wanted.has_loss:
        measure_loss(app, project.id)
    if wanted.has_perf:
        measure_perf(app, project.id, batch=wanted.batch, threads=wanted.threads)


def measure_perf(
    app: SparsifyApp, project_id: str, *, batch: int, threads: int, name: str = ""
) -> None:
    """Measures a performance profile."""
    measure = app.desk.bench.measure
    app.start_job(
        "performance",
        PERFORMANCE,
        lambda progress: measure.perf(
            project_id, name=name, batch=batch, threads=threads, on_progress=progress
        ),
        partial(_landed, app, project_id),
    )


def measure_loss(
    app: SparsifyApp, project_id: str, *, levels: Sequence[float] = (), name: str = ""
) -> None:
    """Makes a loss profile."""
    measure = app.desk.bench.measure
    app.start_job(
        "loss",
        LOSS,
        lambda progress: measure.loss(
            project_id, name=name, levels=levels or measure.default_levels, on_progress=progress
        ),
        partial(_landed, app, project_id),
    )


def measure_benchmark(
    app: SparsifyApp,
    project_id: str,
    plan: Optimization,
    *,
    batches: Sequence[int],
    threads: Sequence[int],
) -> None:
    """Measures an optimization against the original."""
    measure = app.desk.bench.measure
    app.start_job(
        "benchmark",
        BENCHMARKS,
        lambda progress: measure.benchmark(
            project_id, plan, batches=batches, threads=threads, on_progress=progress
        ),
        partial(_landed, app, project_id),
    )


def _landed(
    app: SparsifyApp, project_id: str, result: PerfProfile | LossProfile | BenchmarkRun
) -> None:
    """A result was stored: opens it where its project is still open."""
    if app.desk.project is not None and app.desk.project.id == project_id:
        app.desk.refresh()
        app.desk.look_at(result)
        app.catch_up()
    app.confirm(f"{result.name} is done")
