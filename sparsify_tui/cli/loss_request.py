"""Options of `profile loss`, and the request that they make."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import click

from sparsify_tui.cli.options import parse_pair
from sparsify_tui.core.loss_profile import (
    CHANNEL_LEVELS,
    DEFAULT_SAMPLES,
    DEFAULT_SCHEMES,
    DISTANCES,
    SCHEMES,
    LossRequest,
)
from sparsify_tui.core.options import ORIGINAL_LEVELS
from sparsify_tui.errors import UsageError
from sparsify_tui.workbench import Workbench

F = TypeVar("F", bound=Callable[..., Any])
Given = Mapping[str, Any]
"""Options by name, None or empty where they are not given."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS = " kmgt"
_WHERE = ("workers", "memory", "scheduler")
"""Options that change how it is measured, not what comes out."""
_WHAT = ("metric", "samples", "structure", "quantization", "outputs", "score", "anchors_only")


def loss_options(command: F) -> F:
    """Options that say what is measured, and where."""
    levels, of_channels = (
        ",".join(f"{level:g}" for level in usual) for usual in (ORIGINAL_LEVELS, CHANNEL_LEVELS)
    )
    for option in (
        click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster; needs the extra."),
        click.option("--memory", metavar="SIZE", help="For kept activations, such as 2GB."),
        click.option("--workers", type=int, help="Evaluations at a time; default: what is faster."),
        click.option("--anchors-only", is_flag=True, help="Stop at the first complete table."),
        click.option("--score", metavar="FILE.py:FUNCTION", help="A metric of yours, on labels."),
        click.option(
            "--output", "outputs", multiple=True, metavar="NAME[=WEIGHT]", help="That counts."
        ),
        click.option(
            "--quantization",
            metavar="SCHEMES",
            help=f"Of {', '.join(SCHEMES)}, or none; default {','.join(DEFAULT_SCHEMES)}.",
        ),
        click.option(
            "--structure",
            help="unstructured (default), block4, 2:4; or channel: groups of layers, repaired.",
        ),
        click.option("--levels", help=f"Sparsities; default {levels}, of channels {of_channels}."),
        click.option("--samples", type=int, help=f"At most; default {DEFAULT_SAMPLES}."),
        click.option(
            "--metric", help=f"auto (default), {', '.join(DISTANCES)}: between the outputs."
        ),
    ):
        command = option(command)
    return command


def request_from(bench: Workbench, given: Given) -> LossRequest:
    """What was asked for; what was not is as usual. Raises UsageError."""
    fields = {name: given[name] for name in ("metric", "score") if given[name]}
    if given["levels"] is not None:
        fields["levels"] = bench.loss.levels_from(given["levels"])
    if given["quantization"] is not None:
        fields["schemes"] = bench.loss.schemes_from(given["quantization"])
    if given["samples"] is not None:
        fields["samples"] = given["samples"]
    return replace(
        bench.loss.standard(given["structure"] or ""),
        **fields,
        outputs=_outputs_from(given["outputs"]),
        anchors_only=given["anchors_only"],
        workers=given["workers"],
        scheduler=given["scheduler"] or "",
        memory_bytes=memory_from(given["memory"]),
    )


def memory_from(text: str | None) -> int | None:
    """Bytes written as 2GB, 512 MiB or 1000; units are decimal without the i. Raises UsageError."""
    if text is None:
        return None
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"--memory takes a size, not {text!r}.", "Example: --memory 2GB")
    number, prefix, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** _POWERS.index(prefix.lower() or " "))


def refuse_unfit(given: Given, method: str, inputs: Sequence[object]) -> None:
    """Refuses options that would be ignored. Raises UsageError.

    Args:
        given: The options.
        method: That was asked for; empty when none was.
        inputs: What was given for the model itself.
    """
    asked = [name for name in (*_WHAT, *_WHERE) if given[name]]
    if method == "magnitude" and (asked or given["resume"]):
        name = asked[0] if asked else "resume"
        raise UsageError(f"{_spelt(name)} is of the method one-shot.", "Leave out --method.")
    if not given["resume"]:
        return
    also = [name for name in (*_WHAT, "levels", "name") if given[name]]
    if also or method or any(inputs):
        what = _spelt(also[0]) if also else "a method" if method else "another input"
        raise UsageError(
            f"--resume goes on with what the profile was asked for, without {what}.",
            "Only --workers, --memory and --scheduler may change.",
        )


def _spelt(name: str) -> str:
    return "--output" if name == "outputs" else f"--{name.replace('_', '-')}"


def _outputs_from(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """`NAME=WEIGHT` pairs; a name alone weighs 1."""
    return tuple(
        parse_pair(text, float, "--output NAME[=WEIGHT]") if "=" in text else (text, 1.0)
        for text in texts
    )
