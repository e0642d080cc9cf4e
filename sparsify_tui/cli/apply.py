"""`apply`: the one-shot pruned model as a file."""

from __future__ import annotations

from pathlib import Path

import click

from sparsify_tui.cli.chosen import chosen_plan
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
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_bytes, format_score
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.paths import full_path


@click.command("apply")
@click.argument("project")
@click.option("--optimization", help="Its name or id; default the newest.")
@click.option("-o", "--output", type=Path, required=True, help="The file to write.")
@click.option("--repair", default="none", show_default=True)
@input_options
@json_option
@pass_bench
def apply_command(
    bench: Workbench,
    *,
    project: str,
    optimization: str | None,
    output: Path,
    repair: str,
    dims: tuple[str, ...],
    values: tuple[str, ...],
    data: Path | None,
    as_json: bool,
) -> None:
    """Writes the pruned model, without any training, and says how far its outputs move."""
    if repair != "none":
        raise UsageError(f"--repair {repair} is not built yet.", "Use --repair none.")
    found = run(prepared_project(bench, project, parse_dims(dims), parse_values(values), data))
    plan = chosen_plan(found, optimization)
    narrator = Narrator("apply")
    applied = run(bench.measure.apply(found.id, plan, full_path(output), narrator))
    narrator.done()
    if as_json:
        shapes = {layer.id: list(layer.shape) for layer in found.model.layers}
        print_json(
            {
                "file": applied.file,
                "bytes": applied.bytes,
                "layers": [
                    {"id": layer, "sparsity": zeros, "quantized": False, "shape": shapes[layer]}
                    for layer, zeros in applied.layers
                ],
                "output_error": applied.output_error,
                "inputs": applied.source,
            }
        )
        return
    click.echo(f"{clean_text(applied.file)}  {format_bytes(applied.bytes)}")
    click.echo(
        f"output error {format_score(applied.output_error)} of the variance, on {applied.source}"
    )
