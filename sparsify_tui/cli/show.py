"""`show`: a section as plain text, for a pipe or a screen reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from sparsify_tui.cli.chosen import chosen_plan
from sparsify_tui.cli.documents import benchmark_document, model_document
from sparsify_tui.cli.loss_documents import loss_document
from sparsify_tui.cli.loss_tables import show_losses
from sparsify_tui.cli.options import json_option, pass_bench
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.cli.perf_documents import perf_document, perf_lines
from sparsify_tui.cli.perf_tables import perf_rows
from sparsify_tui.cli.plan_answers import plan_document, plan_lines, plan_rows
from sparsify_tui.cli.plan_channels import group_rows
from sparsify_tui.cli.report import benchmark_lines, layer_rows, model_lines
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench


def _model(_bench: Workbench, project: Project) -> None:
    for line in model_lines(project.model):
        click.echo(line)
    print_table(*layer_rows(project.model))


def _performance(_bench: Workbench, project: Project) -> None:
    profile = _perf_profile(project)
    for line in perf_lines(profile):
        click.echo(line)
    print_table(*perf_rows(project, profile))


def _loss(_bench: Workbench, project: Project) -> None:
    show_losses(project, _loss_profile(project))


def _optimization(bench: Workbench, project: Project) -> None:
    plan = chosen_plan(project, None)
    for line in plan_lines(
        plan,
        bench.plans.outlook(project, plan),
        is_met=bench.plans.is_met(project, plan),
    ):
        click.echo(line)
    if plan.channels.groups:
        print_table(*group_rows(project.model, plan.channels))
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


def _documents(bench: Workbench, project: Project, section: str) -> dict[str, Any]:
    """The section as one object, with the keys of the command that makes such a thing."""
    if section == "model":
        return model_document(project.model)
    if section == "performance":
        return perf_document(_perf_profile(project))
    if section == "loss":
        return loss_document(_loss_profile(project))
    if section == "benchmarks":
        return {"benchmarks": [benchmark_document(run) for run in project.benchmarks]}
    plan = chosen_plan(project, None)
    if section == "export":
        return {"target": "sparseml", "text": bench.exports.preview(project, plan, "sparseml")}
    outlook = bench.plans.outlook(project, plan)
    return plan_document(project, plan, outlook, is_met=bench.plans.is_met(project, plan))


def _perf_profile(project: Project) -> PerfProfile:
    profile = project.perf_profile()
    if profile is None:
        raise UsageError("There is no performance profile.", "sparsify-tui profile perf PROJECT")
    return profile


def _loss_profile(project: Project) -> LossProfile:
    profile = project.loss_profile()
    if profile is None:
        raise UsageError("There is no loss profile.", "sparsify-tui profile loss PROJECT")
    return profile


@click.command("show")
@click.argument("project")
@click.argument("section", type=click.Choice(tuple(SECTIONS)))
@json_option
@pass_bench
def show_command(bench: Workbench, *, project: str, section: str, as_json: bool) -> None:
    """Writes a section as plain text."""
    found = bench.projects.find(project)
    if as_json:
        print_json(_documents(bench, found, section))
        return
    SECTIONS[section](bench, found)
