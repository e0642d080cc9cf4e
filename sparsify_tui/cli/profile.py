"""`profile`: measures performance, and what the layers lose."""

from __future__ import annotations

from pathlib import Path

import click

from sparsify_tui.cli.loss_command import loss_command
from sparsify_tui.cli.options import (
    input_options,
    json_option,
    parse_dims,
    parse_values,
    pass_bench,
    prepared_project,
    run,
)
from sparsify_tui.cli.output import Narrator, print_json, print_table
from sparsify_tui.cli.perf_documents import flops_document, perf_document, perf_lines
from sparsify_tui.cli.perf_tables import perf_rows
from sparsify_tui.cli.report import layer_rows
from sparsify_tui.core.model import Model
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import Project
from sparsify_tui.engines import DEFAULT_ENGINE
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.measure import PERFORMANCE_S


@click.group("profile")
def profile_group() -> None:
    """Measures a model."""


@profile_group.command("perf")
@click.argument("project")
@click.option("--batch", type=int, default=1, show_default=True)
@click.option("--threads", type=int, help="Default: the cores allowed.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 600),
    default=PERFORMANCE_S,
    show_default=True,
    help="Least time of the whole runs.",
)
@click.option("--engine", default=DEFAULT_ENGINE, show_default=True)
@click.option("--int8/--no-int8", default=True, show_default=True, help="The int8 lane, too.")
@click.option(
    "--channels/--no-channels", default=True, show_default=True, help="The channel lanes, too."
)
@click.option("--approximate", is_flag=True, help="FLOPs from the architecture; runs nothing.")
@click.option("--name", default="")
@input_options
@json_option
@pass_bench
def perf_command(
    bench: Workbench,
    *,
    project: str,
    batch: int,
    threads: int | None,
    seconds: float,
    engine: str,
    int8: bool,
    channels: bool,
    approximate: bool,
    name: str,
    dims: tuple[str, ...],
    values: tuple[str, ...],
    data: Path | None,
    as_json: bool,
) -> None:
    """Measures the whole model and every layer of it."""
    narrator = Narrator("performance")
    given = (parse_dims(dims), parse_values(values), data)
    if approximate:
        _say_approximate(run(prepared_project(bench, project, *given)).model, as_json=as_json)
        return

    async def measure() -> tuple[Project, PerfProfile]:
        found = await prepared_project(bench, project, *given)
        profile = await bench.measure.perf(
            found.id,
            name=name,
            batch=batch,
            threads=threads,
            seconds=seconds,
            engine=engine,
            int8=int8,
            channels=channels,
            on_progress=narrator,
        )
        return bench.projects.load(found.id), profile

    found, profile = run(measure())
    narrator.done()
    if as_json:
        print_json(perf_document(profile))
        return
    for line in perf_lines(profile):
        click.echo(line)
    print_table(*perf_rows(found, profile))


def _say_approximate(model: Model, *, as_json: bool) -> None:
    """The FLOPs-only profile: nothing of it is measured."""
    if as_json:
        print_json(flops_document(model))
        return
    click.echo("FLOPs from the architecture: nothing was measured")
    print_table(*layer_rows(model))


profile_group.add_command(loss_command)
