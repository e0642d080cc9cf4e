"""Optimizations beside the original: benchmarks, and the changed model as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sparsify_tui.codec import document_from
from sparsify_tui.core.cases import BenchmarkRequest, ChangedModel, Prediction
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.project import AppliedModel, BenchmarkRun, DataRole, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.engines import ENGINES
from sparsify_tui.engines.machine import allowed_cores
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.paths import full_path
from sparsify_tui.workbench.projects import Projects
from sparsify_tui.workbench.running import check_counts, project_result, run_options

COMPARISON_S = 4.0
APPLY_S = 3.0
_MOST_STREAMS = 64
_DATA: tuple[DataRole, ...] = ("test", "calibration")
"""Roles of the data that models are run on, the first that is attached."""


class Benchmarks:
    """Measures optimizations against the original, and stores the results."""

    def __init__(self, projects: Projects, jobs: JobDesk) -> None:
        self._projects = projects
        self._jobs = jobs

    engines = tuple(ENGINES)
    """Names of all that are known; those that are not installed say so when they are used."""

    async def run(
        self,
        project_id: str,
        request: BenchmarkRequest,
        *,
        name: str = "",
        on_progress: OnProgress | None = None,
    ) -> BenchmarkRun:
        """Measures each optimization against the original, in every case.

        Raises:
            UsageError: The request names what is not there, or counts out of range.
            SparsifyError: As the analysis explains it.
        """
        _check_request(request)
        project = await self._projects.ready(project_id)
        plans = [_plan(project, reference) for reference in request.optimizations]
        cores = allowed_cores()
        threads = (request.threads or (cores,))[0]
        options = run_options(
            self._projects, project, _DATA, batch=request.batches[0], threads=threads
        )
        asked = replace(
            request, threads=request.threads or (cores,), metric=_full_metric(request.metric)
        )
        args = {
            "options": document_from(replace(options, engine=request.engines[0])),
            "models": [document_from(_changed_model(plan)) for plan in plans],
            "request": document_from(asked),
            "name": checked_name(name or _name_for(plans)),
        }
        run: BenchmarkRun = await project_result(
            self._jobs, project, "benchmark", args, on_progress
        )
        self._projects.update(
            project_id, lambda stored: replace(stored, benchmarks=(*stored.benchmarks, run))
        )
        return run

    async def run_again(
        self, project_id: str, stored: BenchmarkRun, on_progress: OnProgress | None = None
    ) -> BenchmarkRun:
        """Asks for the same once more, under the same name. Raises UsageError where it cannot."""
        if stored.request is None:
            raise UsageError(
                f"What {clean_text(stored.name)} was asked for is not known.",
                "It was made by an earlier version; run it anew.",
            )
        return await self.run(project_id, stored.request, name=stored.name, on_progress=on_progress)

    def find(self, project: Project, reference: str) -> BenchmarkRun:
        """A stored benchmark by id or name, the newest of that name. Raises UsageError."""
        for run in reversed(project.benchmarks):
            if reference in (run.id, run.name):
                return run
        known = ", ".join(clean_text(run.name) for run in project.benchmarks) or "none yet"
        raise UsageError(f"There is no benchmark {clean_text(reference)}.", f"Known: {known}.")

    async def apply(
        self,
        project_id: str,
        optimization: Optimization,
        output: str,
        *,
        seconds: float = APPLY_S,
        on_progress: OnProgress | None = None,
    ) -> AppliedModel:
        """Writes the changed model, checked by running it, and times it beside the original."""
        project = await self._projects.ready(project_id)
        args = {
            "options": document_from(run_options(self._projects, project, _DATA)),
            "model": document_from(_changed_model(optimization)),
            "output": output,
            "seconds": seconds,
        }
        applied: AppliedModel = await project_result(
            self._jobs, project, "apply", args, on_progress
        )
        return applied

    def counts_from(self, text: str) -> tuple[int, ...]:
        """Batch sizes, thread or stream counts written as `1,8`. Raises UsageError."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if not parts or not all(part.isdecimal() and int(part) > 0 for part in parts):
            raise UsageError(f"Whole numbers above zero are needed, not {text!r}.", "Example: 1,8")
        return tuple(dict.fromkeys(map(int, parts)))

    def check_counts(self, text: str) -> str | None:
        """What is wrong with counts as text, or None."""
        try:
            self.counts_from(text)
        except UsageError as error:
            return str(error)
        return None

    def engines_from(self, text: str) -> tuple[str, ...]:
        """Engines written as `onnxruntime,openvino`. Raises UsageError."""
        names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
        _check_engines(names)
        return names

    def check_engines(self, text: str) -> str | None:
        """What is wrong with engines as text, or None."""
        try:
            self.engines_from(text)
        except UsageError as error:
            return str(error)
        return None


def _plan(project: Project, reference: str) -> Optimization:
    plan = project.optimization(reference)
    if plan is None:
        known = ", ".join(clean_text(one.name) for one in project.optimizations) or "none yet"
        raise UsageError(f"There is no optimization {clean_text(reference)}.", f"Known: {known}.")
    return plan


def _name_for(plans: Sequence[Optimization]) -> str:
    """Short: that of the first, and how many others there are."""
    if not plans:
        return "original"
    return plans[0].name if len(plans) == 1 else f"{plans[0].name} +{len(plans) - 1}"


def _changed_model(plan: Optimization) -> ChangedModel:
    found = plan.placement
    prediction = (
        None
        if found is None or found.predicted_ms is None
        else Prediction(batch=found.batch, threads=found.threads, ms=found.predicted_ms)
    )
    return ChangedModel(name=plan.name, changes=plan.changes, prediction=prediction)


def _full_metric(text: str) -> str:
    """With the full path of its file, since the child works elsewhere. Raises UsageError."""
    if not text:
        return ""
    file, _, name = text.rpartition(":")
    if not file or not name.isidentifier():
        raise UsageError(
            f"A metric is FILE.py:FUNCTION, not {clean_text(text)}.", "Example: score.py:accuracy"
        )
    return f"{full_path(Path(file))}:{name}"


def _check_request(request: BenchmarkRequest) -> None:
    check_counts(request.batches, request.threads)
    if (
        not request.streams
        or not 1 <= min(request.streams) <= max(request.streams) <= _MOST_STREAMS
    ):
        raise UsageError(f"Streams are 1 to {_MOST_STREAMS}.", "Example: --streams 1,2")
    _check_engines(request.engines)


def _check_engines(names: Sequence[str]) -> None:
    unknown = next((name for name in names if name not in ENGINES), None)
    if unknown is not None or not names:
        raise UsageError(
            f"There is no engine {clean_text(unknown or '')}.", f"Known: {', '.join(ENGINES)}."
        )
