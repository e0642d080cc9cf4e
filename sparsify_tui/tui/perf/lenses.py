"""What the section can show of a project, each as headline, columns and rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sparsify_tui.core.best import best_compression, best_speed_up
from sparsify_tui.core.breakdown import TimeRow
from sparsify_tui.core.channels.lanes import ChannelLanes
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.perf_change import PerfChange
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import Project
from sparsify_tui.core.sparse_model import MODELLED_LEVELS, SparseEngine, modelled_total
from sparsify_tui.tui.desk import Desk
from sparsify_tui.tui.perf import summary
from sparsify_tui.tui.perf.change_table import CHANGE_COLUMNS, change_rows
from sparsify_tui.tui.perf.charts import PerfCharts
from sparsify_tui.tui.perf.flops_table import flops_columns, flops_rows
from sparsify_tui.tui.perf.layer_table import measured_columns, measured_rows
from sparsify_tui.tui.perf.sparse_table import SPARSE_COLUMNS, sparse_rows
from sparsify_tui.tui.perf.width_table import WIDTH_COLUMNS, width_rows
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.table_model import Column, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """One way to look at a project's performance."""

    lines: Sequence[summary.Line]
    columns: Sequence[Column]
    rows: Sequence[Row]
    draw: Callable[[PerfCharts], None]
    """Puts it on the charts."""


def measured_lens(
    desk: Desk, profile: PerfProfile, breakdown: Sequence[TimeRow], symbols: SymbolSet
) -> Lens:
    """A profile, broken down."""
    project = _project(desk)
    return Lens(
        lines=summary.measured_lines(profile, _best(desk), stale=project.is_stale(profile)),
        columns=measured_columns(profile),
        rows=measured_rows(breakdown, profile, symbols),
        draw=lambda charts: charts.show_measured(project.model, profile),
    )


def flops_lens(desk: Desk, symbols: SymbolSet) -> Lens:
    """The architecture, and what an optimization would cut."""
    project = _project(desk)
    plan = _cutting_plan(desk)
    cut = (plan.name, desk.bench.plans.outlook(project, plan)) if plan else None
    return Lens(
        lines=summary.flops_lines(
            project.model, _best(desk), cut, is_measured=bool(project.perf_profiles)
        ),
        columns=flops_columns(has_plan=plan is not None),
        rows=flops_rows(project.model, plan.levels if plan else {}, symbols),
        draw=lambda charts: charts.show_flops(project.model),
    )


def modelled_lens(project: Project, profile: PerfProfile, engine: SparseEngine) -> Lens:
    """A sparse engine that is not there."""
    totals = [modelled_total(engine, project.model, profile, level) for level in MODELLED_LEVELS]
    return Lens(
        lines=summary.sparse_lines(engine, totals),
        columns=SPARSE_COLUMNS,
        rows=sparse_rows(project.model, profile, engine),
        draw=lambda charts: charts.show_modelled(project.model, profile, engine),
    )


def width_lens(
    project: Project, profile: PerfProfile, lanes: ChannelLanes, symbols: SymbolSet
) -> Lens:
    """The model narrowed, as it was measured."""
    return Lens(
        lines=summary.width_lines(lanes),
        columns=WIDTH_COLUMNS,
        rows=width_rows(project.model, profile, lanes, symbols),
        draw=lambda charts: charts.show_widths(project.model, profile),
    )


def change_lens(change: PerfChange, symbols: SymbolSet) -> Lens:
    """Two profiles side by side."""
    return Lens(
        lines=summary.change_lines(change),
        columns=CHANGE_COLUMNS,
        rows=change_rows(change, symbols),
        draw=lambda charts: charts.show_change(change),
    )


def _cutting_plan(desk: Desk) -> Optimization | None:
    """The open optimization if it prunes, else the newest that does."""
    plans = (desk.plan, *reversed(_project(desk).optimizations))
    return next((plan for plan in plans if plan and any(plan.levels.values())), None)


def _best(desk: Desk) -> summary.Best:
    project, plans = _project(desk), desk.bench.plans
    outlooks = {plan.id: plans.outlook(project, plan) for plan in project.optimizations}
    return best_speed_up(project, outlooks), best_compression(project, outlooks)


def _project(desk: Desk) -> Project:
    assert desk.project is not None
    return desk.project
