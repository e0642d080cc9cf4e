"""`apply`: the changed model as a file."""

from __future__ import annotations

from pathlib import Path

import click

from sparsify_tui.cli.chosen import chosen_plan
from sparsify_tui.cli.documents import applied_document
from sparsify_tui.cli.options import (
    input_options,
    json_option,
    parse_dims,
    parse_values,
    pass_bench,
    prepared_project,
    run,
)
from sparsify_tui.cli.output import Narrator, print_json
from sparsify_tui.cli.report import applied_lines
from sparsify_tui.core.modifiers.channels import REPAIRS
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.benchmarks import APPLY_S
from sparsify_tui.workbench.paths import full_path


@click.command("apply")
@click.argument("project")
@click.option("--optimization", help="Its name or id; default the newest.")
@click.option("-o", "--output", type=Path, required=True, help="The file to write.")
@click.option(
    "--repair",
    type=click.Choice(REPAIRS),
    help="Fit what is left to the old outputs, where held-out samples say it helps; "
    "default as the optimization says.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 600),
    default=APPLY_S,
    show_default=True,
    help="Least time of the comparison with the original.",
)
@input_options
@json_option
@pass_bench
def apply_command(
    bench: Workbench,
    *,
    project: str,
    optimization: str | None,
    output: Path,
    repair: str | None,
    seconds: float,
    dims: tuple[str, ...],
    values: tuple[str, ...],
    data: Path | None,
    as_json: bool,
) -> None:
    """Writes the changed model, without any training, and says what it is worth.

    It is called optimized only when, timed in turn with the original, it was surely faster.
    """
    found = run(prepared_project(bench, project, parse_dims(dims), parse_values(values), data))
    plan = chosen_plan(found, optimization)
    narrator = Narrator("apply")
    applied = run(
        bench.benchmarks.apply(
            found.id,
            plan,
            full_path(output),
            repair=repair,
            seconds=seconds,
            on_progress=narrator,
        )
    )
    narrator.done()
    if as_json:
        print_json(applied_document(applied))
        return
    for line in applied_lines(applied):
        click.echo(line)
