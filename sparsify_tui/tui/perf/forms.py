"""What is asked before performance is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.new_project import run_fields
from sparsify_tui.workbench import Workbench


def perf_form(bench: Workbench) -> Form:
    """Batch, threads, engine, which lanes, and a name."""
    engines = bench.benchmarks.engines
    fields = (
        Field(name="engine", label="Engine", kind="choice", choices=engines, value=engines[0]),
        Field(
            name="int8",
            label="int8 lane",
            kind="bool",
            value="yes",
            help="All layers in int8, beside the float times; onnxruntime only.",
        ),
        Field(
            name="channels",
            label="Channel widths",
            kind="bool",
            value="yes",
            help="The model with 75, 50 and 25% of its channels; onnxruntime only.",
        ),
        Field(name="name", label="Name", help="Empty: from batch and threads."),
    )
    return Form("Measure performance", (*run_fields(bench), *fields), accept="measure")


def perf_arguments(answers: Mapping[str, str]) -> dict[str, Any]:
    """The answers as `Measure.perf` takes them."""
    return {
        "batch": int(answers["batch"]),
        "threads": int(answers["threads"]),
        "engine": answers["engine"],
        "int8": answers["int8"] == "yes",
        "channels": answers["channels"] == "yes",
        "name": answers["name"],
    }
