"""`optimize --structure channel`: what it is asked, and the search or spread behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import click

from sparsify_tui.cli.options import run
from sparsify_tui.cli.output import Narrator
from sparsify_tui.core.channels.front import ChannelAnalysis
from sparsify_tui.core.channels.groups import GroupId
from sparsify_tui.core.modifiers.channels import REPAIRS, SELECTIONS
from sparsify_tui.core.project import Project
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.channel_plans import check_groups, own_widths
from sparsify_tui.workbench.plan_requests import CHANNEL, STRUCTURES, UNSTRUCTURED, PlanRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """What only a plan that removes channels is asked."""

    speed_up: float | None
    max_loss: float | None
    select: str | None
    repair: str | None

    @property
    def target(self) -> dict[str, float | None]:
        """What a search aims at, as the answer names it."""
        return {"speed_up": self.speed_up, "max_loss": self.max_loss}


def channel_options(command: Any) -> Any:
    """The options of `ChannelOptions`, and the structure that they go with."""
    for option in reversed(
        (
            click.option(
                "--structure",
                default=UNSTRUCTURED,
                show_default=True,
                help=f"What goes, one of {', '.join(STRUCTURES)}: channels make it faster.",
            ),
            click.option("--speed-up", type=float, help="Least measured gain of a channel search."),
            click.option(
                "--max-loss", type=float, help="Largest held-out error of a channel search."
            ),
            click.option(
                "--select",
                type=click.Choice(SELECTIONS),
                help=f"How the channels that go are chosen; default {SELECTIONS[0]}.",
            ),
            click.option(
                "--repair",
                type=click.Choice(REPAIRS),
                help=f"Closed-form repair of a cut; default {REPAIRS[0]}.",
            ),
        )
    ):
        command = option(command)
    return command


def check_options(structure: str, sparsity: float | None, options: ChannelOptions) -> None:
    """Refuses what does not go together. Raises UsageError."""
    if structure not in STRUCTURES:
        raise UsageError(
            f"--structure {structure} is not built yet.", f"Use {' or '.join(STRUCTURES)}."
        )
    if structure == CHANNEL:
        _check_targets(sparsity, options)
        return
    if options.speed_up is not None:
        raise UsageError(
            "No sparsity has a speed-up on onnxruntime: it multiplies zeros, too.",
            "Add --structure channel, or use --quantize int8.",
        )
    for name, value in (("max-loss", options.max_loss), ("select", options.select)):
        if value is not None:
            raise UsageError(f"--{name} is for channels only.", "Add --structure channel.")
    if options.repair is not None:
        raise UsageError(
            "--repair is for channels only here.",
            "Add --structure channel; zeros are repaired by `apply --repair auto`.",
        )


def _check_targets(sparsity: float | None, options: ChannelOptions) -> None:
    asked = [
        name
        for name, value in (
            ("--sparsity", sparsity),
            ("--speed-up", options.speed_up),
            ("--max-loss", options.max_loss),
        )
        if value is not None
    ]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} are two targets.", "Give one of them, or none.")


def with_found_channels(
    bench: Workbench,
    project: Project,
    request: PlanRequest,
    options: ChannelOptions,
    *,
    batch: int | None,
    threads: int | None,
) -> PlanRequest:
    """The request with what it needs to know of channels: an analysis, or a whole search."""
    selection = options.select or SELECTIONS[0]
    request = replace(request, repair=options.repair or REPAIRS[0])
    analysis = None
    if request.sparsity is not None or request.levels or request.locks:
        analysis = _analysed(bench, project, selection)
    if request.sparsity is not None:
        return replace(request, channels=analysis)
    widths: Mapping[GroupId, int] = {}
    if analysis is not None:
        widths = own_widths(project.model, analysis, request.levels, request.locks)
    narrator = Narrator("channels")
    found = run(
        bench.measure.narrow(
            project.id,
            batch=batch or 1,
            threads=threads,
            speed_up=options.speed_up,
            max_loss=options.max_loss,
            selection=selection,
            repair=request.repair,
            locked=widths,
            on_progress=narrator,
        )
    )
    narrator.done()
    return replace(request, channels=found)


def _analysed(bench: Workbench, project: Project, selection: str) -> ChannelAnalysis:
    narrator = Narrator("channels")
    analysis = run(bench.measure.channels(project.id, selection=selection, on_progress=narrator))
    narrator.done()
    check_groups(analysis)
    return analysis
