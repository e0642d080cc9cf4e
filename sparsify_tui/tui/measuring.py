"""Starts the measurements of a project, and opens their results."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from sparsify_tui.core.cases import BenchmarkRequest
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.project import BenchmarkRun, Project
from sparsify_tui.core.units import format_bytes
from sparsify_tui.core.verdicts import applied_verdict
from sparsify_tui.tui.loss.running import measure_magnitude
from sparsify_tui.tui.new_project import NewProject
from sparsify_tui.tui.showing import is_open, start_measuring

if TYPE_CHECKING:
    from sparsify_tui.tui.app import SparsifyApp
    from sparsify_tui.workbench.benchmarks import Benchmarks

PERFORMANCE, BENCHMARKS = "1", "4"


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
    start_measuring(
        app, "performance", PERFORMANCE, project_id, partial(measure.perf, project_id, **how)
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

    def show(run: BenchmarkRun) -> None:
        job.subject = run.id
        if is_open(app, project_id):
            app.desk.take_in(run)
            app.call_later(app.catch_up)

    measure_shown = partial(measure, on_partial=show)
    job = start_measuring(app, "benchmark", BENCHMARKS, project_id, measure_shown)


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
