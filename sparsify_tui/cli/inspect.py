"""`inspect MODEL`: what is in a file."""

from __future__ import annotations

from pathlib import Path

import click

from sparsify_tui.cli.documents import model_document
from sparsify_tui.cli.options import (
    json_option,
    parse_dims,
    parse_values,
    pass_bench,
    run,
)
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.cli.report import layer_rows, model_lines
from sparsify_tui.workbench import Workbench


@click.command("inspect")
@click.argument("model", type=Path)
@click.option("--dim", "dims", multiple=True, metavar="NAME=N", help="Size of an open dimension.")
@click.option("--value", "values", multiple=True, metavar="INPUT=V", help="A constant input.")
@json_option
@pass_bench
def inspect_command(
    bench: Workbench, *, model: Path, dims: tuple[str, ...], values: tuple[str, ...], as_json: bool
) -> None:
    """Lists a model's layers; creates nothing."""
    found = run(bench.projects.inspect(model, parse_dims(dims), parse_values(values)))
    if as_json:
        print_json(model_document(found))
        return
    for line in model_lines(found):
        click.echo(line)
    print_table(*layer_rows(found))
