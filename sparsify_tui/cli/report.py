"""Sections as plain text: for a pipe, a screen reader, and commands without `--json`."""

from __future__ import annotations

from collections.abc import Sequence

from sparsify_tui.core.breakdown import kernel_rows
from sparsify_tui.core.estimate import Outlook
from sparsify_tui.core.model import Model
from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.profile import LossProfile, PerfProfile
from sparsify_tui.core.project import BenchmarkRun, Project
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.timing import Timing
from sparsify_tui.core.units import (
    format_bytes,
    format_count,
    format_flops,
    format_ms,
    format_percent,
    format_rate,
    format_ratio,
    format_score,
    format_shape,
)

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def model_lines(model: Model) -> list[str]:
    """What a model is, and what to know about it."""
    inputs = ", ".join(
        f"{clean_text(spec.name)} {format_shape(spec.shape)} {spec.dtype}" for spec in model.inputs
    )
    return [
        f"{clean_text(model.path)}  {format_bytes(model.bytes)}  opset {model.opset}",
        f"sha256 {model.sha256}",
        f"inputs {clean_text(inputs, 400)}",
        (
            f"{format_count(model.params)} parameters, {format_flops(model.flops)}, "
            f"{len(model.prunable)} prunable layers"
        ),
        *(f"note: {clean_text(warning, 400)}" for warning in model.warnings),
    ]


def layer_rows(model: Model) -> Table:
    """Layers of a model."""
    return ("layer", "op", "shape", "params", "FLOPs", "zeros", "prunable"), [
        (
            layer.label,
            layer.op_type,
            format_shape(layer.shape),
            format_count(layer.params),
            format_count(layer.flops),
            format_percent(1 - layer.density),
            "yes" if layer.prunable else "no",
        )
        for layer in model.layers
    ]


def timing_line(timing: Timing) -> str:
    """A latency with its interval and whether it may be believed."""
    trust = "trusted" if timing.trusted else f"not trusted: {', '.join(timing.reasons)}"
    return (
        f"{format_ms(timing.median_ms)} ms [{format_ms(timing.low_ms)}, "
        f"{format_ms(timing.high_ms)}] of {timing.runs} runs, "
        f"{format_rate(timing.items_per_s)}, {trust}"
    )


def perf_rows(project: Project, profile: PerfProfile) -> Table:
    """Layers, other kernels, and the remainder, in graph order."""
    whole = profile.total.min_ms
    return ("layer", "op", "ms", "share"), [
        (
            row.name,
            row.op_type,
            format_ms(row.ms),
            format_percent(None if row.ms is None else row.ms / whole),
        )
        for row in kernel_rows(project.model, profile)
    ]


def loss_rows(project: Project, profile: LossProfile) -> Table:
    """Removed energy of each layer at each level."""
    labels = {layer.id: layer.label for layer in project.model.layers}
    return ("layer", *(format_percent(level, 0) for level in profile.levels)), [
        (
            labels.get(row.id, row.id),
            *(map(format_score, row.values or [None] * len(profile.levels))),
        )
        for row in profile.layers
    ]


def plan_lines(plan: Optimization, outlook: Outlook, *, is_met: bool) -> list[str]:
    """What an optimization brings, each figure with its basis."""
    missed = f"target {format_percent(plan.pruning.target)} not reached: too much is locked or off"
    return [
        f"{clean_text(plan.name)}: {format_percent(outlook.sparsity)} of prunable weights zero",
        (
            f"parameters {format_count(outlook.params)} → "
            f"{format_count(outlook.remaining_params)}, "
            f"compression {format_ratio(outlook.compression.value)}"
        ),
        (
            f"FLOPs on non-zero weights {format_count(outlook.flops)} → "
            f"{format_count(outlook.remaining_flops)}"
        ),
        f"speed-up on onnxruntime {format_ratio(outlook.speed_up.value)}: {outlook.speed_up.note}",
        *(() if is_met else (missed,)),
        *(f"problem: {problem}" for problem in plan.problems()),
    ]


def plan_rows(project: Project, plan: Optimization) -> Table:
    """Levels of all layers."""
    labels = {layer.id: layer for layer in project.model.layers}
    return ("layer", "op", "params", "sparsity", "state"), [
        (
            labels[one.id].label,
            labels[one.id].op_type,
            format_count(labels[one.id].weight_params),
            format_percent(one.effective),
            "locked" if one.locked else "on" if one.enabled else "off",
        )
        for one in plan.pruning.layers
        if one.id in labels
    ]


def benchmark_lines(run: BenchmarkRun) -> list[str]:
    """Runs, ratios and quality of a benchmark."""
    lines = [f"{clean_text(one.label)}: {timing_line(one.timing)}" for one in run.runs]
    for one in run.comparisons:
        ratio = one.ratio
        lines.append(
            f"{clean_text(one.b)} is {format_ratio(ratio.value)} as fast "
            f"[{format_ratio(ratio.low)}, {format_ratio(ratio.high)}]: {one.verdict}"
        )
    if run.metric is not None:
        lines.append(
            f"{run.metric.name} {format_score(run.metric.before)} → "
            f"{format_score(run.metric.after)}"
        )
    lines.append(
        f"{format_percent(run.sparsity)} zeros; compressed "
        f"{format_bytes(run.original_compressed_bytes)} → {format_bytes(run.compressed_bytes)}"
    )
    return lines
