"""`data`: the data sets of a project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from sparsify_tui.cli.options import json_option, pass_bench, prepared_project, run
from sparsify_tui.cli.output import Narrator, print_json, print_table
from sparsify_tui.codec import document_from
from sparsify_tui.core.images import LAYOUTS, RESIZES, SCALES
from sparsify_tui.core.project import DATA_ROLES, DataSet, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.workbench import Workbench

F = TypeVar("F", bound=Callable[..., Any])


def image_options(command: F) -> F:
    """What becomes of the images of a folder."""
    for option in (
        click.option(
            "--resize",
            type=click.Choice(RESIZES),
            help="Cover the input's size and keep the middle (crop), or stretch to it.",
        ),
        click.option(
            "--scale",
            type=click.Choice(SCALES),
            help="Range of the pixels; auto: 0..1 for float inputs, 0..255 for integers.",
        ),
        click.option(
            "--layout",
            type=click.Choice(LAYOUTS),
            help="Where the channels are; auto: by the model.",
        ),
        click.option(
            "--std", metavar="A[,B,C]", help="Of the channels: what the rest is divided by."
        ),
        click.option(
            "--mean", metavar="A[,B,C]", help="Of the channels, in --scale: taken off the pixels."
        ),
    ):
        command = option(command)
    return command


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
@image_options
@json_option
@pass_bench
def add_command(
    bench: Workbench,
    *,
    project: str,
    file: Path,
    role: str | None,
    mean: str | None,
    std: str | None,
    layout: str | None,
    scale: str | None,
    resize: str | None,
    as_json: bool,
) -> None:
    """Attaches FILE: an .npz, a folder of them, or a folder of images.

    An .npz has one array an input, the first axis the sample, and optionally `labels`. Of
    images, several sub-folders are classes in order of their names.
    """
    found = run(prepared_project(bench, project))
    chosen = next((one for one in DATA_ROLES if one == role), None)
    images = {"mean": mean, "std": std, "layout": layout, "scale": scale, "resize": resize}
    texts = {name: text for name, text in images.items() if text is not None}
    narrator = Narrator("reading")
    after = run(bench.inputs.attach_data(found.id, file, chosen, narrator, texts))
    narrator.done()
    for before in found.data:
        if before not in after.data:
            click.echo(f"replaces the {before.role} set {clean_text(before.path)}", err=True)
    for one in after.data:
        if one not in found.data:
            _narrate(one)
    _print(after, as_json=as_json)


def _narrate(data: DataSet) -> None:
    if data.reading:
        click.echo(f"images are read as {data.reading}", err=True)
    for problem in data.problems:
        click.echo(f"as calibration it is weak: {problem}", err=True)


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
        (one.role, one.path, str(one.samples), "yes" if one.labelled else "no", one.reading)
        for one in project.data
    ]
    print_table(("role", "file", "samples", "labels", "images"), rows)
