"""`inspect MODEL`: what is in a file."""

from __future__ import annotations

from pathlib import Path

import click

from sparsify_tui.cli.documents import model_document
from sparsify_tui.cli.group_tables import (
    channels_document,
    channels_lines,
    group_rows,
    locked_lines,
)
from sparsify_tui.cli.options import (
    json_option,
    parse_dims,
    parse_values,
    pass_bench,
    run,
)
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.cli.report import layer_rows, model_lines
from sparsify_tui.core.channels.groups import ChannelMap
from sparsify_tui.core.model import Model
from sparsify_tui.core.text import clean_text
from sparsify_tui.workbench import Workbench


@click.command("inspect")
@click.argument("model", type=Path)
@click.option("--dim", "dims", multiple=True, metavar="NAME=N", help="Size of an open dimension.")
@click.option("--value", "values", multiple=True, metavar="INPUT=V", help="A constant input.")
@click.option("--channels", "has_channels", is_flag=True, help="Which channels can go, and why.")
@json_option
@pass_bench
def inspect_command(
    bench: Workbench,
    *,
    model: Path,
    dims: tuple[str, ...],
    values: tuple[str, ...],
    has_channels: bool,
    as_json: bool,
) -> None:
    """Lists a model's layers, or its groups of channels; creates nothing."""
    sizes, constants = parse_dims(dims), parse_values(values)
    found = run(bench.projects.inspect(model, sizes, constants))
    channels = run(bench.projects.channels(found, sizes, constants)) if has_channels else None
    if as_json:
        print_json({**model_document(found), **(channels_document(channels) if channels else {})})
        return
    for line in model_lines(found):
        click.echo(line)
    if channels is None:
        print_table(*layer_rows(found))
    else:
        _print_channels(found, channels)


def _print_channels(model: Model, channels: ChannelMap) -> None:
    for line in channels_lines(model, channels):
        click.echo(line)
    if channels.groups:
        print_table(*group_rows(model, channels))
    for line in locked_lines(model, channels):
        click.echo(clean_text(line, 600))
