"""Starts the measurements of a project, and opens their results."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from sparsify_tui.core.cases import BenchmarkRequest
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import BenchmarkRun, Project
from sparsify_tui.core.units import format_bytes
from sparsify_tui.core.verdicts import applied_verdict
from sparsify_tui.tui.loss.running import measure_magnitude
from sparsify_tui.tui.new_project import NewProject

if TYPE_CHECKING:
    from sparsify_tui.tui.app import SparsifyApp
    from sparsify_tui.workbench.benchmarks import Benchmarks

PERFORMANCE, BENCHMARKS = "1", "4"
BENCHMARK = "benchmark"
"""Title of the job that measures one."""


def profile_new(app: SparsifyApp, wanted: NewProject, project: Project) -> None:
    """Opens a new project and makes the profiles that were asked for."""
    app.open_project(project)
    if wanted.has_loss:
        measure_magnitude(app, project.id)
    if wanted.has_perf:
        measure_perf(app, project.id, batch=wanted.batch, threads=wanted.threads)


def measure_perf(app: SparsifyApp, project_id: str, **how: Any) -> None:
    """Measures a performance profile; `how` is what `Measure.perf` takes."""
    measure = app.desk.bench.measure
    app.start_job(
        "performance",
        PERFORMANCE,
        lambda progress: measure.perf(project_id, on_progress=progress, **how),
        partial(_landed, app, project_id),
    )


def measure_benchmark(
    app: SparsifyApp, project_id: str, request: BenchmarkRequest, *, name: str = ""
) -> None:
    """Measures optimizations against the original."""
    _start_benchmark(app, project_id, partial(_benchmarks(app).run, project_id, request, name=name))


def measure_again(app: SparsifyApp, project_id: str, stored: BenchmarkRun) -> None:
    """Measures the same once more."""
    _start_benchmark(app, project_id, partial(_benchmarks(app).run_again, project_id, stored))


def _benchmarks(app: SparsifyApp) -> Benchmarks:
    return app.desk.bench.benchmarks


def _start_benchmark(
    app: SparsifyApp, project_id: str, measure: Callable[..., Awaitable[BenchmarkRun]]
) -> None:
    """Shows each case when it is over: what stops the job leaves those before it."""
    app.start_job(
        BENCHMARK,
        BENCHMARKS,
        lambda progress: measure(
            on_progress=progress, on_partial=lambda _: _shown_again(app, project_id)
        ),
        partial(_landed, app, project_id),
    )


def save_changed_model(app: SparsifyApp, project_id: str, plan: Optimization, file: str) -> None:
    """Writes the changed model, and says whether it may be called optimized."""
    benchmarks = app.desk.bench.benchmarks
    app.start_job(
        "apply",
        BENCHMARKS,
        lambda progress: benchmarks.apply(project_id, plan, file, on_progress=progress),
        lambda applied: app.confirm(
            f"{applied.file}: {format_bytes(applied.bytes)}, {applied_verdict(applied)}"
        ),
    )


def _shown_again(app: SparsifyApp, project_id: str) -> None:
    """Something was stored: shows it where its project is still open."""
    if app.desk.project is not None and app.desk.project.id == project_id:
        app.desk.refresh()
        app.catch_up()


def _landed(app: SparsifyApp, project_id: str, result: PerfProfile | BenchmarkRun) -> None:
    """A result was stored: opens it where its project is still open."""
    if app.desk.project is not None and app.desk.project.id == project_id:
        app.desk.refresh()
        app.desk.look_at(result)
        app.catch_up()
    app.confirm(f"{result.name} is done")
