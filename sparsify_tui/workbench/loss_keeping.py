"""Stores a loss profile while it grows."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

from sparsify_tui.core.loss_profile import LayerLoss, LossProfile, LossRequest
from sparsify_tui.core.project import Project
from sparsify_tui.errors import CancelledJobError
from sparsify_tui.identity import new_id, now
from sparsify_tui.workbench.kept import grown, present
from sparsify_tui.workbench.projects import Projects

OnPartial: TypeAlias = Callable[[LossProfile], None]
_NOT_YET = "not reached yet"
_REST_S = 3.0
_SHARE = 0.05
"""Of the time that storing may take: a long table is stored less often."""


def begun_profile(project: Project, request: LossRequest, name: str) -> LossProfile:
    """A profile of which nothing is known yet, with a row for each layer."""
    return LossProfile(
        id=new_id(),
        name=name,
        created=now(),
        model_digest=project.model.sha256,
        method="one-shot",
        metric=request.metric,
        source="",
        samples=0,
        levels=request.levels,
        cpu_s=0.0,
        wall_s=0.0,
        layers=tuple(
            LayerLoss(id=layer.id, weight=layer.weight, status="not measured", reason=_NOT_YET)
            for layer in project.model.prunable
        ),
        structure=request.structure,
        schemes=request.schemes,
        outputs=request.outputs,
        stage="magnitude",
        request=request,
    )


class Keeper:
    """Puts what there is of a profile in the place of its earlier state.

    Args:
        projects: Where it is stored.
        project_id: Whose it is.
        profile: As it is stored now.
        tell: Given each state, stored or not.
    """

    def __init__(
        self, projects: Projects, project_id: str, profile: LossProfile, tell: OnPartial | None
    ) -> None:
        self._projects = projects
        self._project_id = project_id
        self._stored = profile
        self._newest = profile
        self._tell = tell
        self._next = 0.0

    def __call__(self, profile: LossProfile) -> None:
        """Stores it at each stage, and now and then in between.

        Raises:
            CancelledJobError: It was deleted meanwhile.
        """
        self._newest = profile
        if profile.stage != self._stored.stage or time.monotonic() >= self._next:
            self.store()
        if self._tell is not None:
            self._tell(self._newest)

    def store(self, profile: LossProfile | None = None) -> LossProfile:
        """Stores a state, or the newest one; it keeps the name and notes that it has by now."""
        begun = time.monotonic()
        newest = profile or self._newest
        if newest != self._stored:
            project = self._projects.update(
                self._project_id,
                lambda stored: replace(stored, loss_profiles=grown(stored.loss_profiles, newest)),
            )
            self._stored = self._newest = present(project.loss_profiles, newest)
        now = time.monotonic()
        self._next = now + max(_REST_S, (now - begun) / _SHARE)
        return self._stored

    def store_last(self) -> None:
        """As `store`, for a job that has ended early; a profile that is deleted stays so."""
        with suppress(CancelledJobError):
            self.store()
