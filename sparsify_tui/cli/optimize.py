"""`optimize`: makes an optimization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sparsify_tui.cli.documents import plan_document
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
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.cli.report import plan_lines, plan_rows
from sparsify_tui.core.modifiers.pruning import SCOPES
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.plans import DEFAULT_SPARSITY, PlanRequest

_NOT_BUILT_YET = ("speed_up", "max_loss", "compression", "balance", "quantize")


def _later_options(command: Any) -> Any:
    """Options of the contract that are refused, not ignored, until they are built."""
    for name in _NOT_BUILT_YET:
        command = click.option(f"--{name.replace('_', '-')}", name, hidden=True)(command)
    return command


@click.command("optimize")
@click.argument("project")
@click.option("--sparsity", type=float, default=DEFAULT_SPARSITY, show_default=True)
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
    sparsity: float,
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
    """Makes a pruning optimization; neither spread has a measured loss behind it."""
    _refuse(structure, later)
    request = PlanRequest(
        sparsity=sparsity,
        scope=spread,
        name=name,
        levels=parse_levels(layers),
        locks=locks,
        epochs=epochs,
        rates=_rates(lr),
    )
    found = run(prepared_project(bench, project, parse_dims(dims), parse_values(values), data))
    if spread == "global" and found.loss_profile() is None:
        run(bench.measure.loss(found.id))
    plan = bench.plans.create(found.id, request)
    found = bench.projects.load(found.id)
    outlook = bench.plans.outlook(found, plan)
    if as_json:
        print_json(plan_document(found, plan, outlook, is_met=bench.plans.is_met(found, plan)))
        return
    for line in plan_lines(plan, outlook, is_met=bench.plans.is_met(found, plan)):
        click.echo(line)
    print_table(*plan_rows(found, plan))


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
