"""Loss profiles: measured in a child, kept in the project from their first to their last state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import TYPE_CHECKING, Any, TypeVar

from sparsify_tui.codec import document_from
from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.core.options import ORIGINAL_LEVELS
from sparsify_tui.core.project import DataRole, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.engines.machine import allowed_cores
from sparsify_tui.errors import JobError, SparsifyError, UsageError
from sparsify_tui.identity import new_id, now
from sparsify_tui.store.logs import LogStore
from sparsify_tui.workbench.jobs import JobDesk, OnProgress
from sparsify_tui.workbench.loss_keeping import Keeper, OnPartial, begun_profile
from sparsify_tui.workbench.loss_requests import (
    METRICS,
    STRUCTURES,
    checked_levels,
    checked_request,
    levels_from,
    schemes_from,
    standard_request,
)
from sparsify_tui.workbench.loss_time import ExpectedTime, expected_time
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.projects import Projects
from sparsify_tui.workbench.running import project_result, run_options

if TYPE_CHECKING:
    from sparsify_tui.core.loss_change import LossComparison

__all__ = ["ExpectedTime", "LossProfiles", "OnPartial"]

T = TypeVar("T")
STANDARD = LossRequest()
_DATA: tuple[DataRole, ...] = ("calibration", "test")
"""Roles of the data that layers are judged on: never the test set while there is another."""


class LossProfiles:
    """Measures what the layers lose."""

    def __init__(self, projects: Projects, jobs: JobDesk, logs: LogStore) -> None:
        self._projects = projects
        self._jobs = jobs
        self._logs = logs

    default_levels = ORIGINAL_LEVELS
    metrics = METRICS
    structures = STRUCTURES

    async def magnitude(
        self,
        project_id: str,
        *,
        name: str = "",
        levels: Sequence[float] = ORIGINAL_LEVELS,
        on_progress: OnProgress | None = None,
    ) -> LossProfile:
        """Removed weight energy of each layer, at the levels: no ranking across layers."""
        chosen = checked_levels(levels)
        project = await self._projects.ready(project_id)
        args = {
            "options": document_from(self._projects.run_options(project)),
            "name": checked_name(name or _free_name(project, "magnitude")),
            "levels": list(chosen),
        }
        profile: LossProfile = await project_result(
            self._jobs, project, "magnitude", args, on_progress
        )
        self._add(project_id, profile)
        return profile

    async def one_shot(
        self,
        project_id: str,
        *,
        name: str = "",
        request: LossRequest = STANDARD,
        on_progress: OnProgress | None = None,
        on_partial: OnPartial | None = None,
    ) -> LossProfile:
        """How the outputs change when one layer is changed, for each layer, level and scheme.

        The profile is in the project from the start, and grows there. What ends the job early,
        a cancel or a crash, leaves it as far as it is; `resume` goes on with it. A request that
        turns out to make no sense leaves nothing.

        Args:
            project_id: Whose model.
            name: Of the profile.
            request: What to measure.
            on_progress: Told how far it is.
            on_partial: Given each state of the profile, the empty one at the start included.

        Raises:
            UsageError: The request does not fit the model.
            MissingEngineError: It needs what is not installed.
            SparsifyError: As the analysis explains it.
        """
        project = await self._projects.ready(project_id)
        asked = checked_request(project.model, request)
        begun = begun_profile(project, asked, checked_name(name or _name_of(project, asked)))
        project = self._add(project_id, begun)
        try:
            return await self._measured(project, begun, on_progress, on_partial)
        except JobError:
            raise
        except SparsifyError:
            self._withdraw(project_id, begun)
            raise

    async def resume(
        self,
        project_id: str,
        profile_id: str,
        *,
        workers: int | None = None,
        memory_bytes: int | None = None,
        scheduler: str | None = None,
        on_progress: OnProgress | None = None,
        on_partial: OnPartial | None = None,
    ) -> LossProfile:
        """Goes on with a profile that is not complete; what is measured is not measured again.

        Args:
            project_id: Whose model.
            profile_id: Id or name of the profile.
            workers: In place of the number that was asked for first; None leaves it.
            memory_bytes: Likewise.
            scheduler: Likewise; empty for this machine alone.
            on_progress: Told how far it is.
            on_partial: Given each state of the profile, the present one included.

        Raises:
            UsageError: There is nothing to go on with, or the model has changed.
            StoreBusyError: Another window or command is measuring it.
            SparsifyError: As the analysis explains it.
        """
        project = await self._projects.ready(project_id)
        profile = self.find(project, profile_id)
        asked = _request_to_resume(project, profile)
        asked = replace(
            asked,
            workers=_chosen(workers, asked.workers),
            memory_bytes=_chosen(memory_bytes, asked.memory_bytes),
            scheduler=_chosen(scheduler, asked.scheduler),
        )
        checked = checked_request(project.model, asked)
        return await self._measured(
            project, replace(profile, request=checked), on_progress, on_partial
        )

    def find(self, project: Project, reference: str) -> LossProfile:
        """A stored profile by id or name, the newest of that name. Raises UsageError."""
        profile = project.loss_profile(reference)
        if profile is None:
            known = ", ".join(clean_text(one.name) for one in project.loss_profiles) or "none yet"
            raise UsageError(
                f"There is no loss profile {clean_text(reference)}.", f"Known: {known}."
            )
        return profile

    def copy(self, project_id: str, profile: LossProfile, name: str = "") -> LossProfile:
        """A second profile with the same values; one that is not complete can be resumed, too."""
        twin = replace(
            profile, id=new_id(), name=checked_name(name or f"{profile.name}-copy"), created=now()
        )
        self._logs.copy(profile.id, twin.id)
        self._add(project_id, twin)
        return twin

    def compare(self, project: Project, references: Sequence[str]) -> LossComparison:
        """Two to four profiles side by side. Raises UsageError."""
        from sparsify_tui.core.loss_change import compare_losses  # noqa: PLC0415 - when asked for

        return compare_losses(tuple(self.find(project, one) for one in references))

    def standard(self, structure: str = "") -> LossRequest:
        """What is measured of a structure unless something else is asked for."""
        return standard_request(structure)

    def expected(self, project: Project, request: LossRequest = STANDARD) -> ExpectedTime:
        """How long each method would take on this model."""
        return expected_time(project, request, allowed_cores())

    def levels_from(self, text: str) -> tuple[float, ...]:
        """Levels written as `0.5,0.8`. Raises UsageError."""
        return levels_from(text)

    def check_levels(self, text: str) -> str | None:
        """What is wrong with levels as text, or None."""
        return _complaint(levels_from, text)

    def schemes_from(self, text: str) -> tuple[str, ...]:
        """Quantisation schemes written as `int8,int4`, or `none`. Raises UsageError."""
        return schemes_from(text)

    def check_schemes(self, text: str) -> str | None:
        """What is wrong with schemes as text, or None."""
        return _complaint(schemes_from, text)

    async def _measured(
        self,
        project: Project,
        profile: LossProfile,
        on_progress: OnProgress | None,
        on_partial: OnPartial | None,
    ) -> LossProfile:
        keeper = Keeper(self._projects, project.id, profile, on_partial)
        with self._logs.claimed(profile.id) as log:
            if on_partial is not None:
                on_partial(profile)
            args = {**self._args(project, profile), "log": str(log)}
            try:
                found = await project_result(
                    self._jobs, project, "loss", args, on_progress, on_partial=keeper
                )
                result = keeper.store(found)
            finally:
                keeper.store_last()
        if result.is_complete:
            self._logs.discard((result.id,))
        return result

    def _args(self, project: Project, profile: LossProfile) -> dict[str, Any]:
        options = run_options(self._projects, project, _DATA)
        asked = profile.request.data if profile.request else ""
        return {
            "options": document_from(replace(options, data=asked or options.data)),
            "request": document_from(profile.request),
            "profile_id": profile.id,
            "name": profile.name,
            "created": profile.created,
            "shares": _shares(project),
        }

    def _add(self, project_id: str, profile: LossProfile) -> Project:
        return self._projects.update(
            project_id,
            lambda stored: replace(stored, loss_profiles=(*stored.loss_profiles, profile)),
        )

    def _withdraw(self, project_id: str, begun: LossProfile) -> None:
        """Removes a profile of which nothing came but an explained error."""
        if self._projects.load(project_id).loss_profile(begun.id) == begun:
            self._projects.delete_item(project_id, begun.id)


def _name_of(project: Project, request: LossRequest) -> str:
    structure = "" if request.structure == "unstructured" else f" {request.structure}"
    return _free_name(project, f"one-shot{structure}")


def _free_name(project: Project, wanted: str) -> str:
    taken = {one.name for one in project.loss_profiles}
    names = chain((wanted,), (f"{wanted} {number}" for number in count(2)))
    return next(name for name in names if name not in taken)


def _request_to_resume(project: Project, profile: LossProfile) -> LossRequest:
    if profile.request is None or profile.is_complete:
        raise UsageError(
            f"{clean_text(profile.name)} is complete.", "There is nothing to go on with."
        )
    if project.is_stale(profile):
        raise UsageError(
            f"{clean_text(profile.name)} was measured on another content of the model file.",
            "Make a new loss profile.",
        )
    return profile.request


def _shares(project: Project) -> dict[str, float]:
    """Of the time, by layer, as the newest performance profile has them."""
    perf = project.perf_profile()
    if perf is None or project.is_stale(perf):
        return {}
    return {row.id: row.share for row in perf.layers if row.share is not None}


def _chosen(wanted: T | None, present: T) -> T:
    return present if wanted is None else wanted


def _complaint(read: Callable[[str], object], text: str) -> str | None:
    try:
        read(text)
    except UsageError as error:
        return str(error)
    return None
