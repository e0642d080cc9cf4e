"""`benchmarks`: what was measured; compared, made again, noted, written as a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import click

from sparsify_tui.cli.benchmark import answer, until_stopped
from sparsify_tui.cli.documents import beside_document
from sparsify_tui.cli.items import benchmarks_group
from sparsify_tui.cli.options import json_option, pass_bench
from sparsify_tui.cli.output import INTERRUPTED, print_json, print_table
from sparsify_tui.core.project import BenchmarkRun, Project
from sparsify_tui.core.run_tables import (
    benchmark_csv,
    benchmark_markdown,
    comparison_table,
    comparison_warnings,
)
from sparsify_tui.core.runs import (
    ChosenRun,
    beside_first,
    only_in_one,
    shared_labels,
)
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench

__all__ = ["benchmarks_group"]


@benchmarks_group.command("compare")
@click.argument("project")
@click.argument("items", nargs=-1, required=True)
@json_option
@pass_bench
def compare_command(
    bench: Workbench, *, project: str, items: tuple[str, ...], as_json: bool
) -> None:
    """Two to four benchmarks, joined by label; or two to four runs, as BENCHMARK:LABEL."""
    found = bench.projects.find(project)
    benchmarks = [_named(bench, found, item) for item in items]
    if all(isinstance(one, BenchmarkRun) for one in benchmarks):
        whole = [one for one in benchmarks if isinstance(one, BenchmarkRun)]
        groups, lonely = shared_labels(whole), only_in_one(whole)
        if not groups:
            raise UsageError(
                "These benchmarks have no label in common.", "Name runs as BENCHMARK:LABEL."
            )
    else:
        groups, lonely = (tuple(_runs(benchmarks)),), ()
    _print_groups(groups, lonely, as_json=as_json)


def _named(bench: Workbench, project: Project, item: str) -> BenchmarkRun | ChosenRun:
    """A benchmark by name or id, or one of its runs. Raises UsageError."""
    try:
        return bench.benchmarks.find(project, item)
    except UsageError:
        name, colon, label = item.partition(":")
        if not colon:
            raise
    benchmark = bench.benchmarks.find(project, name)
    for one in benchmark.runs:
        if one.label == label.strip():
            return ChosenRun(benchmark=benchmark, run=one)
    known = ", ".join(clean_text(one.label) for one in benchmark.runs)
    raise UsageError(f"{clean_text(name)} has no run {clean_text(label)}.", f"It has: {known}.")


def _runs(chosen: Sequence[BenchmarkRun | ChosenRun]) -> list[ChosenRun]:
    """Single runs, and all those of whole benchmarks."""
    runs: list[ChosenRun] = []
    for one in chosen:
        if isinstance(one, ChosenRun):
            runs.append(one)
        else:
            runs += [ChosenRun(benchmark=one, run=run) for run in one.runs]
    return runs


def _print_groups(
    groups: Sequence[Sequence[ChosenRun]], lonely: Sequence[ChosenRun], *, as_json: bool
) -> None:
    tables = [beside_first(group) for group in groups]
    only = [one.name for one in lonely]
    if as_json:
        print_json(
            {
                "comparisons": [
                    beside_document(rows, comparison_warnings(rows)) for rows in tables
                ],
                "only": only,
            }
        )
        return
    for rows in tables:
        print_table(*comparison_table(rows))
        for warning in comparison_warnings(rows):
            click.echo(f"warning: {warning}")
    for name in only:
        click.echo(f"in one only: {clean_text(name)}")


@benchmarks_group.command("again")
@click.argument("project")
@click.argument("item")
@json_option
@pass_bench
def again_command(bench: Workbench, *, project: str, item: str, as_json: bool) -> int:
    """Measures the same once more, on the model and the optimizations as they are now."""
    found = bench.projects.find(project)
    stored = bench.benchmarks.find(found, item)
    result, is_stopped = until_stopped(partial(bench.benchmarks.run_again, found.id, stored))
    answer(result, as_json=as_json)
    return INTERRUPTED if is_stopped else 0


@benchmarks_group.command("notes")
@click.argument("project")
@click.argument("item")
@click.argument("text")
@json_option
@pass_bench
def notes_command(bench: Workbench, *, project: str, item: str, text: str, as_json: bool) -> None:
    """Keeps a note with one; an empty TEXT removes it."""
    found = bench.projects.find(project)
    stored = bench.benchmarks.find(found, item)
    bench.projects.annotate_item(found.id, stored.id, text)
    if as_json:
        print_json({"benchmark": stored.id, "notes": text.strip()})


@benchmarks_group.command("table")
@click.argument("project")
@click.argument("item")
@click.option("--format", "kind", type=click.Choice(["markdown", "csv"]), default="markdown")
@pass_bench
def table_command(bench: Workbench, *, project: str, item: str, kind: str) -> None:
    """Writes one as Markdown for people, or as CSV with unrounded numbers."""
    stored = bench.benchmarks.find(bench.projects.find(project), item)
    text = benchmark_csv(stored) if kind == "csv" else benchmark_markdown(stored)
    click.echo(text, nl=False)
