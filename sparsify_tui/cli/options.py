"""Options that several commands share, and the state that all are handed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from sparsify_tui.cli.output import Narrator
from sparsify_tui.core.project import DataRole, Project
from sparsify_tui.errors import SparsifyError, UsageError
from sparsify_tui.workbench import Workbench
from sparsify_tui.workbench.paths import is_model_path

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

pass_bench = click.make_pass_decorator(Workbench)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")


def input_options(command: F) -> F:
    """Options of every command that runs a model."""
    for option in (
        click.option(
            "--data", type=Path, help="Samples: an .npz, or a folder of them or of images."
        ),
        click.option(
            "--value", "values", multiple=True, metavar="INPUT=V", help="A constant input."
        ),
        click.option("--dim", "dims", multiple=True, metavar="NAME=N", help="Size of an open dim."),
    ):
        command = option(command)
    return command


def only_one(
    _context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> str | None:
    """What was given, where several are not built yet: refused, not ignored."""
    if len(values) > 1:
        raise UsageError(f"Several {option.opts[0]} are not built yet.", "Give one at a time.")
    return values[0] if values else None


def parse_dims(texts: tuple[str, ...]) -> dict[str, int]:
    """`name=N` pairs. Raises UsageError on anything else."""
    return {name: int(value) for name, value in _pairs(texts, int, "--dim name=N").items()}


def parse_values(texts: tuple[str, ...]) -> dict[str, float]:
    """`input=V` pairs."""
    return _pairs(texts, float, "--value input=V")


def parse_levels(texts: tuple[str, ...]) -> dict[str, float]:
    """`layer=level` pairs."""
    return _pairs(texts, float, "--layer ID=LEVEL")


def parse_numbers(text: str, kind: type[int | float], option: str) -> tuple[Any, ...]:
    """A list such as `1,8`."""
    try:
        return tuple(kind(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"{option} takes numbers separated by commas, not {text!r}.") from None


def parse_pair(text: str, kind: Callable[[str], Any], form: str) -> tuple[str, Any]:
    """A name and its number. Raises UsageError."""
    name, _, value = text.rpartition("=")
    try:
        number = kind(value)
    except ValueError:
        number = math.nan
    if not name or not math.isfinite(number):
        raise UsageError(f"{text!r} is not of the form {form}.")
    return name, number


def _pairs(texts: tuple[str, ...], kind: Callable[[str], Any], form: str) -> dict[str, Any]:
    return dict(parse_pair(text, kind, form) for text in texts)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs the façade's coroutine to its end."""
    return asyncio.run(coroutine)


async def prepared_project(
    bench: Workbench,
    reference: str,
    dims: Mapping[str, int] | None = None,
    values: Mapping[str, float] | None = None,
    data: Path | None = None,
    *,
    role: DataRole | None = None,
) -> Project:
    """Opens a project, or makes one for a model file, and remembers what it is given.

    When the command fails afterwards, what it was given is forgotten again.

    Args:
        bench: Where projects are.
        reference: Name or id of a project, or path of a model.
        dims: Sizes of open dimensions.
        values: Constants of inputs.
        data: A data file.
        role: What the data is for; told by its labels where it is not given.
    """
    before = found_project(bench, reference)
    given = _Given(dims=dims, values=values, data=data, role=role)
    project = await _with_inputs(bench, before, reference, given)
    if dims or values or data is not None:
        click.get_current_context().with_resource(_kept_on_success(bench, before, project))
    return project


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    dims: Mapping[str, int] | None
    values: Mapping[str, float] | None
    data: Path | None
    role: DataRole | None


async def _with_inputs(
    bench: Workbench, before: Project | None, reference: str, given: _Given
) -> Project:
    if before is None:
        return await _new_project(bench, Path(reference), given)
    narrator, project = Narrator("reading"), before
    if given.dims or given.values:
        project = await bench.inputs.set_inputs(
            project.id,
            {**dict(project.dims), **(given.dims or {})},
            {**dict(project.values), **(given.values or {})},
        )
    if given.data is not None:
        with _kept_on_success(bench, before, project):
            project = await bench.inputs.attach_data(
                project.id, given.data, role=given.role, on_progress=narrator
            )
    narrator.done()
    return project


@contextmanager
def _kept_on_success(bench: Workbench, before: Project | None, given: Project) -> Iterator[None]:
    """Whatever ends the block early, an interrupt included, takes the inputs back."""
    with ExitStack() as undo:
        undo.callback(_take_back, bench, before, given)
        try:
            yield
        except click.exceptions.Exit:  # a command that succeeded, and says so by its code
            undo.pop_all()
            raise
        undo.pop_all()


def _take_back(bench: Workbench, before: Project | None, given: Project) -> None:
    with suppress(SparsifyError):  # the failure itself is what must be told
        bench.inputs.take_back(before, given)


def found_project(bench: Workbench, reference: str) -> Project | None:
    """The project, or None for a model file that has none yet. Raises UsageError otherwise."""
    try:
        return bench.projects.find(reference)
    except UsageError:
        if not is_model_path(reference):
            raise
        return None


async def _new_project(bench: Workbench, path: Path, given: _Given) -> Project:
    """A project that is only kept when all it is given fits the model."""
    narrator = Narrator("reading")
    project = await bench.projects.create(
        path, dims=given.dims, values=given.values, on_progress=narrator
    )
    with ExitStack() as undo:
        undo.callback(bench.projects.delete, project.id)
        if given.data is not None:
            project = await bench.inputs.attach_data(
                project.id, given.data, role=given.role, on_progress=narrator
            )
        undo.pop_all()
    narrator.done()
    return project
