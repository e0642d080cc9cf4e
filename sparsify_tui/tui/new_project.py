"""The questions that make a project, and what their answers ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.workbench import Workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProject:
    """A file, and the profiles to make of it at once."""

    path: Path
    name: str
    batch: int
    threads: int
    has_perf: bool
    has_loss: bool

    @classmethod
    def from_answers(cls, answers: dict[str, str]) -> NewProject:
        """Reads the answers of the form, which checked them."""
        return cls(
            path=Path(answers["path"]).expanduser(),
            name=answers["name"],
            batch=int(answers["batch"]),
            threads=int(answers["threads"]),
            has_perf=answers["perf"] == "yes",
            has_loss=answers["loss"] == "yes",
        )


def new_project_fields(bench: Workbench) -> tuple[Field, ...]:
    """File, name, and both profiles with batch and threads."""
    return (
        Field(
            name="path",
            label="Model file",
            kind="path",
            suffixes=(".onnx",),
            help="An .onnx file; Tab completes.",
            check=_check_file,
        ),
        Field(name="name", label="Name", help="Empty: the file's name."),
        Field(
            name="perf",
            label="Measure performance",
            kind="bool",
            value="yes",
            help="Where the time goes, layer by layer; some seconds.",
        ),
        *run_fields(bench),
        Field(
            name="loss",
            label="Loss profile",
            kind="bool",
            value="yes",
            help="What pruning removes of each layer; a second.",
        ),
    )


def run_fields(bench: Workbench) -> tuple[Field, ...]:
    """Batch and threads."""
    return (
        Field(
            name="batch",
            label="Batch size",
            kind="int",
            value="1",
            check=check_positive,
            help="Items in one run.",
        ),
        Field(
            name="threads",
            label="Threads",
            kind="int",
            value=str(bench.measure.cores),
            check=check_positive,
            help=f"Cores allowed here: {bench.measure.cores}.",
        ),
    )


def check_positive(text: str) -> str | None:
    """Wants a number above zero."""
    return None if text.isdecimal() and int(text) > 0 else "A number above zero is needed."


def _check_file(text: str) -> str | None:
    try:
        return None if Path(text).expanduser().is_file() else "There is no such file."
    except (OSError, RuntimeError) as error:
        return str(error)
