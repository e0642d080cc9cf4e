"""Makes optimizations, keeps them, and says what they would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sparsify_tui.core.estimate import Outlook, estimate
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.modifiers import Epochs, LearningRate, Pruning, Quantization
from sparsify_tui.core.modifiers.pruning import SCOPES
from sparsify_tui.core.optimization import (
    Optimization,
    adopt_placement,
    lock_layers,
    reached_sparsity,
    set_level,
    spread_target,
)
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.project import Project, replaced
from sparsify_tui.core.schedule import default_quantization, default_schedule
from sparsify_tui.core.speed import expected_speed_up
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import ModelError, UsageError
from sparsify_tui.identity import new_id, now
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.projects import Projects

DEFAULT_SPARSITY = 0.5
_TOLERANCE = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What an optimization is to be like."""

    sparsity: float | None = DEFAULT_SPARSITY
    """None prunes nothing."""
    placement: Placement | None = None
    """Where int8 goes; searched on the dense weights, since zeros change no int8 speed."""
    scope: str = "uniform"
    name: str = ""
    levels: Mapping[str, float] = field(default_factory=dict)
    """Levels of single layers, which are locked to them."""
    locks: Sequence[str] = ()
    """Layers that stay dense."""
    epochs: float | None = None
    """Length of the training in place of the derived one."""
    rates: tuple[float, float | None] | None = None
    """Initial and final learning rate in place of the training settings'."""


class Plans:
    """The optimizations of a project."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def check(self, project: Project, request: PlanRequest) -> None:
        """Refuses before a search what `create` would refuse after it, magnitudes aside.

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
        if asked.sparsity is not None:
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

    def adopt(self, project_id: str, plan_id: str, placement: Placement) -> None:
        """Puts a stored optimization's layers in int8 as a search found it to pay."""
        plan = self._projects.load(project_id).optimization(plan_id)
        if plan is not None:  # it may have been deleted while the search ran
            self.save(project_id, adopt_placement(plan, placement))

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

    def has_magnitudes(self, project: Project) -> bool:
        """Whether a loss profile knows what the global rule looks at."""
        return with_magnitudes(project) is not None

    def with_pruning(self, project: Project, plan: Optimization) -> Optimization:
        """The plan, with a schedule and a level of 0 for each layer where it pruned nothing."""
        if plan.find(Pruning) is not None:
            return plan
        for modifier in default_schedule(project.training, 0.0):
            plan = plan.with_modifier(modifier)
        plan = _known(project, plan)
        quantization = plan.find(Quantization)
        return plan if quantization is None else plan.with_modifier(_retimed(plan, quantization))

    def outlook(self, project: Project, plan: Optimization) -> Outlook:
        """What the plan would bring."""
        speed_up = expected_speed_up(plan, project.model, project.perf_profiles)
        return estimate(project.model, plan.changes, speed_up)

    def is_met(self, project: Project, plan: Optimization) -> bool:
        """Whether the levels add up to the target; a plan may have none."""
        pruning = plan.find(Pruning)
        if pruning is None or not pruning.target:
            return True
        return abs(pruning.target - reached_sparsity(plan, project.model)) <= _TOLERANCE


def draft(project: Project, request: PlanRequest) -> Optimization:
    """A plan that is not stored yet."""
    _check(project, request)
    plan = _scheduled(project, request)
    if request.sparsity is not None:
        plan = _pruned(project, plan, request, request.sparsity)
    return adopt_placement(plan, request.placement) if request.placement else plan


def _pruned(
    project: Project, plan: Optimization, request: PlanRequest, sparsity: float
) -> Optimization:
    for reference, level in request.levels.items():
        plan = set_level(_known(project, plan), [_layer_id(project, reference)], level)
    dense = [_layer_id(project, reference) for reference in request.locks]
    plan = lock_layers(set_level(_known(project, plan), dense, 0.0), dense, locked=True)
    return spread_target(plan, project.model, sparsity, request.scope, with_magnitudes(project))


def with_magnitudes(project: Project) -> LossProfile | None:
    """The newest loss profile of the present model that knows the magnitudes of its weights.

    One that has only begun does not.
    """
    for profile in reversed(project.loss_profiles):
        if any(row.magnitudes for row in profile.layers) and not project.is_stale(profile):
            return profile
    return None


def _check_magnitudes(project: Project, scope: str) -> None:
    if scope == "global" and with_magnitudes(project) is None:
        raise UsageError(
            "One threshold for all layers needs a loss profile of the present model.",
            "Press 2, then m, or run `sparsify-tui profile loss PROJECT --method magnitude`: "
            "it takes about a second.",
        )


def _scheduled(project: Project, request: PlanRequest) -> Optimization:
    training = project.training
    if request.rates is not None:
        training = replace(training, initial_lr=request.rates[0], final_lr=request.rates[1])
    if request.epochs is not None:
        training = replace(training, epochs=round(request.epochs))
    moment = now()
    return Optimization(
        id=new_id(),
        name=checked_name(request.name) if request.name else _default_name(project, request),
        created=moment,
        modified=moment,
        modifiers=default_schedule(training, request.sparsity),
    )


def _retimed(plan: Optimization, quantization: Quantization) -> Quantization:
    """The same layers, at the epochs that fit the plan's schedule."""
    fitting = default_quantization(
        plan.find(Epochs) or Epochs(), plan.find(Pruning), plan.find(LearningRate)
    )
    return replace(
        quantization,
        start_epoch=fitting.start_epoch,
        observe_until=fitting.observe_until,
        freeze_epoch=fitting.freeze_epoch,
    )


def _known(project: Project, plan: Optimization) -> Optimization:
    """With an entry for every prunable layer, so that each can be edited."""
    return spread_target(plan, project.model, plan.pruning.target, plan.pruning.scope, None)


def _check(project: Project, request: PlanRequest) -> None:
    if request.sparsity is None:
        _check_unpruned(request)
        return
    if not project.model.prunable:
        raise ModelError(
            "The model has no prunable layer.",
            "Pruning needs Conv, ConvTranspose, Gemm or MatMul with constant weights.",
        )
    if not 0 < request.sparsity < 1:
        raise UsageError(f"The sparsity must lie between 0 and 1, not {request.sparsity:g}.")
    if request.scope not in SCOPES:
        raise UsageError(f"The spread is one of {', '.join(SCOPES)}, not {request.scope!r}.")
    for reference, level in request.levels.items():
        if not 0 <= level < 1:
            raise UsageError(f"The level of {clean_text(reference)} must lie in 0 to 1.")


def _check_unpruned(request: PlanRequest) -> None:
    if request.levels or request.locks:
        raise UsageError(
            "A layer's own level or lock shapes a pruning, and none is asked for.",
            "Add --sparsity S.",
        )


def _layer_id(project: Project, reference: str) -> str:
    layer = project.model.layer(reference)
    if layer is None or not layer.prunable:
        raise UsageError(
            f"There is no prunable layer {clean_text(reference)}.",
            f"`sparsify-tui inspect` lists the {len(project.model.prunable)} there are.",
        )
    return layer.id


def _default_name(project: Project, request: PlanRequest) -> str:
    wanted = "int8"
    if request.sparsity is not None:
        wanted = f"{request.scope}-{request.sparsity * 100:.0f}"
        wanted += "-int8" if request.placement else ""
    taken = {one.name for one in project.optimizations}
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name
