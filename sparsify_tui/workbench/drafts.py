"""Plans that are not stored yet, made from requests."""

from __future__ import annotations

from dataclasses import replace

from sparsify_tui.core.channels.front import ChannelSearch
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.optimization import (
    Optimization,
    adopt_placement,
    lock_layers,
    set_level,
    spread_target,
)
from sparsify_tui.core.project import Project
from sparsify_tui.core.schedule import channel_schedule, default_schedule
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.identity import new_id, now
from sparsify_tui.workbench.channel_plans import narrowed
from sparsify_tui.workbench.names import checked_name
from sparsify_tui.workbench.plan_requests import CHANNEL, PlanRequest, check_request


def draft(project: Project, request: PlanRequest) -> Optimization:
    """A plan that is not stored yet.

    Raises:
        UsageError: A layer, group or level makes no sense.
        ModelError: The model has nothing to prune.
    """
    check_request(project, request)
    plan = _scheduled(project, request)
    if request.structure == CHANNEL:
        plan = _narrowed(project, plan, request)
    elif request.sparsity is not None:
        plan = _pruned(project, plan, request, request.sparsity)
    return adopt_placement(plan, request.placement) if request.placement else plan


def _narrowed(project: Project, plan: Optimization, request: PlanRequest) -> Optimization:
    """With fewer channels, where it is known already which there are."""
    plan = plan.with_modifier(replace(plan.channels, repair=request.repair))
    found = request.channels
    if found is None:
        return plan
    target = None if isinstance(found, ChannelSearch) else request.sparsity
    return narrowed(
        plan, project.model, found, target=target, levels=request.levels, locks=request.locks
    )


def _pruned(
    project: Project, plan: Optimization, request: PlanRequest, sparsity: float
) -> Optimization:
    for reference, level in request.levels.items():
        plan = set_level(known_layers(project, plan), [_layer_id(project, reference)], level)
    dense = [_layer_id(project, reference) for reference in request.locks]
    plan = lock_layers(set_level(known_layers(project, plan), dense, 0.0), dense, locked=True)
    return spread_target(plan, project.model, sparsity, request.scope, with_magnitudes(project))


def known_layers(project: Project, plan: Optimization) -> Optimization:
    """With an entry for every prunable layer, so that each can be edited."""
    return spread_target(plan, project.model, plan.pruning.target, plan.pruning.scope, None)


def with_magnitudes(project: Project) -> LossProfile | None:
    """The newest loss profile of the present model that knows the magnitudes of its weights.

    One that has only begun does not.
    """
    for profile in reversed(project.loss_profiles):
        if any(row.magnitudes for row in profile.layers) and not project.is_stale(profile):
            return profile
    return None


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
        modifiers=(
            channel_schedule(training)
            if request.structure == CHANNEL
            else default_schedule(training, request.sparsity)
        ),
    )


def _layer_id(project: Project, reference: str) -> str:
    layer = project.model.layer(reference)
    if layer is None or not layer.prunable:
        raise UsageError(
            f"There is no prunable layer {clean_text(reference)}.",
            f"`sparsify-tui inspect` lists the {len(project.model.prunable)} there are.",
        )
    return layer.id


def _pruned_name(request: PlanRequest) -> str:
    scope = "channels" if request.structure == CHANNEL else request.scope
    if request.sparsity is None or isinstance(request.channels, ChannelSearch):
        return scope if request.structure == CHANNEL else ""
    return f"{scope}-{request.sparsity * 100:.0f}"


def _default_name(project: Project, request: PlanRequest) -> str:
    parts = (_pruned_name(request), "int8" if request.placement else "")
    wanted = "-".join(part for part in parts if part) or "int8"
    taken = {one.name for one in project.optimizations}
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name
