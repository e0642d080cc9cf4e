"""`benchmark`: an optimization against the original, measured."""

from __future__ import annotations

import re
from pathlib import Path

import click

from sparsify_tui.cli.chosen import chosen_plan
from sparsify_tui.cli.documents import benchmark_document
from sparsify_tui.cli.options import (
    input_options,
    json_option,
    only_one,
    parse_dims,
    parse_numbers,
    parse_values,
    pass_bench,
    prepared_project,
    run,
)
from sparsify_tui.cli.output import Narrator, print_json, report_error
from sparsify_tui.cli.report import benchmark_lines
from sparsify_tui.core.project import BenchmarkRun
from sparsify_tui.engines import DEFAULT_ENGINE, ENGINES
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.measure import COMPARISON_S

_REQUIREMENT = re.compile(r"\s*speed_up\s*>=\s*([0-9]*\.?[0-9]+)\s*")


@click.command("benchmark")
@click.argument("project")
@click.option(
    "--optimization",
    multiple=True,
    callback=only_one,
    help="Its name or id; default the newest.",
)
@click.option("--engine", multiple=True, callback=only_one, help=f"By default {DEFAULT_ENGINE}.")
@click.option("--batch", "batches", default="1", show_default=True, help="Such as 1,8.")
@click.option("--threads", default="", help="Such as 1,2; default the cores allowed.")
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=COMPARISON_S, show_default=True)
@click.option("--require", metavar="'speed_up>=X'", help="Exit 1 unless every lower bound is.")
@click.option("--name", default="")
@input_options
@json_option
@pass_bench
def benchmark_command(
    bench: Workbench,
    *,
    project: str,
    optimization: str | None,
    engine: str | None,
    batches: str,
    threads: str,
    seconds: float,
    require: str | None,
    name: str,
    dims: tuple[str, ...],
    values: tuple[str, ...],
    data: Path | None,
    as_json: bool,
) -> int:
    """Times the pruned model and the original in turn, and scores both."""
    if (engine or DEFAULT_ENGINE) not in ENGINES:
        raise UsageError(f"The engine {engine!r} is not built yet.", f"Use {', '.join(ENGINES)}.")
    least = _requirement(require)
    sizes = parse_numbers(batches, int, "--batch")
    counts = parse_numbers(threads, int, "--threads")
    found = run(prepared_project(bench, project, parse_dims(dims), parse_values(values), data))
    plan = chosen_plan(found, optimization)
    narrator = Narrator("benchmark")
    result = run(
        bench.measure.benchmark(
            found.id,
            plan,
            name=name,
            batches=sizes,
            threads=counts,
            seconds=seconds,
            on_progress=narrator,
        )
    )
    narrator.done()
    if as_json:
        print_json(benchmark_document(result))
    else:
        for line in benchmark_lines(result):
            click.echo(line)
    return _judged(result, least)


def _requirement(text: str | None) -> float | None:
    if text is None:
        return None
    match = _REQUIREMENT.fullmatch(text)
    if match is None:
        raise UsageError(f"--require takes 'speed_up>=X', not {text!r}.")
    return float(match[1])


def _judged(run_: BenchmarkRun, least: float | None) -> int:
    """Exit code 1 when a comparison's lower bound stays below what is required."""
    if least is None:
        return 0
    for one in run_.comparisons:
        if one.verdict == "not trusted" or (one.ratio.low or 0.0) < least:
            report_error(
                f"{one.b}: speed-up {one.ratio.value:.2f} [{one.ratio.low:.2f}, "
                f"{one.ratio.high:.2f}], {one.verdict}, is not surely {least:g} or more.",
                "",
                as_json=False,
            )
            return 1
    return 0
