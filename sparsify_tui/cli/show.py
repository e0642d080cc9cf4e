"""`show`: a section as plain text, for a pipe or a screen reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from sparsify_tui.cli.chosen import chosen_plan
from sparsify_tui.cli.options import pass_bench
from sparsify_tui.cli.output import print_table
from sparsify_tui.cli.report import (
    benchmark_lines,
    layer_rows,
    loss_rows,
    model_lines,
    perf_rows,
    plan_lines,
    plan_rows,
    timing_line,
)
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench


def _model(_bench: Workbench, project: Project) -> None:
    for line in model_lines(project.model):
        click.echo(line)
    print_table(*layer_rows(project.model))


def _performance(_bench: Workbench, project: Project) -> None:
    profile = project.perf_profile()
    if profile is None:
        raise UsageError("There is no performance profile.", "sparsify-tui profile perf PROJECT")
    click.echo(timing_line(profile.total))
    print_table(*perf_rows(project, profile))


def _loss(_bench: Workbench, project: Project) -> None:
    profile = project.loss_profile()
    if profile is None:
        raise UsageError("There is no loss profile.", "sparsify-tui profile loss PROJECT")
    click.echo(f"{profile.metric}: each layer's own curve, not a ranking across layers")
    print_table(*loss_rows(project, profile))


def _optimization(bench: Workbench, project: Project) -> None:
    plan = chosen_plan(project, None)
    for line in plan_lines(
        plan,
        bench.plans.outlook(project, plan),
        is_met=bench.plans.is_met(project, plan),
    ):
        click.echo(line)
    print_table(*plan_rows(project, plan))


def _benchmarks(_bench: Workbench, project: Project) -> None:
    for run in project.benchmarks:
        click.echo(clean_text(run.name))
        for line in benchmark_lines(run):
            click.echo(f"  {line}")


def _export(bench: Workbench, project: Project) -> None:
    click.echo(bench.exports.preview(project, chosen_plan(project, None), "sparseml"), nl=False)


SECTIONS: Mapping[str, Callable[[Workbench, Project], None]] = {
    "model": _model,
    "performance": _performance,
    "loss": _loss,
    "optimization": _optimization,
    "benchmarks": _benchmarks,
    "export": _export,
}


@click.command("show")
@click.argument("project")
@click.argument("section", type=click.Choice(tuple(SECTIONS)))
@pass_bench
def show_command(bench: Workbench, project: str, section: str) -> None:
    """Writes a section as plain text."""
    SECTIONS[section](bench, bench.projects.find(project))
