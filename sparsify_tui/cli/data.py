"""`data`: the data sets of a project."""

from __future__ import annotations

from pathlib import Path

import click

from sparsify_tui.cli.options import json_option, pass_bench, prepared_project, run
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.codec import document_from
from sparsify_tui.core.project import DATA_ROLES, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.workbench import Workbench


@click.group("data")
def data_group() -> None:
    """Calibration and test data; defaults of every command that runs the model."""


@data_group.command("list")
@click.argument("project")
@json_option
@pass_bench
def list_command(bench: Workbench, *, project: str, as_json: bool) -> None:
    """Lists what is attached."""
    _print(bench.projects.find(project), as_json=as_json)


@data_group.command("add")
@click.argument("project")
@click.argument("file", type=Path)
@click.option("--role", type=click.Choice(DATA_ROLES), help="By default by whether it has labels.")
@json_option
@pass_bench
def add_command(
    bench: Workbench, *, project: str, file: Path, role: str | None, as_json: bool
) -> None:
    """Attaches an .npz with one array an input, and optionally `labels`."""
    found = run(prepared_project(bench, project))
    chosen = next((one for one in DATA_ROLES if one == role), None)
    after = run(bench.inputs.attach_data(found.id, file, chosen))
    for before in found.data:
        if before not in after.data:
            click.echo(f"replaces the {before.role} set {clean_text(before.path)}", err=True)
    for one in after.data:
        if one not in found.data:
            for problem in one.problems:
                click.echo(f"as calibration it is weak: {problem}", err=True)
    _print(after, as_json=as_json)


@data_group.command("remove")
@click.argument("project")
@click.argument("role", type=click.Choice(DATA_ROLES))
@json_option
@pass_bench
def remove_command(bench: Workbench, *, project: str, role: str, as_json: bool) -> None:
    """Detaches a data set; the file stays."""
    chosen = next(one for one in DATA_ROLES if one == role)
    after = bench.inputs.remove_data(bench.projects.find(project).id, chosen)
    if as_json:
        _print(after, as_json=True)


def _print(project: Project, *, as_json: bool) -> None:
    if as_json:
        print_json({"data": [document_from(one) for one in project.data]})
        return
    rows = [
        (one.role, one.path, str(one.samples), "yes" if one.labelled else "no")
        for one in project.data
    ]
    print_table(("role", "file", "samples", "labels"), rows)
