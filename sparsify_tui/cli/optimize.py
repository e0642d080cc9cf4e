"""`optimize`: makes an optimization."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sparsify_tui.cli.options import (
    input_options,
    json_option,
    parse_dims,
    parse_levels,
    parse_values,
    pass_bench,
    prepared_project,
    run,
)
from sparsify_tui.cli.output import Narrator, print_json, print_table
from sparsify_tui.cli.plan_answers import plan_document, plan_lines, plan_rows
from sparsify_tui.core.modifiers.pruning import SCOPES
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.project import Project
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.plans import DEFAULT_SPARSITY, PlanRequest

NUMBER_FORMATS = ("int8",)
_NOT_BUILT_YET = ("speed_up", "max_loss", "compression", "balance")


def _later_options(command: Any) -> Any:
    """Options of the contract that are refused, not ignored, until they are built."""
    for name in _NOT_BUILT_YET:
        command = click.option(f"--{name.replace('_', '-')}", name, hidden=True)(command)
    return command


@click.command("optimize")
@click.argument("project")
@click.option(
    "--sparsity",
    type=float,
    help=f"Zeros among the prunable weights; default {DEFAULT_SPARSITY}, none with --quantize.",
)
@click.option("--quantize", type=click.Choice(NUMBER_FORMATS), help="Where a search finds it pays.")
@click.option("--batch", type=click.IntRange(min=1), help="Of the search; default 1.")
@click.option("--threads", type=click.IntRange(min=1), help="Of the search; default the cores.")
@click.option("--spread", type=click.Choice(SCOPES), default="uniform", show_default=True)
@click.option("--structure", default="unstructured", show_default=True)
@click.option("--layer", "layers", multiple=True, metavar="ID=LEVEL", help="A level of its own.")
@click.option("--lock", "locks", multiple=True, metavar="ID", help="Keep this layer dense.")
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs of the original training.")
@click.option("--lr", metavar="A:B", help="Initial and final learning rate.")
@click.option("--name", default="")
@input_options
@_later_options
@json_option
@pass_bench
def optimize_command(
    bench: Workbench,
    /,
    *,
    project: str,
    sparsity: float | None,
    quantize: str | None,
    batch: int | None,
    threads: int | None,
    spread: str,
    structure: str,
    layers: tuple[str, ...],
    locks: tuple[str, ...],
    epochs: int | None,
    lr: str | None,
    name: str,
    dims: tuple[str, ...],
    values: tuple[str, ...],
    data: Path | None,
    as_json: bool,
    **later: Any,
) -> None:
    """Makes an optimization: zeros by a spread with no measured loss behind it, int8 by a search.

    The search puts layers in int8 where that was measured to pay; what does not stays float.
    """
    _refuse(structure, later)
    if quantize is None and (batch or threads):
        raise UsageError("--batch and --threads are of a search for int8.", "Add --quantize int8.")
    request = PlanRequest(
        sparsity=DEFAULT_SPARSITY if sparsity is None and quantize is None else sparsity,
        scope=spread,
        name=name,
        levels=parse_levels(layers),
        locks=locks,
        epochs=epochs,
        rates=_rates(lr),
    )
    found = run(prepared_project(bench, project, parse_dims(dims), parse_values(values), data))
    bench.plans.check(found, request)
    if request.sparsity and spread == "global" and not bench.plans.has_magnitudes(found):
        run(bench.loss.magnitude(found.id))
    if quantize is not None:
        request = replace(request, placement=_searched(bench, found, batch or 1, threads))
    plan = bench.plans.create(found.id, request)
    found = bench.projects.load(found.id)
    outlook = bench.plans.outlook(found, plan)
    if as_json:
        print_json(plan_document(found, plan, outlook, is_met=bench.plans.is_met(found, plan)))
        return
    for line in plan_lines(plan, outlook, is_met=bench.plans.is_met(found, plan)):
        click.echo(line)
    print_table(*plan_rows(found, plan))


def _searched(bench: Workbench, project: Project, batch: int, threads: int | None) -> Placement:
    narrator = Narrator("int8")
    place = bench.measure.place
    placement = run(place(project.id, batch=batch, threads=threads, on_progress=narrator))
    narrator.done()
    return placement


def _refuse(structure: str, later: dict[str, str | None]) -> None:
    asked = [name for name, value in later.items() if value is not None]
    if asked:
        raise UsageError(f"--{asked[0].replace('_', '-')} is not built yet.", "Use --sparsity S.")
    if structure != "unstructured":
        raise UsageError(f"--structure {structure} is not built yet.", "Use unstructured.")


def _rates(text: str | None) -> tuple[float, float | None] | None:
    if text is None:
        return None
    first, _, last = text.partition(":")
    try:
        rates = float(first), float(last) if last else None
    except ValueError:
        raise UsageError(f"--lr takes A:B, such as 0.1:0.001, not {text!r}.") from None
    if not 0 < rates[0] <= 10 or not 0 <= (rates[1] or 0) <= 10:
        raise UsageError(f"Learning rates lie between 0 and 10, not {text}.")
    return rates
