"""`perf-profiles`, `loss-profiles`, `optimizations`, `benchmarks`: what a project has stored."""

from __future__ import annotations

from typing import Any

import click

from sparsify_tui.cli.documents import benchmark_document
from sparsify_tui.cli.loss_documents import loss_document
from sparsify_tui.cli.options import json_option, pass_bench
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.cli.perf_documents import perf_document
from sparsify_tui.cli.plan_answers import plan_document
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import BenchmarkRun, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import format_when
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench

Item = PerfProfile | LossProfile | Optimization | BenchmarkRun


def _items_group(name: str, field: str, what: str) -> click.Group:
    """One group of commands for one kind of stored thing."""

    @click.group(name, help=f"The stored {what}s of a project.")
    def group() -> None:
        pass

    @group.command("list")
    @click.argument("project")
    @json_option
    @pass_bench
    def list_command(bench: Workbench, *, project: str, as_json: bool) -> None:
        """Lists them, the oldest first."""
        found = bench.projects.find(project)
        _answer(found, field, as_json=as_json)
        if as_json:
            return
        items: tuple[Item, ...] = getattr(found, field)
        print_table(
            (what, "id", "created"), [(i.name, i.id, format_when(i.created)) for i in items]
        )

    @group.command("show")
    @click.argument("project")
    @click.argument("item")
    @json_option
    @pass_bench
    def show_command(bench: Workbench, *, project: str, item: str, as_json: bool) -> None:
        """Shows one as JSON, whether asked to or not."""
        del as_json
        found = bench.projects.find(project)
        print_json(_document(bench, found, chosen_item(found, field, what, item)))

    @group.command("rename")
    @click.argument("project")
    @click.argument("item")
    @click.argument("new_name")
    @json_option
    @pass_bench
    def rename_command(
        bench: Workbench, *, project: str, item: str, new_name: str, as_json: bool
    ) -> None:
        """Gives one another name."""
        found = bench.projects.find(project)
        chosen = chosen_item(found, field, what, item)
        _answer(bench.projects.rename_item(found.id, chosen.id, new_name), field, as_json=as_json)

    @group.command("delete")
    @click.argument("project")
    @click.argument("item")
    @click.option("--yes", is_flag=True, help="Really delete it.")
    @json_option
    @pass_bench
    def delete_command(
        bench: Workbench, *, project: str, item: str, yes: bool, as_json: bool
    ) -> None:
        """Deletes one."""
        found = bench.projects.find(project)
        chosen = chosen_item(found, field, what, item)
        if not yes:
            raise UsageError(f"Deleting the {what} {clean_text(chosen.name)} needs --yes.")
        _answer(bench.projects.delete_item(found.id, chosen.id), field, as_json=as_json)

    return group


perf_profiles_group = _items_group("perf-profiles", "perf_profiles", "performance profile")
loss_profiles_group = _items_group("loss-profiles", "loss_profiles", "loss profile")
optimizations_group = _items_group("optimizations", "optimizations", "optimization")
benchmarks_group = _items_group("benchmarks", "benchmarks", "benchmark")


@optimizations_group.command("copy")
@click.argument("project")
@click.argument("item")
@click.option("--name", default="")
@json_option
@pass_bench
def copy_command(bench: Workbench, *, project: str, item: str, name: str, as_json: bool) -> None:
    """Makes a second optimization that starts as a copy."""
    found = bench.projects.find(project)
    chosen = chosen_item(found, "optimizations", "optimization", item)
    assert isinstance(chosen, Optimization)
    twin = bench.plans.copy(found.id, chosen, name)
    if as_json:
        print_json({"optimization": twin.id, "name": twin.name})
        return
    click.echo(clean_text(twin.name))


def chosen_item(project: Project, field: str, what: str, reference: str) -> Item:
    """A stored thing by id or name, the newest of several. Raises UsageError."""
    items: tuple[Item, ...] = getattr(project, field)
    for item in reversed(items):
        if reference in (item.id, item.name):
            return item
    known = ", ".join(clean_text(item.name) for item in items) or "none yet"
    raise UsageError(f"There is no {what} {clean_text(reference)}.", f"Known: {known}.")


def _answer(project: Project, field: str, *, as_json: bool) -> None:
    """What is stored now, for a script."""
    if as_json:
        items: tuple[Item, ...] = getattr(project, field)
        print_json({"items": [_head(project, item) for item in items]})


def _head(project: Project, item: Item) -> dict[str, Any]:
    head: dict[str, Any] = {name: getattr(item, name) for name in ("id", "name", "created")}
    if isinstance(item, Optimization):
        return head
    head["stale"] = project.is_stale(item)
    if isinstance(item, LossProfile):
        head |= {"method": item.method, "stage": item.stage, "complete": item.is_complete}
    return head


def _document(bench: Workbench, project: Project, item: Item) -> dict[str, Any]:
    if isinstance(item, PerfProfile):
        return perf_document(item)
    if isinstance(item, LossProfile):
        return loss_document(item)
    if isinstance(item, BenchmarkRun):
        return benchmark_document(item)
    outlook = bench.plans.outlook(project, item)
    return plan_document(project, item, outlook, is_met=bench.plans.is_met(project, item))
