"""Searches widths that make the model faster: predicted, cut and repaired, then measured."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from sparsify_tui.analyses.channels.front import Front
from sparsify_tui.analyses.channels.group_losses import measure_group_losses
from sparsify_tui.analyses.channels.lanes import measure_lanes
from sparsify_tui.analyses.channels.model import ChannelModel, channel_model
from sparsify_tui.analyses.channels.stair import measured_step
from sparsify_tui.analyses.opened import Opened, open_model
from sparsify_tui.codec import value_from
from sparsify_tui.core.channels.choice import Wanted, choose_point
from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelFront, ChannelSearch
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.channels.points import (
    AROUND,
    CLOSE,
    even_speeds,
    middle_of_gap,
    nearest_speeds,
    uniform_widths,
)
from sparsify_tui.core.channels.sweep import Sweep, Widths, neighbours, sweep
from sparsify_tui.core.channels.width_model import WidthModel
from sparsify_tui.core.options import RunOptions
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.protocols import Progress
from sparsify_tui.core.units import format_percent

T = TypeVar("T")
SEARCHED = "searched"
_UNIFORM = (0.25, 0.5, 0.75)
"""Removed of every group: what a search must beat."""
_SPREAD = 5
"""Searched points that are built first."""
_REFINED = 3
"""Points that are built where those leave a gap at the limit."""
_FEWEST = 3
"""Points that are built however little time there is."""
_PASSES = 2
"""In fresh sessions: the same model may differ by some percent from one to the next."""
_PASS_S = 0.5
"""Of each form in a pass."""
_LANES_PART, _LOSSES_PART, _BUILD_PART, _PASS_PART = 0.1, 0.4, 0.3, 0.1
"""Of the time, at most."""


def search_channels(
    *,
    options: dict[str, Any],
    profile: dict[str, Any] | None,
    selection: str,
    repair: str,
    speed_up: float | None,
    max_loss: float | None,
    locked: list[list[Any]],
    seconds: float,
) -> Generator[Progress, None, ChannelSearch]:
    """Finds widths that are fast enough or good enough, or says why none are.

    No test data is looked at: what is chosen is chosen on calibration samples that the repair
    was not fitted on.

    Args:
        options: How the model is fed and run.
        profile: One with channel lanes of this model and setup; without it they are measured.
        selection: How the units that go are chosen; one of SELECTIONS.
        repair: One of REPAIRS.
        speed_up: Least measured speed-up; the least lossy point that has it is chosen.
        max_loss: Largest held-out output error; the fastest point within it is chosen. With
            neither, a rule of ours says what is good enough.
        locked: Group ids, each with the units that it keeps.
        seconds: About how long it may take.
    """
    yield Progress(done=0, total=1, item="reading the model", left_s=seconds)
    asked = _Asked(
        selection=selection,
        repair=repair,
        wanted=Wanted(speed_up=speed_up, max_loss=max_loss),
        locked={GroupId(group): kept for group, kept in locked},
        seconds=seconds,
    )
    opened = open_model(value_from(options, RunOptions))
    with opened.named_guesses(), tempfile.TemporaryDirectory() as name:
        yield Progress(done=0, total=1, item="finding channels", left_s=seconds)
        step = measured_step(opened.engine, opened.options.threads)
        channels = channel_model(opened, step=step)
        yield Progress(done=0, total=1, item="ordering channels", left_s=seconds)
        known = None if profile is None else value_from(profile, PerfProfile)
        return (yield from _Search(opened, channels, asked, Path(name)).run(known))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a search is for."""

    selection: str
    repair: str
    wanted: Wanted
    locked: dict[GroupId, int]
    seconds: float


