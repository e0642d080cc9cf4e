"""Makes optimizations, keeps them, and says what they would bring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelSearch
from sparsify_tui.core.estimate import Outlook, estimate
from sparsify_tui.core.modifiers import ChannelPruning, Modifier, Pruning, Quantization
from sparsify_tui.core.optimization import (
    Optimization,
    adopt_placement,
    fitting_quantization,
    reached_sparsity,
    spread_target,
)
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.project import Project, replaced
from sparsify_tui.core.schedule import (
    channel_schedule,
    channels_beside,
    default_schedule,
    pruning_beside,
)
from sparsify_tui.core.speed import expected_speed_up
from sparsify_tui.errors import UsageError
from sparsify_tui.identity import new_id, now
from sparsify_tui.workbench.channel_plans import narrowed, notes_of
from sparsify_tui.workbench.drafts import draft, known_layers, with_magnitudes
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.plan_requests import (
    DEFAULT_SPARSITY,
    UNSTRUCTURED,
    PlanRequest,
)
from sparsify_tui.workbench.projects import Projects

__all__ = ["DEFAULT_SPARSITY", "PlanRequest", "Plans", "draft", "with_magnitudes"]

_TOLERANCE = 0.005
_WIDTHS_TOLERANCE = 0.05
"""Groups have few widths that run well."""


class Plans:
    """The optimizations of a project."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def check(self, project: Project, request: PlanRequest) -> None:
        """Refuses before a search what `create` would refuse after it.

        Magnitudes and groups of channels aside, which are known afterwards.

        Raises:
            UsageError: A level or layer makes no sense.
            ModelError: The model has nothing to prune.
        """
        draft(project, request)

    def create(self, project_id: str, request: PlanRequest | None = None) -> Optimization:
        """A new optimization by the project's training settings, stored.

        Raises:
            UsageError: A level or layer makes no sense, or nothing tells where a global spread
                puts the zeros.
            ModelError: The model has nothing to prune.
        """
        project, asked = self._projects.load(project_id), request or PlanRequest()
        plan = draft(project, asked)
        if asked.structure == UNSTRUCTURED and asked.sparsity is not None:
            _check_magnitudes(project, asked.scope)
        self._projects.update(
            project_id,
            lambda stored: replace(stored, optimizations=(*stored.optimizations, plan)),
        )
        return plan

    def save(self, project_id: str, plan: Optimization) -> Optimization:
        """Keeps an edited optimization in the place of its earlier state."""
        saved = replace(plan, modified=now())
        self._projects.update(
            project_id,
            lambda stored: replace(stored, optimizations=replaced(stored.optimizations, saved)),
        )
        return saved

    def adopt(self, project_id: str, plan_id: str, found: Placement | ChannelSearch) -> None:
        """Takes over in a stored optimization what a search found to pay."""
        project = self._projects.load(project_id)
        plan = project.optimization(plan_id)
        if plan is None:  # it may have been deleted while the search ran
            return
        if isinstance(found, ChannelSearch):
            self.save(project_id, self.narrowed(project, plan, found))
        else:
            self.save(project_id, adopt_placement(plan, found))

    def narrowed(
        self,
        project: Project,
        plan: Optimization,
        found: ChannelAnalysis | ChannelSearch,
        target: float | None = None,
    ) -> Optimization:
        """The plan with the channels that a target or a search removes, and a schedule for it.

        Raises:
            ModelError: No channel of the model can go.
        """
        scheduled = self.with_channels(project, plan)
        return narrowed(scheduled, project.model, found, target=target)

    def copy(self, project_id: str, plan: Optimization, name: str = "") -> Optimization:
        """A second optimization that starts as a copy."""
        moment = now()
        twin = replace(
            plan,
            id=new_id(),
            name=checked_name(name or f"{plan.name}-copy"),
            created=moment,
            modified=moment,
        )
        self._projects.update(
            project_id,
            lambda stored: replace(stored, optimizations=(*stored.optimizations, twin)),
        )
        return twin

    def spread(
        self, project: Project, plan: Optimization, target: float, scope: str
    ) -> Optimization:
        """The plan with its target spread again over the free layers.

        Raises:
            UsageError: Nothing tells where a global spread puts the zeros.
        """
        _check_magnitudes(project, scope)
        pruned = self.with_pruning(project, plan)
        return spread_target(pruned, project.model, target, scope, with_magnitudes(project))

    def notes(self, project: Project, plan: Optimization, request: PlanRequest) -> tuple[str, ...]:
        """Where the plan keeps other widths than the request asked for, in words."""
        target = None if isinstance(request.channels, ChannelSearch) else request.sparsity
        return notes_of(plan, project.model, target, request.levels)

    def has_magnitudes(self, project: Project) -> bool:
        """Whether a loss profile knows what the global rule looks at."""
        return with_magnitudes(project) is not None

    def with_pruning(self, project: Project, plan: Optimization) -> Optimization:
        """The plan, with a schedule and a level of 0 for each layer where it pruned nothing."""
        if plan.find(Pruning) is not None:
            return plan
        if (channels := plan.find(ChannelPruning)) is not None:
            return known_layers(project, plan.with_modifier(pruning_beside(channels)))
        return known_layers(project, _timed(plan, default_schedule(project.training, 0.0)))

    def with_channels(self, project: Project, plan: Optimization) -> Optimization:
        """The plan, with a schedule for channels to go where it had none."""
        if plan.find(ChannelPruning) is not None:
            return plan
        if (pruning := plan.find(Pruning)) is not None:
            return plan.with_modifier(channels_beside(pruning))
        return _timed(plan, channel_schedule(project.training))

    def outlook(self, project: Project, plan: Optimization) -> Outlook:
        """What the plan would bring."""
        speed_up = expected_speed_up(plan, project.model, project.perf_profiles)
        return estimate(project.model, plan.changes, speed_up, plan.channels.shares)

    def is_met(self, project: Project, plan: Optimization) -> bool:
        """Whether the levels and widths add up to their targets; a plan may have none.

        Of a search, whether it chose a point.
        """
        pruning, channels = plan.find(Pruning), plan.find(ChannelPruning)
        if channels is not None and channels.found is not None:
            return channels.found.chosen is not None
        if channels is not None and abs(channels.target - channels.share) > _WIDTHS_TOLERANCE:
            return False
        if pruning is None or not pruning.target:
            return True
        return abs(pruning.target - reached_sparsity(plan, project.model)) <= _TOLERANCE


def _check_magnitudes(project: Project, scope: str) -> None:
    if scope == "global" and with_magnitudes(project) is None:
        raise UsageError(
            "One threshold for all layers needs a loss profile of the present model.",
            "Press 2, then m, or run `sparsify-tui profile loss PROJECT --method magnitude`: "
            "it takes about a second.",
        )


def _timed(plan: Optimization, schedule: Iterable[Modifier]) -> Optimization:
    """The plan at the epochs of a schedule; int8 begins when they say."""
    for modifier in schedule:
        plan = plan.with_modifier(modifier)
    quantization = plan.find(Quantization)
    if quantization is None:
        return plan
    fitting = fitting_quantization(plan)
    return plan.with_modifier(
        replace(
            quantization,
            start_epoch=fitting.start_epoch,
            observe_until=fitting.observe_until,
            freeze_epoch=fitting.freeze_epoch,
        )
    )
