"""`demo`: the bundled model."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sparsify_tui.cli.interface import open_interface
from sparsify_tui.cli.options import json_option, pass_bench, run
from sparsify_tui.cli.output import Narrator, print_json
from sparsify_tui.cli.walk import walk_the_path
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_percent, format_ratio
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.paths import full_path


@click.command("demo")
@click.option("--headless", is_flag=True, help="Run the whole path without the interface.")
@click.option("--output", type=Path, default=Path(), help="Folder for recipe and code.")
@click.option("--seconds", type=click.FloatRange(0.1, 600), help="Least time of each measurement.")
@json_option
@pass_bench
def demo_command(
    bench: Workbench, *, headless: bool, output: Path, seconds: float | None, as_json: bool
) -> int:
    """Opens the bundled digit classifier, or runs the whole path on it."""
    if not (headless or as_json) and sys.stdin.isatty() and sys.stdout.isatty():
        return open_interface(bench, run(bench.inputs.sample(Narrator("reading"))).id)
    answer = run(walk_the_path(bench, Path(full_path(output)), seconds))
    if as_json:
        print_json(answer)
        return 0
    comparison, metric = answer["comparison"], answer["metric"]
    click.echo(
        f"speed-up     {format_ratio(answer['speed_up'])} measured ({comparison['verdict']})\n"
        f"verdict      {clean_text(answer['verdict'], 200)}"
    )
    widths = ", ".join(f"{one['kept']} of {one['of']}" for one in answer["widths"])
    click.echo(f"channels     {widths or 'all'} stay, the others are cut out of the file")
    click.echo(f"compression  {format_ratio(answer['compression'])} fewer parameters")
    click.echo(
        f"{metric['name']:<12} {format_percent(metric['before'])} → "
        f"{format_percent(metric['after'])} before any fine-tuning"
    )
    for file in answer["files"]:
        click.echo(f"saved        {clean_text(file)}")
    return 0
