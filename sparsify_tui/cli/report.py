"""Sections as plain text: for a pipe, a screen reader, and commands without `--json`."""

from __future__ import annotations

from collections.abc import Sequence

from sparsify_tui.core.model import Model
from sparsify_tui.core.project import (
    AppliedModel,
    BenchmarkRun,
    Comparison,
    MeasuredModel,
    Run,
)
from sparsify_tui.core.repaired import change_lines
from sparsify_tui.core.run_tables import metric_lines
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.timing import Timing
from sparsify_tui.core.units import (
    format_bytes,
    format_count,
    format_flops,
    format_ms,
    format_percent,
    format_rate,
    format_score,
    format_shape,
)
from sparsify_tui.core.verdicts import (
    applied_verdict,
    gap_lines,
    interval_text,
    verdict_lines,
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


def benchmark_lines(run: BenchmarkRun) -> list[str]:
    """Runs, ratios, verdicts and quality of a benchmark."""
    return [
        *(f"{clean_text(one.label)}: {timing_line(one.timing)}{_costs(one)}" for one in run.runs),
        *map(comparison_line, run.comparisons),
        *(clean_text(line, 300) for line in metric_lines(run)),
        *(_sizes(run, one) for one in run.models),
        *(f"{clean_text(m.optimization)}: {line}" for m in run.models for line in _changes(m)),
        *(clean_text(line, 300) for line in verdict_lines(run)),
        *(clean_text(line, 400) for line in gap_lines(run)),
        *((f"notes: {clean_text(run.notes, 2000)}",) if run.notes else ()),
    ]


def _costs(run: Run) -> str:
    """What loading took, and what was predicted, where they are known."""
    loaded = (
        f"; load {format_ms(run.load_ms)} ms, cold {format_ms(run.cold_ms)} ms"
        if run.load_ms is not None
        else ""
    )
    memory = f", {format_bytes(run.peak_bytes)} memory" if run.peak_bytes is not None else ""
    predicted = f"; predicted {format_ms(run.predicted_ms)} ms" if run.predicted_ms else ""
    return f"{loaded}{memory}{predicted}"


def comparison_line(comparison: Comparison) -> str:
    """A ratio with its interval and verdict."""
    return (
        f"{clean_text(comparison.b)} is {interval_text(comparison)} as fast as "
        f"{clean_text(comparison.a)}: {comparison.verdict}"
    )


def _sizes(run: BenchmarkRun, model: MeasuredModel) -> str:
    int8 = f", {model.int8_layers} layers in int8" if model.int8_layers else ""
    before, squeezed = run.original_bytes or None, run.original_compressed_bytes
    return (
        f"{clean_text(model.optimization)}: {format_percent(model.sparsity)} zeros{int8}; "
        f"file {format_bytes(before)} → {format_bytes(model.file_bytes)}, "
        f"compressed {format_bytes(squeezed)} → {format_bytes(model.compressed_bytes)}"
    )


def _changes(built: AppliedModel | MeasuredModel) -> list[str]:
    return [clean_text(line, 400) for line in change_lines(built.channels, built.repaired)]


def applied_lines(applied: AppliedModel) -> list[str]:
    """What was written, and whether it may be called optimized."""
    lines = [
        f"{clean_text(applied.file)}  {format_bytes(applied.bytes)}",
        (
            f"output error {format_score(applied.output_error)} of the variance, on "
            f"{clean_text(applied.source)}"
        ),
    ]
    if applied.int8:
        lines.append(
            f"{len(applied.int8)} layers in int8, ranges from {clean_text(applied.calibration)}"
        )
    lines += _changes(applied)
    lines += [f"changed too: {clean_text(repair, 300)}" for repair in applied.repairs]
    return [*lines, applied_verdict(applied)]
