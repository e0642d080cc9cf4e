"""`projects`: list, show, rename, describe, delete, and what became of a model file."""

from __future__ import annotations

from pathlib import Path

import click

from sparsify_tui.cli.documents import model_document
from sparsify_tui.cli.options import json_option, pass_bench, run
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.cli.report import model_lines
from sparsify_tui.codec import document_from
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_bytes, format_count, format_when
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench


@click.group("projects", invoke_without_command=True)
@json_option
@click.pass_context
def projects_group(context: click.Context, *, as_json: bool) -> None:
    """The stored projects; without a word, their list."""
    if context.invoked_subcommand is None:
        list_projects(context.find_object(Workbench), as_json=as_json)


@projects_group.command("list")
@json_option
@pass_bench
def list_command(bench: Workbench, *, as_json: bool) -> None:
    """Lists all projects, the last changed first."""
    list_projects(bench, as_json=as_json)


def list_projects(bench: Workbench | None, *, as_json: bool) -> None:
    """Writes the list."""
    assert bench is not None
    summaries = bench.projects.list()
    if as_json:
        print_json({"projects": [document_from(one) for one in summaries]})
        return
    rows = [
        (one.name, one.problem or Path(one.model).name, str(one.layers), format_count(one.params))
        for one in summaries
    ]
    print_table(("project", "model", "layers", "params"), rows)


@projects_group.command("show")
@click.argument("project")
@json_option
@pass_bench
def show_command(bench: Workbench, *, project: str, as_json: bool) -> None:
    """Shows one project."""
    found = bench.projects.find(project)
    size, path = bench.projects.size_on_disk(found.id), bench.projects.path_of(found.id)
    if as_json:
        head = {name: getattr(found, name) for name in ("id", "name", "description")}
        print_json(
            {
                **head,
                "created": found.created,
                "modified": found.modified,
                "file": str(path),
                "bytes": size,
                "model_state": bench.projects.model_state(found),
                "training": document_from(found.training),
                "dims": dict(found.dims),
                "values": dict(found.values),
                "data": [document_from(one) for one in found.data],
                **model_document(found.model),
            }
        )
        return
    click.echo(clean_text(f"{found.name}  {found.description}".rstrip(), 400))
    click.echo(f"created {format_when(found.created)}, modified {format_when(found.modified)}")
    click.echo(f"{clean_text(path)}  {format_bytes(size)}")
    click.echo(f"model file: {bench.projects.model_state(found)}")
    for line in model_lines(found.model):
        click.echo(line)


@projects_group.command("rename")
@click.argument("project")
@click.argument("name")
@json_option
@pass_bench
def rename_command(bench: Workbench, *, project: str, name: str, as_json: bool) -> None:
    """Gives a project another name."""
    _answer(bench.projects.rename(bench.projects.find(project).id, name), as_json=as_json)


@projects_group.command("describe")
@click.argument("project")
@click.argument("description")
@json_option
@pass_bench
def describe_command(bench: Workbench, *, project: str, description: str, as_json: bool) -> None:
    """Sets a project's description."""
    found = bench.projects.find(project)
    _answer(bench.projects.describe(found.id, description), as_json=as_json)


@projects_group.command("delete")
@click.argument("project")
@click.option("--yes", is_flag=True, help="Really delete it.")
@json_option
@pass_bench
def delete_command(bench: Workbench, *, project: str, yes: bool, as_json: bool) -> None:
    """Deletes a project; the model file stays."""
    found = bench.projects.find(project)
    if not yes:
        raise UsageError(
            f"Deleting {clean_text(found.name)} needs --yes.", "Its measurements are lost."
        )
    bench.projects.delete(found.id)
    _answer(found, as_json=as_json)


@projects_group.command("accept")
@click.argument("project")
@click.option("--model", type=Path, help="Where the model file is now.")
@json_option
@pass_bench
def accept_command(bench: Workbench, *, project: str, model: Path | None, as_json: bool) -> None:
    """Takes the model file as it is now, or where it is now, for the project's."""
    found = bench.projects.find(project)
    after = run(bench.projects.accept_model(found.id, model))
    same = after.model.sha256 == found.model.sha256
    if as_json:
        print_json({"project": after.id, "name": after.name, "same_model": same})
        return
    click.echo("the same model" if same else "another model: earlier measurements are stale")


def _answer(project: Project, *, as_json: bool) -> None:
    """Which project it was, for a script."""
    if as_json:
        print_json({"project": project.id, "name": project.name})
