"""`benchmark`: optimizations against the original, measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from sparsify_tui.cli.chosen import chosen_plan
from sparsify_tui.cli.documents import benchmark_document
from sparsify_tui.cli.options import (
    input_options,
    json_option,
    parse_dims,
    parse_numbers,
    parse_values,
    pass_bench,
    prepared_project,
    run,
)
from sparsify_tui.cli.output import INTERRUPTED, Narrator, print_json, report_error
from sparsify_tui.cli.report import benchmark_lines
from sparsify_tui.core.cases import BenchmarkRequest
from sparsify_tui.core.project import BenchmarkRun, Project
from sparsify_tui.core.verdicts import against_original, gap_lines, interval_text
from sparsify_tui.engines import DEFAULT_ENGINE
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.benchmarks import COMPARISON_S

_REQUIREMENT = re.compile(r"\s*speed_up\s*>=\s*([0-9]*\.?[0-9]+)\s*")


@click.command("benchmark")
@click.argument("project")
@click.option(
    "--optimization",
    "optimizations",
    multiple=True,
    help="Its name or id, several times for several; default the newest.",
)
@click.option("--original", "is_alone", is_flag=True, help="The original alone.")
@click.option(
    "--engine",
    "engines",
    multiple=True,
    default=(DEFAULT_ENGINE,),
    show_default=True,
    help="Several times for several; `doctor` lists them.",
)
@click.option("--batch", "batches", default="1", show_default=True, help="Such as 1,8.")
@click.option("--threads", default="", help="Such as 1,2; default the cores allowed.")
@click.option("--streams", default="1", show_default=True, help="Parallel sessions, such as 1,2.")
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=COMPARISON_S, show_default=True)
@click.option(
    "--metric",
    default="",
    metavar="FILE.py:FUNCTION",
    help="Your own: called with (outputs, labels), gives a number, more is better.",
)
@click.option("--require", metavar="'speed_up>=X'", help="Exit 1 unless every lower bound is.")
@click.option("--name", default="")
@click.option("--notes", default="", help="Kept with the benchmark.")
@input_options
@json_option
@pass_bench
def benchmark_command(
    bench: Workbench,
    *,
    project: str,
    optimizations: tuple[str, ...],
    is_alone: bool,
    engines: tuple[str, ...],
    batches: str,
    threads: str,
    streams: str,
    seconds: float,
    metric: str,
    require: str | None,
    name: str,
    notes: str,
    dims: tuple[str, ...],
    values: tuple[str, ...],
    data: Path | None,
    as_json: bool,
) -> int:
    """Times optimizations and the original in turn, and scores them.

    Without any optimization in the project the original is measured alone.
    """
    least = _requirement(require)
    request = BenchmarkRequest(
        engines=tuple(dict.fromkeys(engines)),
        batches=parse_numbers(batches, int, "--batch"),
        threads=parse_numbers(threads, int, "--threads"),
        streams=parse_numbers(streams, int, "--streams"),
        seconds=seconds,
        metric=metric,
    )
    found = run(prepared_project(bench, project, parse_dims(dims), parse_values(values), data))
    plans = _plans(found, optimizations, is_alone=is_alone)
    if least is not None and not plans:
        raise UsageError("--require needs an optimization to compare.", "sparsify-tui optimize")
    asked = replace(request, optimizations=plans)
    result, is_stopped = until_stopped(partial(bench.benchmarks.run, found.id, asked, name=name))
    if notes:
        bench.projects.annotate_item(found.id, result.id, notes)
        result = replace(result, notes=notes)
    answer(result, as_json=as_json)
    return INTERRUPTED if is_stopped else _judged(result, least)


def until_stopped(
    measure: Callable[..., Coroutine[Any, Any, BenchmarkRun]],
) -> tuple[BenchmarkRun, bool]:
    """A benchmark, or what was stored of it when the user stopped it, and whether they did.

    Raises:
        KeyboardInterrupt: They did before there was anything.
    """
    narrator, kept = Narrator("benchmark"), list[BenchmarkRun]()
    try:
        return run(measure(on_progress=narrator, on_partial=kept.append)), False
    except KeyboardInterrupt:
        if not kept:
            raise
        return kept[-1], True
    finally:
        narrator.done()


def answer(result: BenchmarkRun, *, as_json: bool) -> None:
    """Writes a benchmark."""
    if as_json:
        print_json(benchmark_document(result))
        return
    for line in benchmark_lines(result):
        click.echo(line)


def _plans(project: Project, references: tuple[str, ...], *, is_alone: bool) -> tuple[str, ...]:
    """Ids of what is compared with the original. Raises UsageError for unknown ones."""
    if is_alone and references:
        raise UsageError("--original leaves no room for --optimization.", "Give one of them.")
    if is_alone or not (references or project.optimizations):
        return ()
    chosen = references or (None,)
    return tuple(dict.fromkeys(chosen_plan(project, one).id for one in chosen))


def _requirement(text: str | None) -> float | None:
    if text is None:
        return None
    match = _REQUIREMENT.fullmatch(text)
    if match is None:
        raise UsageError(f"--require takes 'speed_up>=X', not {text!r}.")
    return float(match[1])


def _judged(result: BenchmarkRun, least: float | None) -> int:
    """Exit code 1 when a lower bound stays below what is required, or was not measured."""
    if least is None:
        return 0
    if gaps := gap_lines(result):
        report_error(
            f"A speed-up of {least:g} is not shown in every case: {gaps[0]}", "", as_json=False
        )
        return 1
    for _, _, one in against_original(result):
        if one.verdict == "not trusted" or (one.ratio.low or 0.0) < least:
            report_error(
                f"{one.b}: speed-up {interval_text(one)}, {one.verdict}, is not surely {least:g} "
                "or more.",
                "",
                as_json=False,
            )
            return 1
    return 0
