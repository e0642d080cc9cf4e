"""`settings`: how a project's model is trained and fed."""

from __future__ import annotations

import math
from typing import Any

import click

from sparsify_tui.cli.options import json_option, pass_bench, prepared_project, run
from sparsify_tui.cli.output import print_json
from sparsify_tui.core.fields import settings_of, with_text
from sparsify_tui.core.project import Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench


@click.group("settings")
def settings_group() -> None:
    """Training settings, input sizes and constants of a project."""


@settings_group.command("get")
@click.argument("project")
@json_option
@pass_bench
def get_command(bench: Workbench, *, project: str, as_json: bool) -> None:
    """Shows the settings."""
    settings = _settings(bench.projects.find(project))
    if as_json:
        print_json({"settings": settings})
        return
    for name, value in settings.items():
        click.echo(f"{clean_text(name)} = {'' if value is None else value}")


@settings_group.command("set")
@click.argument("project")
@click.argument("assignments", nargs=-1, required=True, metavar="NAME=VALUE…")
@json_option
@pass_bench
def set_command(
    bench: Workbench, *, project: str, assignments: tuple[str, ...], as_json: bool
) -> None:
    """Sets optimizer, epochs, initial_lr, final_lr, dim.NAME or value.INPUT; empty unsets."""
    found = run(prepared_project(bench, project))
    training, dims, values = found.training, dict(found.dims), dict(found.values)
    for text in assignments:
        name, equals, value = text.rpartition("=")
        if not equals:
            raise UsageError(f"{text!r} is not of the form NAME=VALUE.")
        if name.startswith("dim."):
            _assign(dims, name, value, int)
        elif name.startswith("value."):
            _assign(values, name, value, float)
        else:
            if name not in settings_of(training):
                raise UsageError(
                    f"There is no setting {name!r}.",
                    f"Known: {', '.join(settings_of(training))}, dim.NAME, value.INPUT.",
                )
            training = with_text(training, name, value)
    if (dims, values) != (dict(found.dims), dict(found.values)):
        run(bench.inputs.set_inputs(found.id, dims, values))
    after = bench.projects.set_training(found.id, training)
    if as_json:
        print_json({"settings": _settings(after)})


def _assign(target: dict[str, Any], name: str, text: str, kind: type[int | float]) -> None:
    key = name.partition(".")[2]
    if not text:
        target.pop(key, None)
        return
    try:
        number = kind(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{clean_text(name)} must be a number, not {text!r}.")
    target[key] = number


def _settings(project: Project) -> dict[str, object]:
    return {
        **{name: getattr(project.training, name) for name in settings_of(project.training)},
        **{f"dim.{name}": size for name, size in project.dims},
        **{f"value.{name}": value for name, value in project.values},
    }
