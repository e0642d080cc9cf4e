"""Starts the jobs that narrow channels, and hands on what they found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from sparsify_tui.core.channels.edits import spread_channels
from sparsify_tui.core.channels.front import ChannelAnalysis, ChannelSearch
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.modifiers import Pruning
from sparsify_tui.core.modifiers.channels import SELECTIONS
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.plan_turns import without_zeros
from sparsify_tui.core.project import Project
from sparsify_tui.errors import UsageError
from sparsify_tui.tui.channel_forms import (
    SearchRequest,
    channel_search_fields,
    level_of,
    search_request,
    uniform_fields,
)
from sparsify_tui.tui.channel_lines import found_text
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.workbench.plan_requests import DEFAULT_SPARSITY, PlanRequest

if TYPE_CHECKING:
    from sparsify_tui.tui.app import SparsifyApp

SECTION = "3"
Found: TypeAlias = ChannelAnalysis | ChannelSearch
Take: TypeAlias = Callable[[str, Found], None]
"""Does something with what was found for the project of that id."""
Change: TypeAlias = Callable[[Project, Optimization], Optimization]
Apply: TypeAlias = Callable[[str, str, Change], None]
"""Changes the plan of a project, both by id, in one step of undo; the plan may be gone."""


def ask_for_search(app: SparsifyApp, plan: Optimization, apply: Apply) -> None:
    """Asks for setup and target, then searches, and puts the chosen widths into the plan.

    Groups that the plan has locked or switched off stay as they are.
    """
    project = app.desk.project
    is_fitting = project is not None and plan.channels.model_digest == project.model.sha256
    locked = plan.channels.held if is_fitting else {}

    def take(project_id: str, found: Found) -> None:
        plans = app.desk.bench.plans
        apply(project_id, plan.id, lambda project, now: plans.narrowed(project, now, found))
        app.confirm(f"{plan.name}: {found_text(found)}")

    def answered(answers: dict[str, str] | None) -> None:
        if answers is None:
            return
        try:
            search_channels(app, search_request(answers), take, locked)
        except UsageError as error:
            app.report(error)

    fields = channel_search_fields(app.desk.bench.measure.cores)
    title = f"Search narrower channels: {plan.name}"
    app.push_screen(Form(title, fields, accept="search"), answered)


def ask_for_level(app: SparsifyApp, project: Project, plan: Optimization, apply: Apply) -> None:
    """Asks for one level of all groups, and spreads it; a plan of zeros turns into channels."""
    channels, zeros = plan.channels, plan.find(Pruning)
    is_known = bool(channels.groups) and channels.model_digest == project.model.sha256

    def take(level: float, project_id: str, found: Found) -> None:
        plans = app.desk.bench.plans
        apply(
            project_id,
            plan.id,
            lambda project, now: without_zeros(plans.narrowed(project, now, found, level)),
        )
        app.confirm(f"{plan.name}: {found_text(found)}")

    def answered(answers: dict[str, str] | None) -> None:
        if answers is None:
            return
        level = level_of(answers)
        if is_known:
            apply(project.id, plan.id, lambda _, now: spread_channels(now, level))
        else:
            find_channels(app, answers["selection"], partial(take, level))

    target = zeros.target if zeros and zeros.target else DEFAULT_SPARSITY
    fields = uniform_fields(channels if is_known else None, target)
    app.push_screen(Form("One level for all groups", fields, accept="spread"), answered)


def make_plan(app: SparsifyApp, project: Project, request: PlanRequest) -> None:
    """Finds what the request needs, spread over the groups or searched, and makes the plan.

    Raises:
        UsageError: The request makes no sense.
    """
    bench = app.desk.bench
    bench.plans.check(project, request)

    def take(project_id: str, found: Found) -> None:
        plan = bench.plans.create(project_id, replace(request, channels=found))
        if app.desk.project is not None and app.desk.project.id == project_id:
            app.desk.refresh()
            app.desk.look_at(plan)
            app.catch_up()
        app.confirm(f"{plan.name}: {found_text(found)}")

    if request.sparsity is None:
        search_channels(app, SearchRequest(threads=bench.measure.cores), take)
    else:
        find_channels(app, SELECTIONS[0], take)


def search_channels(
    app: SparsifyApp,
    request: SearchRequest,
    take: Take,
    locked: Mapping[GroupId, int] | None = None,
) -> None:
    """Measures the open project's model at widths that are predicted to pay."""
    narrow = partial(
        app.desk.bench.measure.narrow,
        batch=request.batch,
        threads=request.threads,
        speed_up=request.speed_up,
        max_loss=request.max_loss,
        selection=request.selection,
        repair=request.repair,
        locked=locked or {},
    )
    _start(app, "channel search", narrow, take)


def find_channels(app: SparsifyApp, selection: str, take: Take) -> None:
    """Finds the groups, and the order in which their units are missed least."""
    _start(app, "channels", partial(app.desk.bench.measure.channels, selection=selection), take)


def _start(
    app: SparsifyApp, title: str, measure: Callable[..., Awaitable[Found]], take: Take
) -> None:
    project = app.desk.project
    assert project is not None
    project_id = project.id
    app.start_job(
        title,
        SECTION,
        lambda progress: measure(project_id, on_progress=progress),
        partial(take, project_id),
    )
