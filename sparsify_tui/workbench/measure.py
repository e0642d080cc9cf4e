"""Performance profiles: measured in a child, kept in the project."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from sparsify_tui.codec import document_from
from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelSearch
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.modifiers.channels import REPAIRS, SELECTIONS
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.profile import PerfProfile, with_mix
from sparsify_tui.core.project import Project, replaced
from sparsify_tui.engines import DEFAULT_ENGINE
from sparsify_tui.engines.machine import allowed_cores, cpu_name
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.projects import Projects
from sparsify_tui.workbench.running import check_counts, project_result, run_options

PERFORMANCE_S = 3.0
PLACEMENT_S = 5.0
NARROWING_S = 80.0


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
        channels: bool = True,
        on_progress: OnProgress | None = None,
    ) -> PerfProfile:
        """Measures the whole model and every layer of it, in float, in int8 and narrowed.

        Args:
            project_id: Whose model.
            name: Of the profile; made up from batch and threads.
            batch: Items in a run.
            threads: None for the cores allowed.
            seconds: Least time of the whole runs.
            engine: That runs the model; the int8 lane is onnxruntime's only.
            int8: Whether to measure the int8 lane, too.
            channels: Whether to measure the channel lanes, too.
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
            "channels": channels,
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
        profile = _newest_profile(project, options, lambda one: one.mix_model is not None)
        args = {
            "options": document_from(options),
            "profile": None if profile is None else document_from(profile),
            "seconds": seconds,
        }
        found: Placement = await project_result(self._jobs, project, "place", args, on_progress)
        if profile is not None and (checked := with_mix(profile, found)) is not profile:
            self._projects.update(project_id, lambda stored: _with_profile(stored, checked))
        return found

    async def channels(
        self,
        project_id: str,
        *,
        selection: str = "obs",
        on_progress: OnProgress | None = None,
    ) -> ChannelAnalysis:
        """The groups of channels, and in which order their units are missed least.

        It looks at calibration samples only; without them at made-up ones, which it says.

        Args:
            project_id: Whose model.
            selection: What the order goes by; one of SELECTIONS.
            on_progress: Told how far it is.

        Raises:
            UsageError: There is no such selection.
        """
        _check_choice("selection", selection, SELECTIONS)
        project = await self._projects.ready(project_id)
        options = run_options(self._projects, project, ("calibration",))
        args = {"options": document_from(options), "selection": selection}
        found: ChannelAnalysis = await project_result(
            self._jobs, project, "channels", args, on_progress
        )
        return found

    async def narrow(
        self,
        project_id: str,
        *,
        batch: int = 1,
        threads: int | None = None,
        speed_up: float | None = None,
        max_loss: float | None = None,
        selection: str = "obs",
        repair: str = "auto",
        locked: Mapping[GroupId, int] = MappingProxyType({}),
        seconds: float = NARROWING_S,
        on_progress: OnProgress | None = None,
    ) -> ChannelSearch:
        """Searches how narrow the model can be: a front of measured models, and one chosen of it.

        It starts from the newest profile of the same setup that has channel lanes; without one
        it measures them first. It fits and chooses on calibration samples only, never on the
        test set; without any on made-up ones, which it says.

        Args:
            project_id: Whose model.
            batch: Items in a run.
            threads: None for the cores allowed.
            speed_up: Least measured speed-up; the least lossy point that has it is chosen.
            max_loss: Largest output error on held-out calibration samples; the fastest point
                within it is chosen. With neither, a rule of ours says what is good enough.
            selection: How the units that go are chosen; one of SELECTIONS.
            repair: One of REPAIRS.
            locked: Units that groups keep, whatever is found.
            seconds: About how long it may take.
            on_progress: Told how far it is.

        Raises:
            UsageError: A limit, a selection or a repair makes no sense.
        """
        check_counts((batch,), () if threads is None else (threads,))
        _check_limits(speed_up, max_loss)
        _check_choice("selection", selection, SELECTIONS)
        _check_choice("repair", repair, REPAIRS)
        project = await self._projects.ready(project_id)
        options = run_options(
            self._projects, project, ("calibration",), batch=batch, threads=threads
        )
        profile = _newest_profile(project, options, _has_lanes)
        args = {
            "options": document_from(options),
            "profile": None if profile is None else document_from(profile),
            "selection": selection,
            "repair": repair,
            "speed_up": speed_up,
            "max_loss": max_loss,
            "locked": [list(one) for one in locked.items()],
            "seconds": seconds,
        }
        found: ChannelSearch = await project_result(
            self._jobs, project, "narrow", args, on_progress
        )
        return found


def _newest_profile(
    project: Project, options: RunOptions, is_useful: Callable[[PerfProfile], bool]
) -> PerfProfile | None:
    """The newest useful one of the model as it is now, in the same setup."""
    for profile in reversed(project.perf_profiles):
        setup = profile.environment
        if (
            is_useful(profile)
            and not project.is_stale(profile)
            and (profile.batch, setup.threads, setup.engine)
            == (options.batch, options.threads, options.engine)
            and setup.cpu == cpu_name()
        ):
            return profile
    return None


def _has_lanes(profile: PerfProfile) -> bool:
    return profile.channels is not None and profile.channels.model is not None


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise UsageError(f"The {name} is one of {', '.join(choices)}, not {value!r}.")


def _check_limits(speed_up: float | None, max_loss: float | None) -> None:
    if speed_up is not None and not speed_up > 1:
        raise UsageError(
            f"The speed-up must be above 1, not {speed_up:g}.", "Example: --speed-up 1.5"
        )
    if max_loss is not None and not max_loss > 0:
        raise UsageError(
            f"The largest loss must be above 0, not {max_loss:g}.", "Example: --max-loss 0.05"
        )


def _with_profile(project: Project, profile: PerfProfile) -> Project:
    return replace(project, perf_profiles=replaced(project.perf_profiles, profile))
