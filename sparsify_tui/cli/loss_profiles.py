"""`loss-profiles`: what was measured; compared, copied, noted, and as tables."""

from __future__ import annotations

from pathlib import Path

import click

from sparsify_tui.cli.items import loss_profiles_group
from sparsify_tui.cli.loss_documents import change_document, loss_document
from sparsify_tui.cli.loss_tables import change_lines, change_rows, loss_rows, show_losses
from sparsify_tui.cli.options import json_option, pass_bench
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.cli.perf_tables import csv_text, markdown_text
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench

__all__ = ["loss_profiles_group"]


@loss_profiles_group.command("compare")
@click.argument("project")
@click.argument("profiles", nargs=-1, required=True, metavar="A B [C D]")
@json_option
@pass_bench
def compare_command(
    bench: Workbench, *, project: str, profiles: tuple[str, ...], as_json: bool
) -> None:
    """Two to four profiles: how alike they rank the layers, level by level."""
    found = bench.projects.find(project)
    comparison = bench.loss.compare(found, profiles)
    if as_json:
        print_json(change_document(comparison))
        return
    for line in change_lines(comparison):
        click.echo(line)
    print_table(*change_rows(comparison))


@loss_profiles_group.command("copy")
@click.argument("project")
@click.argument("item")
@click.option("--name", default="")
@json_option
@pass_bench
def copy_command(bench: Workbench, *, project: str, item: str, name: str, as_json: bool) -> None:
    """Makes a second profile with the same values."""
    found = bench.projects.find(project)
    twin = bench.loss.copy(found.id, bench.loss.find(found, item), name)
    if as_json:
        print_json({"profile": twin.id, "name": twin.name})
        return
    click.echo(clean_text(twin.name))


@loss_profiles_group.command("notes")
@click.argument("project")
@click.argument("item")
@click.argument("text")
@json_option
@pass_bench
def notes_command(bench: Workbench, *, project: str, item: str, text: str, as_json: bool) -> None:
    """Keeps a note with one; an empty TEXT removes it."""
    found = bench.projects.find(project)
    chosen = bench.loss.find(found, item)
    bench.projects.annotate_item(found.id, chosen.id, text)
    if as_json:
        print_json({"profile": chosen.id, "notes": text.strip()})


@loss_profiles_group.command("table")
@click.argument("project")
@click.argument("item", required=False)
@click.option("-o", "--output", type=Path, help="Write it to a .csv or .md file.")
@json_option
@pass_bench
def table_command(
    bench: Workbench, *, project: str, item: str | None, output: Path | None, as_json: bool
) -> None:
    """One as a table; the newest without ITEM. `~` marks what is estimated."""
    found = bench.projects.find(project)
    profile = found.loss_profile() if item is None else bench.loss.find(found, item)
    if profile is None:
        raise UsageError("There is no loss profile.", "sparsify-tui profile loss PROJECT")
    if output is None:
        if as_json:
            print_json(loss_document(profile))
            return
        show_losses(found, profile)
        return
    table = loss_rows(found, profile)
    text = markdown_text(table) if output.suffix.lower() == ".md" else csv_text(table)
    file = str(bench.exports.save(text, output))
    if as_json:
        print_json({"file": file})
        return
    click.echo(clean_text(file, 4000))
