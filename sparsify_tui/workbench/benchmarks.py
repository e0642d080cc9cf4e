"""Optimizations beside the original: benchmarks, and the changed model as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sparsify_tui.codec import document_from
from sparsify_tui.core.cases import BenchmarkRequest, ChangedModel, Prediction
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.project import AppliedModel, BenchmarkRun, DataRole, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.engines import ENGINES
from sparsify_tui.engines.machine import allowed_cores
from sparsify_tui.errors import JobError, UsageError
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.kept import KeptBenchmark, OnBenchmark
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.projects import Projects
from sparsify_tui.workbench.running import check_counts, project_result, run_options
from sparsify_tui.workbench.scores import full_metric

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
        on_partial: OnBenchmark | None = None,
    ) -> BenchmarkRun:
        """Measures each optimization against the original, in every case.

        Each case is stored when it is over: what ends the job early, leaves those before it.

        Args:
            project_id: Whose model.
            request: What to measure.
            name: Of the benchmark; made up from the optimizations.
            on_progress: Told how far it is.
            on_partial: Told what was stored, case by case.

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
            request, threads=request.threads or (cores,), metric=full_metric(request.metric)
        )
        args = {
            "options": document_from(replace(options, engine=request.engines[0])),
            "models": [document_from(_changed_model(project, plan)) for plan in plans],
            "request": document_from(asked),
            "name": checked_name(name or _name_for(plans)),
        }
        kept = KeptBenchmark(self._projects, project_id, on_partial)
        return kept.store(await self._measure(project, args, kept, on_progress))

    async def _measure(
        self,
        project: Project,
        args: Mapping[str, Any],
        kept: KeptBenchmark,
        on_progress: OnProgress | None,
    ) -> BenchmarkRun:
        """All cases; behind one that ends its process, a fresh process goes on."""
        so_far: BenchmarkRun | None = None
        while so_far is None or not so_far.is_complete:
            more = {"so_far": so_far and document_from(so_far)}
            try:
                run: BenchmarkRun = await project_result(
                    self._jobs, project, "benchmark", {**args, **more}, on_progress, on_partial=kept
                )
            except JobError as error:
                so_far = kept.after(error)
            else:
                return run
        return so_far

    async def run_again(
        self,
        project_id: str,
        stored: BenchmarkRun,
        on_progress: OnProgress | None = None,
        on_partial: OnBenchmark | None = None,
    ) -> BenchmarkRun:
        """Asks for the same once more, under the same name. Raises UsageError where it cannot."""
        if stored.request is None:
            raise UsageError(
                f"What {clean_text(stored.name)} was asked for is not known.",
                "It was made by an earlier version; run it anew.",
            )
        return await self.run(
            project_id,
            stored.request,
            name=stored.name,
            on_progress=on_progress,
            on_partial=on_partial,
        )

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
        repair: str | None = None,
        seconds: float = APPLY_S,
        on_progress: OnProgress | None = None,
    ) -> AppliedModel:
        """Writes the changed model, checked by running it, and times it beside the original.

        Args:
            project_id: Whose model.
            optimization: What is done to it.
            output: The file to write.
            repair: One of REPAIRS; None for what the optimization says.
            seconds: Least time of the comparison.
            on_progress: Told how far it is.

        Raises:
            UsageError: It was made for another content of the model file.
            SparsifyError: As the analysis explains it.
        """
        project = await self._projects.ready(project_id)
        args = {
            "options": document_from(run_options(self._projects, project, _DATA)),
            "model": document_from(_changed_model(project, optimization, repair)),
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


def _changed_model(project: Project, plan: Optimization, repair: str | None = None) -> ChangedModel:
    """Raises UsageError where its channels are those of another content of the file."""
    if plan.changes.channels and plan.channels.model_digest != project.model.sha256:
        raise UsageError(
            f"The channels of {clean_text(plan.name)} were chosen for another content of "
            f"{clean_text(project.model.path)}.",
            "Choose them anew: the same numbers may be other channels now.",
        )
    changes = plan.changes if repair is None else replace(plan.changes, repair=repair)
    found = plan.placement
    prediction = (
        None  # of int8 at the full widths
        if found is None or found.predicted_ms is None or changes.channels
        else Prediction(batch=found.batch, threads=found.threads, ms=found.predicted_ms)
    )
    return ChangedModel(name=plan.name, changes=changes, prediction=prediction)


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
