"""Performance profiles: measured in a child, kept in the project."""

from __future__ import annotations

from dataclasses import replace

from sparsify_tui.codec import document_from
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.profile import PerfProfile, with_mix
from sparsify_tui.core.project import Project, replaced
from sparsify_tui.engines import DEFAULT_ENGINE
from sparsify_tui.engines.machine import allowed_cores, cpu_name
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.projects import Projects
from sparsify_tui.workbench.running import check_counts, project_result, run_options

PERFORMANCE_S = 3.0
PLACEMENT_S = 5.0


class Measure:
    """Runs the analyses of a project and stores their results."""

    def __init__(self, projects: Projects, jobs: JobDesk) -> None:
        self._projects = projects
        self._jobs = jobs

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
        engine: str = DEFAULT_ENGINE,
        int8: bool = True,
        on_progress: OnProgress | None = None,
    ) -> PerfProfile:
        """Measures the whole model and every layer of it, in float and in int8.

        Args:
            project_id: Whose model.
            name: Of the profile; made up from batch and threads.
            batch: Items in a run.
            threads: None for the cores allowed.
            seconds: Least time of the whole runs.
            engine: That runs the model; the int8 lane is onnxruntime's only.
            int8: Whether to measure the int8 lane, too.
            on_progress: Told how far it is.
        """
        check_counts((batch,), () if threads is None else (threads,))
        project = await self._projects.ready(project_id)
        options = run_options(
            self._projects, project, ("calibration", "test"), batch=batch, threads=threads
        )
        args = {
            "options": document_from(replace(options, engine=engine)),
            "name": checked_name(name or f"b{batch} t{options.threads}"),
            "seconds": seconds,
            "int8": int8 and engine == DEFAULT_ENGINE,
        }
        profile: PerfProfile = await project_result(self._jobs, project, "perf", args, on_progress)
        self._projects.update(
            project_id,
            lambda stored: replace(stored, perf_profiles=(*stored.perf_profiles, profile)),
        )
        return profile

    async def place(
        self,
        project_id: str,
        *,
        batch: int = 1,
        threads: int | None = None,
        seconds: float = PLACEMENT_S,
        on_progress: OnProgress | None = None,
    ) -> Placement:
        """Searches where int8 pays, and keeps what it measured with the profile it started from.

        It starts from the newest profile of the same setup that has an int8 lane; without one
        it measures that first.

        Args:
            project_id: Whose model.
            batch: Items in a run.
            threads: None for the cores allowed.
            seconds: Least time of the race, and of each pass of the gate.
            on_progress: Told how far it is.
        """
        check_counts((batch,), () if threads is None else (threads,))
        project = await self._projects.ready(project_id)
        options = run_options(
            self._projects, project, ("test", "calibration"), batch=batch, threads=threads
        )
        profile = _profile_to_start_from(project, options)
        args = {
            "options": document_from(options),
            "profile": None if profile is None else document_from(profile),
            "seconds": seconds,
        }
        found: Placement = await project_result(self._jobs, project, "place", args, on_progress)
        if profile is not None and (checked := with_mix(profile, found)) is not profile:
            self._projects.update(project_id, lambda stored: _with_profile(stored, checked))
        return found


def _profile_to_start_from(project: Project, options: RunOptions) -> PerfProfile | None:
    """The newest with an int8 lane of the model as it is now, in the same setup."""
    for profile in reversed(project.perf_profiles):
        setup = profile.environment
        if (
            profile.mix_model is not None
            and not project.is_stale(profile)
            and (profile.batch, setup.threads, setup.engine)
            == (options.batch, options.threads, options.engine)
            and setup.cpu == cpu_name()
        ):
            return profile
    return None


def _with_profile(project: Project, profile: PerfProfile) -> Project:
    return replace(project, perf_profiles=replaced(project.perf_profiles, profile))
