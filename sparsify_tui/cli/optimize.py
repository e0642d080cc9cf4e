"""`optimize`: makes an optimization."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sparsify_tui.cli.narrowing import (
    ChannelOptions,
    channel_options,
    check_options,
    with_found_channels,
)
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
from sparsify_tui.cli.plan_channels import group_rows
from sparsify_tui.core.modifiers.pruning import SCOPES
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.project import DataRole, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.plan_requests import CHANNEL, DEFAULT_SPARSITY, PlanRequest

NUMBER_FORMATS = ("int8",)
_SEARCHES = "Add --quantize int8, or --structure channel without --sparsity."
_NOT_BUILT_YET = ("compression", "balance")


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
    help=f"Zeros among the prunable weights, or the share of the channels that go; default "
    f"{DEFAULT_SPARSITY}, none with --quantize, a search with channels.",
)
@click.option("--quantize", type=click.Choice(NUMBER_FORMATS), help="Where a search finds it pays.")
@click.option("--batch", type=click.IntRange(min=1), help="Of the search; default 1.")
@click.option("--threads", type=click.IntRange(min=1), help="Of the search; default the cores.")
@click.option("--spread", type=click.Choice(SCOPES), default="uniform", show_default=True)
@channel_options
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="ID=LEVEL",
    help="A level of its own; of a group of channels also the number that stays.",
)
@click.option(
    "--lock", "locks", multiple=True, metavar="ID", help="Keep this layer dense, or group whole."
)
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
    speed_up: float | None,
    max_loss: float | None,
    select: str | None,
    repair: str | None,
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
    """Makes an optimization: zeros, or fewer channels, by a spread or a search; int8 by a search.

    A spread has no measured loss behind it. A search puts layers in int8, and cuts channels, where
    that was measured to pay; what does not stays as it is.
    """
    asked = ChannelOptions(speed_up=speed_up, max_loss=max_loss, select=select, repair=repair)
    _refuse(later)
    check_options(structure, sparsity, asked)
    is_narrowed = structure == CHANNEL
    has_search = quantize is not None or (is_narrowed and sparsity is None)
    if not has_search and (batch or threads):
        raise UsageError("--batch and --threads are of a search.", _SEARCHES)
    request = PlanRequest(
        sparsity=DEFAULT_SPARSITY if sparsity is None and not has_search else sparsity,
        structure=structure,
        scope=spread,
        name=name,
        levels=parse_levels(layers),
        locks=locks,
        epochs=epochs,
        rates=_rates(lr),
    )
    given = (parse_dims(dims), parse_values(values), data)
    role: DataRole | None = "calibration" if is_narrowed else None  # the repair is fitted on it
    found = run(prepared_project(bench, project, *given, role=role))
    bench.plans.check(found, request)
    if is_narrowed:
        request = with_found_channels(bench, found, request, asked, batch=batch, threads=threads)
    elif request.sparsity and spread == "global" and not bench.plans.has_magnitudes(found):
        run(bench.loss.magnitude(found.id))
    if quantize is not None:
        request = replace(request, placement=_searched(bench, found, batch or 1, threads))
    plan = bench.plans.create(found.id, request)
    found = bench.projects.load(found.id)
    _answer(bench, found, plan, bench.plans.notes(found, plan, request), asked, as_json=as_json)


def _answer(
    bench: Workbench,
    project: Project,
    plan: Optimization,
    notes: tuple[str, ...],
    asked: ChannelOptions,
    *,
    as_json: bool,
) -> None:
    outlook, is_met = bench.plans.outlook(project, plan), bench.plans.is_met(project, plan)
    if as_json:
        body = plan_document(project, plan, outlook, is_met=is_met)
        if plan.channels.groups:  # what the search aimed at, which is not kept with the plan
            body |= {"target": {**body["target"], **asked.target}, "notes": list(notes)}
        print_json(body)
        return
    for line in plan_lines(plan, outlook, is_met=is_met):
        click.echo(line)
    for note in notes:
        click.echo(f"note: {clean_text(note)}")
    if plan.channels.groups:
        print_table(*group_rows(project.model, plan.channels))
    print_table(*plan_rows(project, plan))


def _searched(bench: Workbench, project: Project, batch: int, threads: int | None) -> Placement:
    narrator = Narrator("int8")
    place = bench.measure.place
    placement = run(place(project.id, batch=batch, threads=threads, on_progress=narrator))
    narrator.done()
    return placement


def _refuse(later: dict[str, str | None]) -> None:
    asked = [name for name, value in later.items() if value is not None]
    if asked:
        raise UsageError(f"--{asked[0].replace('_', '-')} is not built yet.", "Use --sparsity S.")


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
