"""Starts the measuring of loss profiles, and shows them while they grow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sparsify_tui.core.loss_profile import LossProfile, LossRequest
from sparsify_tui.tui.jobs import Job
from sparsify_tui.tui.showing import Measuring, is_open, start_measuring

if TYPE_CHECKING:
    from textual.timer import Timer

    from sparsify_tui.tui.app import SparsifyApp

LOSS = "2"
"""Key of the section."""
_BETWEEN_DRAWINGS_S = 1.0
_SOON_S = 0.01


def measure_magnitude(
    app: SparsifyApp, project_id: str, *, levels: Sequence[float] = (), name: str = ""
) -> None:
    """Makes a profile of the weights alone."""
    losses = app.desk.bench.loss
    chosen = levels or losses.default_levels
    _start(app, project_id, partial(losses.magnitude, project_id, name=name, levels=chosen))


def measure_one_shot(
    app: SparsifyApp, project_id: str, request: LossRequest, *, name: str = ""
) -> None:
    """Makes a profile by changing one layer after the other."""
    measure = partial(app.desk.bench.loss.one_shot, project_id, name=name, request=request)
    growing = GrowingProfile(app, project_id)
    _start(app, project_id, partial(measure, on_partial=growing.show), growing)


def resume_one_shot(app: SparsifyApp, project_id: str, profile_id: str) -> None:
    """Goes on with a profile that was stopped."""
    measure = partial(app.desk.bench.loss.resume, project_id, profile_id)
    growing = GrowingProfile(app, project_id)
    job = _start(app, project_id, partial(measure, on_partial=growing.show), growing)
    job.subject = profile_id
    app.show_jobs()


class GrowingProfile:
    """Shows each newer state of a profile where its project is open, once a second at most."""

    def __init__(self, app: SparsifyApp, project_id: str) -> None:
        self.job: Job | None = None
        self._app = app
        self._project_id = project_id
        self._newest: LossProfile | None = None
        self._timer: Timer | None = None
        self._drawn = 0.0

    def show(self, profile: LossProfile) -> None:
        """Takes a newer state, and draws it when it is time."""
        if self.job is not None:
            self.job.subject = profile.id
        if self._newest is None and is_open(self._app, self._project_id):
            self._app.desk.look_at(profile)
        self._newest = profile
        if self._timer is None:
            wait = self._drawn + _BETWEEN_DRAWINGS_S - time.monotonic()
            self._timer = self._app.set_timer(max(_SOON_S, wait), self._draw)

    def end(self) -> None:
        """Draws no more."""
        if self._timer is not None:
            self._timer.stop()

    def _draw(self) -> None:
        self._timer, self._drawn = None, time.monotonic()
        if self._newest is None or not is_open(self._app, self._project_id):
            return
        self._app.desk.take_in(self._newest)
        section = self._app.section
        if section is not None and section.KEY == LOSS:
            section.catch_up()


def _start(
    app: SparsifyApp,
    project_id: str,
    measure: Measuring[LossProfile],
    growing: GrowingProfile | None = None,
) -> Job:
    async def shown(**listeners: Any) -> LossProfile:
        try:
            return await measure(**listeners)
        finally:
            if growing is not None:
                growing.end()

    job = start_measuring(app, "loss", LOSS, project_id, shown)
    if growing is not None:
        growing.job = job
    return job
