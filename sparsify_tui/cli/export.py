"""`export`: recipe and code."""

from __future__ import annotations

from pathlib import Path

import click

from sparsify_tui.cli.chosen import chosen_plan
from sparsify_tui.cli.options import json_option, pass_bench
from sparsify_tui.cli.output import print_json, print_table
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.paths import full_path


@click.command("export")
@click.argument("project", required=False)
@click.option("--optimization", help="Its name or id; default the newest.")
@click.option("--target", "targets", multiple=True, help="Default: all that are built.")
@click.option(
    "-o", "--output", type=Path, default=Path(), help="A folder, or a file for one target."
)
@click.option("--params", type=Path, hidden=True)
@click.option("--list", "list_only", is_flag=True, help="Which targets are built.")
@json_option
@pass_bench
def export_command(
    bench: Workbench,
    *,
    project: str | None,
    optimization: str | None,
    targets: tuple[str, ...],
    output: Path,
    params: Path | None,
    list_only: bool,
    as_json: bool,
) -> None:
    """Writes the recipe and the code that puts it to work."""
    if list_only:
        _list_targets(bench, as_json=as_json)
        return
    if params is not None:
        raise UsageError("--params is not built yet.", "Names come from the ONNX file.")
    if project is None:
        raise UsageError("Which project?", "sparsify-tui export PROJECT")
    found = bench.projects.find(project)
    if (state := bench.projects.model_state(found)) != "ok":
        click.echo(f"warning: the model file is {state} since the project read it", err=True)
    plan = chosen_plan(found, optimization)
    output = Path(full_path(output))
    names = targets or _targets_of(bench, output)
    texts = {name: bench.exports.preview(found, plan, name) for name in names}
    files = [
        {"target": name, "path": str(bench.exports.save(text, _place(bench, name, output, names)))}
        for name, text in texts.items()
    ]
    if as_json:
        print_json({"files": files, **_mapping(found)})
        return
    for file in files:
        click.echo(clean_text(file["path"]))


def _targets_of(bench: Workbench, output: Path) -> tuple[str, ...]:
    """The target that a file's ending means, else all."""
    built = tuple(name for name, _ in bench.exports.targets())
    if output.is_dir():
        return built
    ending = ".yml" if output.suffix == ".yaml" else output.suffix
    meant = (name for name in built if bench.exports.default_path(name, output).suffix == ending)
    return next(((name,) for name in meant), built)


def _place(bench: Workbench, name: str, output: Path, names: tuple[str, ...]) -> Path:
    """The output itself when it names a file for a single target; else a file in that folder."""
    if len(names) == 1 and (output.suffix or output.is_file()) and not output.is_dir():
        return output
    return bench.exports.default_path(name, output)


def _mapping(project: Project) -> dict[str, list[dict[str, str]]]:
    """Which recipe names are PyTorch parameters, by the evidence of their own form."""
    prunable = project.model.prunable
    return {
        "mapped": [
            {"layer": layer.id, "parameter": layer.weight, "evidence": "the initializer's own name"}
            for layer in prunable
            if layer.module_path is not None
        ],
        "unmapped": [
            {"layer": layer.id, "name": layer.weight}
            for layer in prunable
            if layer.module_path is None
        ],
    }


def _list_targets(bench: Workbench, *, as_json: bool) -> None:
    built = bench.exports.targets()
    later = bench.exports.later_targets()
    if as_json:
        print_json(
            {"targets": {**{name: True for name, _ in built}, **dict.fromkeys(later, False)}}
        )
        return
    rows = [(name, title) for name, title in built] + [(name, "not built yet") for name in later]
    print_table(("target", "what it writes"), rows)
