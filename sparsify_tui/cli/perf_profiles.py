"""`perf-profiles`: what was measured; compared, copied, noted, as tables, and modelled sparse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sparsify_tui.cli.documents import estimate_document, timing_document
from sparsify_tui.cli.items import chosen_item, perf_profiles_group
from sparsify_tui.cli.options import json_option, pass_bench
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.cli.perf_documents import flops_document, perf_document, perf_lines
from sparsify_tui.cli.perf_tables import (
    change_rows,
    csv_text,
    markdown_text,
    perf_rows,
    sparse_rows,
)
from sparsify_tui.cli.report import Table, layer_rows
from sparsify_tui.core.breakdown import GROUPINGS
from sparsify_tui.core.estimate import NO_SPEED_FROM_ZEROS
from sparsify_tui.core.perf_change import MEASURED_APART, PerfChange, compare_profiles
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.project import Project
from sparsify_tui.core.sparse_model import (
    MODELLED_LEVELS,
    SPARSE_ENGINES,
    SparseEngine,
    modelled_total,
    sparse_engine,
)
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.timing import trust_label
from sparsify_tui.core.units import format_percent, format_ratio
from sparsify_tui.errors import UsageError
from sparsify_tui.identity import new_id
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.names import checked_name

__all__ = ["perf_profiles_group"]

_FLOPS = "flops"


def _profile(project: Project, reference: str | None) -> PerfProfile:
    """A profile by id or name; the newest without. Raises UsageError."""
    if reference is not None:
        found = chosen_item(project, "perf_profiles", "performance profile", reference)
        assert isinstance(found, PerfProfile)
        return found
    newest = project.perf_profile()
    if newest is None:
        raise UsageError("There is no performance profile.", "sparsify-tui profile perf PROJECT")
    return newest


@perf_profiles_group.command("compare")
@click.argument("project")
@click.argument("a")
@click.argument("b")
@json_option
@pass_bench
def compare_command(bench: Workbench, *, project: str, a: str, b: str, as_json: bool) -> None:
    """Two profiles, layer by layer, and what keeps them from being compared."""
    found = bench.projects.find(project)
    change = compare_profiles(found.model, _profile(found, a), _profile(found, b))
    if as_json:
        print_json(_change_document(change))
        return
    for name, one in (("A", change.a), ("B", change.b)):
        click.echo(f"{name} {clean_text(one.name)}: {trust_label(one.total)}")
    click.echo(f"A over B {format_ratio(change.speed_up)}; {MEASURED_APART}")
    if change.differences:
        click.echo(f"warning: not comparable: {clean_text(', '.join(change.differences), 600)}")
    print_table(*change_rows(change))


@perf_profiles_group.command("copy")
@click.argument("project")
@click.argument("item")
@click.option("--name", default="")
@json_option
@pass_bench
def copy_command(bench: Workbench, *, project: str, item: str, name: str, as_json: bool) -> None:
    """Makes a second profile with the same measurements."""
    found = bench.projects.find(project)
    chosen = _profile(found, item)
    twin = replace(chosen, id=new_id(), name=checked_name(name or f"{chosen.name}-copy"))
    bench.projects.update(
        found.id, lambda stored: replace(stored, perf_profiles=(*stored.perf_profiles, twin))
    )
    if as_json:
        print_json({"profile": twin.id, "name": twin.name})
        return
    click.echo(clean_text(twin.name))


@perf_profiles_group.command("notes")
@click.argument("project")
@click.argument("item")
@click.argument("text")
@json_option
@pass_bench
def notes_command(bench: Workbench, *, project: str, item: str, text: str, as_json: bool) -> None:
    """Keeps a note with one; an empty TEXT removes it."""
    found = bench.projects.find(project)
    chosen = _profile(found, item)
    bench.projects.annotate_item(found.id, chosen.id, text)
    if as_json:
        print_json({"profile": chosen.id, "notes": text.strip()})


@perf_profiles_group.command("table")
@click.argument("project")
@click.argument("item", required=False)
@click.option("--by", type=click.Choice(tuple(GROUPINGS)), default="layers", show_default=True)
@click.option("-o", "--output", type=Path, help="Write it to a .csv or .md file.")
@json_option
@pass_bench
def table_command(
    bench: Workbench,
    *,
    project: str,
    item: str | None,
    by: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """One broken down by layers, stages, operators or kernels; ITEM `flops` needs no measurement.

    Stages are guessed from the layers' names.
    """
    found = bench.projects.find(project)
    profile = None if item == _FLOPS else _profile(found, item)
    table = layer_rows(found.model) if profile is None else perf_rows(found, profile, by)
    if output is not None:
        _write(bench, table, output, as_json=as_json)
    elif as_json:
        print_json(flops_document(found.model) if profile is None else perf_document(profile))
    else:
        for line in () if profile is None else perf_lines(profile):
            click.echo(line)
        print_table(*table)


def _write(bench: Workbench, table: Table, output: Path, *, as_json: bool) -> None:
    text = markdown_text(table) if output.suffix.lower() == ".md" else csv_text(table)
    file = str(bench.exports.save(text, output))
    if as_json:
        print_json({"file": file})
        return
    click.echo(clean_text(file, 4000))


@perf_profiles_group.command("sparse")
@click.argument("project")
@click.argument("item", required=False)
@click.option(
    "--engine",
    type=click.Choice([engine.key for engine in SPARSE_ENGINES]),
    default=SPARSE_ENGINES[0].key,
    show_default=True,
)
@json_option
@pass_bench
def sparse_command(
    bench: Workbench, *, project: str, item: str | None, engine: str, as_json: bool
) -> None:
    """What an engine that skips zeros could take: modelled, never measured."""
    found = bench.projects.find(project)
    profile, chosen = _profile(found, item), sparse_engine(engine)
    assert chosen is not None
    totals = {
        level: modelled_total(chosen, found.model, profile, level) for level in MODELLED_LEVELS
    }
    if as_json:
        print_json(
            {
                **_sparse_document(found, profile, chosen),
                "totals": {str(level): estimate_document(one) for level, one in totals.items()},
            }
        )
        return
    click.echo(f"MODELLED, not measured: {chosen.title}; {chosen.basis}")
    for level, one in totals.items():
        text = format_ratio(one.value) if one.value is not None else one.note
        click.echo(f"whole model at {format_percent(level, 0)}: {text}")
    click.echo(NO_SPEED_FROM_ZEROS)
    print_table(*sparse_rows(found, profile, chosen))


def _sparse_document(
    project: Project, profile: PerfProfile, engine: SparseEngine
) -> dict[str, Any]:
    times = {time.id: time for time in profile.layers}
    return {
        "profile": profile.id,
        "engine": engine.key,
        "title": engine.title,
        "basis": "modelled",
        "calibration": engine.basis,
        "note": NO_SPEED_FROM_ZEROS,
        "layers": [
            {
                "id": layer.id,
                "dense_ms": times[layer.id].ms,
                "modelled_ms": {
                    str(level): engine.ms(layer, times[layer.id], level, profile)
                    for level in MODELLED_LEVELS
                },
            }
            for layer in project.model.prunable
            if layer.id in times
        ],
    }


def _change_document(change: PerfChange) -> dict[str, Any]:
    return {
        "a": {"profile": change.a.id, "total": timing_document(change.a.total)},
        "b": {"profile": change.b.id, "total": timing_document(change.b.total)},
        "ratio": change.speed_up,
        "differences": list(change.differences),
        "note": MEASURED_APART,
        "layers": [
            {
                "id": one.id,
                "a_ms": one.a_ms,
                "b_ms": one.b_ms,
                "delta_ms": one.delta_ms,
                "delta": one.delta,
                "only_in": one.only_in or None,
            }
            for one in change.layers
        ],
    }