class _Search:
    """One search over the widths of a model."""

    def __init__(self, opened: Opened, channels: ChannelModel, asked: _Asked, folder: Path) -> None:
        self._opened = opened
        self._channels = channels
        self._asked = asked
        self._folder = folder
        self._end = time.monotonic() + asked.seconds
        self._orders = channels.orders(asked.selection)
        self._front = Front(opened, channels, self._orders, folder, asked.repair)

    def run(self, profile: PerfProfile | None) -> Generator[Progress, None, ChannelSearch]:
        """The whole of it."""
        lanes = None if profile is None else profile.channels
        if lanes is None or lanes.model is None:
            seconds = self._asked.seconds
            lanes = yield from _followed(
                measure_lanes(self._channels, self._folder, _LANES_PART * seconds),
                (1 - _LANES_PART) * seconds,
            )
        if lanes.model is None:
            return self._found(None, None, lanes.refused)
        yield from self._measured_front(lanes.model)
        chosen, cause = choose_point(self._front.points, self._asked.wanted)
        return self._found(lanes.model.full_ms, chosen, cause)

    def _measured_front(self, model: WidthModel) -> Generator[Progress, None, None]:
        swept = yield from self._sweep(model)
        choices = swept.corners
        wanted = self._asked.wanted.speed_up
        uniform = {
            uniform_widths(
                self._channels.map, level, self._asked.locked, model.predict
            ): f"uniform {format_percent(1 - level, 0)}"
            for level in _UNIFORM
        }
        speeds = (
            even_speeds(choices, model.full_ms, _SPREAD)
            if wanted is None
            else [around * wanted for around in AROUND]
        )
        picked = nearest_speeds(choices, model.full_ms, speeds)
        yield from self._build(dict.fromkeys(picked, SEARCHED))
        if wanted is None:
            yield from self._refine(swept)
        else:
            yield from self._measure("first")
            factor = self._front.speed_factor(model.full_ms, wanted)
            speeds = [around * wanted / factor for around in CLOSE]
            picked = nearest_speeds(choices, model.full_ms, speeds)
            yield from self._build(dict.fromkeys(picked, SEARCHED))
        yield from self._build(uniform)
        for number in range(_PASSES):
            yield from self._measure(f"{number + 1} of {_PASSES}")

    def _sweep(self, model: WidthModel) -> Generator[Progress, None, Sweep]:
        """Widths that promise most, by the groups' own losses."""
        seconds = self._asked.seconds
        losses = yield from measure_group_losses(
            self._channels,
            self._orders,
            self._asked.locked,
            repair=self._asked.repair,
            seconds=_LOSSES_PART * seconds,
            later_s=(_BUILD_PART + _PASSES * _PASS_PART) * seconds,
        )
        self._front.cut_s = losses.cut_s
        widths = [losses.widths(one, self._asked.locked) for one in self._channels.map.groups]
        return sweep(widths, model.predict, neighbours(self._channels.map))

    def _build(self, named: dict[Widths, str]) -> Generator[Progress, None, None]:
        """Cuts and repairs points while there is time and memory, a few at the least."""
        for done, (widths, name) in enumerate(named.items()):
            if len(self._front.points) >= _FEWEST and not self._has_room:
                return
            left_s = self._front.cut_s * (len(named) - done) + self._passes_s
            item = f"cutting and repairing, {name}"
            yield Progress(done=done, total=len(named), item=item, left_s=left_s)
            self._front.build(widths, name)

    def _refine(self, swept: Sweep) -> Generator[Progress, None, None]:
        """Closes in on the fastest choice that is good enough, among the corners first."""
        for _ in range(_REFINED):
            good = self._front.built(self._asked.wanted.allows)
            bad = self._front.built(lambda point: not self._asked.wanted.allows(point))
            middle = middle_of_gap(swept.corners, good, bad)
            middle = middle or middle_of_gap(swept.every, good, bad)
            if middle is None:
                return
            yield from self._build({middle: SEARCHED})

    def _measure(self, which: str) -> Generator[Progress, None, None]:
        item = f"racing narrower models, pass {which}"
        yield from self._front.measure(self._pass_s, item)

    @property
    def _has_room(self) -> bool:
        left_s = self._end - time.monotonic() - self._passes_s
        return left_s > self._front.cut_s and len(self._front.points) < self._front.most

    @property
    def _pass_s(self) -> float:
        forms = len(self._front.points) + 1
        return min(_PASS_S * forms, _PASS_PART * self._asked.seconds)

    @property
    def _passes_s(self) -> float:
        return _PASSES * self._pass_s

    def _found(self, full_ms: float | None, chosen: int | None, cause: str) -> ChannelSearch:
        calibration, digest = self._channels.calibration, self._opened.model.sha256
        return ChannelSearch(
            analysis=ChannelAnalysis(
                map=self._channels.map,
                orders=tuple((group, tuple(order)) for group, order in self._orders.items()),
                selection=self._asked.selection,
                calibration=calibration.source,
                model_digest=digest,
            ),
            front=ChannelFront(
                points=self._front.points,
                chosen=chosen,
                cause=cause,
                fitted_on=calibration.fitted,
                held_out=calibration.held_out_count,
                source=calibration.source,
                is_made_up=calibration.is_made_up,
                batch=self._opened.batch,
                threads=self._opened.options.threads,
                model_digest=digest,
                repair=self._asked.repair,
                full_ms=full_ms,
                doubts=self._front.doubts,
            ),
        )


def _followed(steps: Generator[Progress, None, T], later_s: float) -> Generator[Progress, None, T]:
    """The same, with what comes after it in the time left."""
    while True:
        try:
            progress = next(steps)
        except StopIteration as end:
            found: T = end.value
            return found
        left_s = None if progress.left_s is None else progress.left_s + later_s
        yield replace(progress, left_s=left_s)
