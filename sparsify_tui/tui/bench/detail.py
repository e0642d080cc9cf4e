"""What is said of a run: the lines above the table, and the pane beside it."""

from __future__ import annotations

from collections.abc import Sequence

from sparsify_tui.core.project import Comparison, MeasuredModel, Run
from sparsify_tui.core.runs import Beside, ChosenRun, untrusted, warnings_between
from sparsify_tui.core.timing import trust_label
from sparsify_tui.core.units import (
    format_bytes,
    format_change,
    format_ms,
    format_percent,
    format_rate,
    format_score,
    format_when,
)
from sparsify_tui.core.verdicts import cases_note, comparison_of, interval_text
from sparsify_tui.tui.bench.rows import model_of
from sparsify_tui.tui.widgets.headline import Part

Line = Sequence[Part]
Lines = tuple[Line, ...]
_MUTED = "$text-muted"
_DOUBT = "bold $text-warning"


def headline(chosen: ChosenRun, *, is_stale: bool, is_running: bool = False) -> Lines:
    """How fast, how good, and whether it may be called optimized."""
    doubts: Line = (
        ("STALE: the model file has changed" if is_stale else "", _DOUBT),
        (cases_note(chosen.benchmark, is_running=is_running), _DOUBT),
    )
    comparison, model = comparison_of(chosen.benchmark, chosen.run.label), model_of(chosen)
    if comparison is None or model is None:
        return _alone(chosen, doubts)
    return (
        (
            (chosen.run.label, "bold"),
            (f"{interval_text(comparison)} as fast", "bold $text-accent"),
            (comparison.verdict, "bold"),
        ),
        doubts,
        (
            (_quality(model), ""),
            (_sizes(chosen, model), _MUTED),
            (_prediction(chosen.run), _MUTED),
        ),
        _conclusion(comparison, model),
    )


def _alone(chosen: ChosenRun, doubts: Line) -> Lines:
    """The original, or an optimization that could not be compared."""
    run = chosen.run
    return (
        ((run.label, "bold"), (trust_label(run.timing), "")),
        doubts,
        ((f"{format_rate(run.timing.items_per_s)}, {run.engine}", "$text-muted"),),
        ((f"compressed file {format_bytes(chosen.benchmark.original_compressed_bytes)}", _MUTED),),
    )


def _quality(model: MeasuredModel) -> str:
    metric = model.metric
    if metric is None:
        return "outputs not scored: they are not finite, or hold no numbers to compare"
    return (
        f"{metric.name} {format_score(metric.before)} → {format_score(metric.after)}, "
        "before any fine-tuning"
    )


def _prediction(run: Run) -> str:
    if run.predicted_ms is None:
        return ""
    return (
        f"predicted {format_ms(run.predicted_ms)} ms, measured "
        f"{format_ms(run.timing.median_ms)} ms ({format_change(run.prediction_error)})"
    )


def _sizes(chosen: ChosenRun, model: MeasuredModel) -> str:
    before = format_bytes(chosen.benchmark.original_compressed_bytes)
    return f"compressed {before} → {format_bytes(model.compressed_bytes)}"


def _conclusion(comparison: Comparison, model: MeasuredModel) -> Line:
    """One part, so that it wraps: the cause must be read, too."""
    if model.note:
        return ((f"NOT optimized: {model.note}", "bold $text-warning"),)
    here = "" if comparison.verdict == "faster" else f", here {comparison.verdict}"
    return ((f"optimized{here}", "bold $text-success"),)


def detail_lines(chosen: ChosenRun, *, is_running: bool = False) -> list[str]:
    """All that is known of a run."""
    run, benchmark = chosen.run, chosen.benchmark
    where = run.environment or benchmark.environment
    lines = [
        f"{format_when(benchmark.created)}, {where.engine} {where.engine_version}",
        where.cpu,
        f"{where.isa}, {where.cores} cores allowed",
        f"fed with {benchmark.inputs}",
        "",
        trust_label(run.timing),
        f"p90 {format_ms(run.timing.p90_ms)}  p99 {format_ms(run.timing.p99_ms)}",
        f"{format_rate(run.timing.items_per_s)} of {run.timing.runs} runs",
        f"load {format_ms(run.load_ms)} ms  cold {format_ms(run.cold_ms)} ms",
        f"memory {format_bytes(run.peak_bytes)} more at most",
    ]
    lines += filter(None, [_prediction(run)])
    model = model_of(chosen)
    if model is not None:
        lines += ["", *_model_lines(chosen, model)]
    lines += filter(None, [cases_note(benchmark, is_running=is_running)])
    lines += [f"not measured: {problem}" for problem in benchmark.problems]
    return [*lines, *(("", f"notes: {benchmark.notes}") if benchmark.notes else ())]


def _model_lines(chosen: ChosenRun, model: MeasuredModel) -> list[str]:
    int8 = f", {model.int8_layers} layers in int8" if model.int8_layers else ""
    before = chosen.benchmark.original_bytes or None
    squeezed = format_bytes(chosen.benchmark.original_compressed_bytes)
    return [
        f"{format_percent(model.sparsity)} zeros{int8}",
        f"file {format_bytes(before)} → {format_bytes(model.file_bytes)}",
        f"compressed {squeezed} → {format_bytes(model.compressed_bytes)}",
        *(
            f"{one.name} {format_score(one.before)} → {format_score(one.after)}"
            for one in model.metrics
        ),
    ]


def beside_headline(rows: Sequence[Beside]) -> Lines:
    """What is compared, and what speaks against it; never silent about the conditions."""
    chosen = [row.chosen for row in rows]
    said, doubtful = warnings_between(chosen), untrusted(chosen)
    apart = any(not row.is_in_turn for row in rows)
    warning = "bold $text-warning"
    return (
        (
            (f"{len(rows)} runs beside {chosen[0].name}", "bold"),
            ("not all measured in turn: drift counts" if apart else "measured in turn", _MUTED),
        ),
        ((f"not the same conditions: {'; '.join(said)}", warning),)
        if said
        else (("same conditions", _MUTED),),
        ((f"{len(doubtful)} of {len(rows)} not trusted" if doubtful else "", warning),),
    )
