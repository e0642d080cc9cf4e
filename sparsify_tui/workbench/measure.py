"""Profiles and benchmarks: measured in a child, kept in the project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sparsify_tui.codec import document_from
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.options import ORIGINAL_LEVELS, RunOptions
from sparsify_tui.core.profile import LossProfile, PerfProfile
from sparsify_tui.core.project import AppliedModel, BenchmarkRun, DataRole, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.engines.machine import allowed_cores
from sparsify_tui.errors import InputError, JobError, UsageError
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.projects import Projects

COMPARISON_S = 4.0
PERFORMANCE_S = 3.0
_MOST_THREADS = 1024


class Measure:
    """Runs the analyses of a project and stores their results."""

    def __init__(self, projects: Projects, jobs: JobDesk) -> None:
        self._projects = projects
        self._jobs = jobs

    default_levels = ORIGINAL_LEVELS

    def levels_from(self, text: str) -> tuple[float, ...]:
        """Levels written as `0.5,0.8`. Raises UsageError."""
        try:
            levels = tuple(float(part) for part in text.split(",") if part.strip())
        except ValueError:
            raise UsageError(f"Levels are numbers separated by commas, not {text!r}.") from None
        _check_levels(levels)
        return levels

    def check_levels(self, text: str) -> str | None:
        """What is wrong with levels as text, or None."""
        try:
            self.levels_from(text)
        except UsageError as error:
            return str(error)
        return None

    def counts_from(self, text: str) -> tuple[int, ...]:
        """Batch sizes or thread counts written as `1,8`. Raises UsageError."""
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

    @property
    def cores(self) -> int:
        """Cores this program may use; the default of every thread count."""
        return allowed_cores()

    async def perf(
        self,
        project_id: str,
        *,
        name: str = "",
        batch: int = 1,
        threads: int | None = None,
        seconds: float = PERFORMANCE_S,
        on_progress: OnProgress | None = None,
    ) -> PerfProfile:
        """Measures the whole model and every layer of it; whole runs for `seconds` at least."""
        _check_counts((batch,), () if threads is None else (threads,))
        project = await self._projects.ready(project_id)
        options = self._options(project, ("calibration", "test"), batch, threads)
        args = {
            "options": document_from(options),
            "name": checked_name(name or f"b{batch} t{options.threads}"),
            "seconds": seconds,
        }
        profile: PerfProfile = await self._result(project, "perf", args, on_progress)
        self._projects.update(
            project_id,
            lambda stored: replace(stored, perf_profiles=(*stored.perf_profiles, profile)),
        )
        return profile

    async def loss(
        self,
        project_id: str,
        *,
        name: str = "",
        levels: Sequence[float] = ORIGINAL_LEVELS,
        on_progress: OnProgress | None = None,
    ) -> LossProfile:
        """Removed weight energy of each layer, at the levels."""
        _check_levels(levels)
        project = await self._projects.ready(project_id)
        args = {
            "options": document_from(self._projects.run_options(project)),
            "name": checked_name(name or "magnitude"),
            "levels": sorted(set(levels)),
        }
        profile: LossProfile = await self._result(project, "loss", args, on_progress)
        self._projects.update(
            project_id,
            lambda stored: replace(stored, loss_profiles=(*stored.loss_profiles, profile)),
        )
        return profile

    async def benchmark(
        self,
        project_id: str,
        optimization: Optimization,
        *,
        name: str = "",
        batches: Sequence[int] = (1,),
        threads: Sequence[int] = (),
        seconds: float = COMPARISON_S,
        on_progress: OnProgress | None = None,
    ) -> BenchmarkRun:
        """Measures an optimization against the original, for each batch and thread count."""
        _check_counts(batches, threads)
        project = await self._projects.ready(project_id)
        counts = tuple(threads) or (allowed_cores(),)
        options = self._options(project, ("test", "calibration"), batches[0], counts[0])
        args = {
            "options": document_from(options),
            "levels": dict(optimization.levels),
            "label": optimization.name,
            "name": checked_name(name or optimization.name),
            "cases": [[batch, count] for batch in batches for count in counts],
            "seconds": seconds,
        }
        run: BenchmarkRun = await self._result(project, "benchmark", args, on_progress)
        self._projects.update(
            project_id, lambda stored: replace(stored, benchmarks=(*stored.benchmarks, run))
        )
        return run

    async def apply(
        self,
        project_id: str,
        optimization: Optimization,
        output: str,
        on_progress: OnProgress | None = None,
    ) -> AppliedModel:
        """Writes the one-shot pruned model, checked by running it."""
        project = await self._projects.ready(project_id)
        options = self._options(project, ("test", "calibration"), 1, None)
        args = {
            "options": document_from(options),
            "levels": dict(optimization.levels),
            "output": output,
        }
        applied: AppliedModel = await self._result(project, "apply", args, on_progress)
        return applied

    async def _result(
        self, project: Project, kind: str, args: Mapping[str, Any], on_progress: OnProgress | None
    ) -> Any:
        """Runs a job; a failure names the sizes and constants that the project remembers."""
        try:
            return await self._jobs.result(kind, args, on_progress)
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

    def _options(
        self, project: Project, roles: tuple[DataRole, ...], batch: int, threads: int | None
    ) -> RunOptions:
        data = next((found for role in roles if (found := project.data_for(role))), None)
        return replace(
            self._projects.run_options(project),
            data=data.path if data else None,
            batch=batch,
            threads=threads or allowed_cores(),
        )


def _check_counts(batches: Sequence[int], threads: Sequence[int]) -> None:
    if not batches or min(batches) < 1:
        raise UsageError("A batch must be 1 or more.", "Example: --batch 8")
    if threads and not 1 <= min(threads) <= max(threads) <= _MOST_THREADS:
        raise UsageError(f"Threads are 1 to {_MOST_THREADS}.", "Example: --threads 1")


def _check_levels(levels: Sequence[float]) -> None:
    if not levels or any(not 0 < level < 1 for level in levels):
        raise UsageError("Levels must lie between 0 and 1.", "Example: 0.5,0.8,0.9")
