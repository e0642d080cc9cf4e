"""`profile loss`: what the layers lose."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import click

from sparsify_tui.cli.loss_documents import loss_document
from sparsify_tui.cli.loss_request import (
    Given,
    loss_options,
    memory_from,
    refuse_unfit,
    request_from,
)
from sparsify_tui.cli.loss_tables import resume_hint, show_losses
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
from sparsify_tui.core.loss_profile import METHODS, LossProfile
from sparsify_tui.core.project import Project
from sparsify_tui.core.units import format_seconds
from sparsify_tui.errors import CancelledJobError, JobError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.loss_time import ExpectedTime
from sparsify_tui.workbench.paths import full_path

Measure: TypeAlias = Callable[..., Coroutine[Any, Any, LossProfile]]


@click.command("loss")
@click.argument("project")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    help="one-shot (default) runs the changed model; magnitude is instant and ranks nothing.",
)
@loss_options
@click.option("--resume", metavar="PROFILE", help="Go on with one that is not complete.")
@click.option("--name", default="")
@input_options
@json_option
@pass_bench
def loss_command(
    bench: Workbench,
    /,
    *,
    project: str,
    method: str | None,
    dims: tuple[str, ...],
    values: tuple[str, ...],
    data: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """How much the outputs change when one layer, or group of channels, is pruned or quantised.

    The first complete table comes early, with values that are estimated (~) between measured
    ones; then each value is measured, on more samples until it settles. What is measured stays
    when it is stopped, and --resume goes on with it.
    """
    refuse_unfit(given, method or "", (*dims, *values, *filter(None, [data])))
    request = request_from(bench, given)
    if data is not None:  # what was just given is meant, whatever role it gets
        request = replace(request, data=full_path(data))
    found = run(prepared_project(bench, project, parse_dims(dims), parse_values(values), data))
    if method == "magnitude":
        measure = partial(bench.loss.magnitude, found.id, name=given["name"], levels=request.levels)
        profile = _measured(measure)
    elif given["resume"]:
        profile = _kept(found, _resuming(bench, found, given))
    else:
        _say_expected(bench.loss.expected(found, request), anchors_only=request.anchors_only)
        profile = _kept(
            found, partial(bench.loss.one_shot, found.id, name=given["name"], request=request)
        )
    if as_json:
        print_json(loss_document(profile))
        return
    show_losses(bench.projects.load(found.id), profile)


def _measured(measure: Measure, **listeners: Any) -> LossProfile:
    narrator = Narrator("loss")
    try:
        return run(measure(on_progress=narrator, **listeners))
    finally:
        narrator.done()


def _kept(project: Project, measure: Measure) -> LossProfile:
    """A profile; where it ends early, the error names the command that goes on with it."""
    newest = deque[LossProfile](maxlen=1)
    try:
        return _measured(measure, on_partial=newest.append)
    except KeyboardInterrupt:
        if not newest:
            raise
        raise CancelledJobError(_far(newest[0]), resume_hint(project, newest[0])) from None
    except JobError as error:
        if not newest:
            raise
        hint = f"{error.hint} {resume_hint(project, newest[0])}"
        raise type(error)(error.message, hint.strip()) from error


def _resuming(bench: Workbench, project: Project, given: Given) -> Measure:
    return partial(
        bench.loss.resume,
        project.id,
        given["resume"],
        workers=given["workers"],
        memory_bytes=memory_from(given["memory"]),
        scheduler=given["scheduler"],
    )


def _far(profile: LossProfile) -> str:
    measured = sum(row.status == "measured" for row in profile.layers)
    return (
        f"Stopped; {measured} of {len(profile.layers)} layers are measured at all levels, and all "
        "that was measured is kept."
    )


def _say_expected(time: ExpectedTime, *, anchors_only: bool) -> None:
    if time.full is None or time.anchors is None:
        return
    first = f"about {format_seconds(time.anchors)} to the first complete table"
    rest = "" if anchors_only else f", about {format_seconds(time.full)} in all"
    click.echo(f"expected: {first}{rest}, by {time.basis}", err=True)
