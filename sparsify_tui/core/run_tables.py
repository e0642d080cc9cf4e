"""Benchmarks as tables: for the clipboard as Markdown, for a file as CSV, and for a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from sparsify_tui.core.project import BenchmarkRun, Run
from sparsify_tui.core.runs import Beside, untrusted, warnings_between
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import (
    format_bytes,
    format_interval,
    format_ms,
    format_rate,
    format_score,
)
from sparsify_tui.core.verdicts import comparison_of, gap_lines, interval_text, verdict_lines

Table = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]

_RAW = (
    "label", "optimization", "engine", "batch", "threads", "streams",
)  # fmt: skip
_RAW_TIMING = ("median_ms", "low_ms", "high_ms", "p90_ms", "p99_ms", "items_per_s", "trusted")
_RAW_REST = ("load_ms", "cold_ms", "peak_bytes", "predicted_ms")


def runs_table(benchmark: BenchmarkRun) -> Table:
    """One row a run, for people."""
    titles = ("run", "ms", "95 % interval", "p90", "items/s", "load", "cold", "memory", "speed-up")
    return titles, tuple(_run_row(benchmark, run) for run in benchmark.runs)


def _run_row(benchmark: BenchmarkRun, run: Run) -> tuple[str, ...]:
    comparison = comparison_of(benchmark, run.label)
    ratio = f"{interval_text(comparison)} {comparison.verdict}" if comparison else ""
    return (*_timing_cells(run), ratio)


def comparison_table(rows: Sequence[Beside]) -> Table:
    """Runs beside the first of them."""
    titles = ("run", "ms", "95 % interval", "p90", "items/s", "load", "cold", "memory", "ratio")
    return titles, tuple(
        (row.chosen.name, *_timing_cells(row.chosen.run)[1:], ratio_text(row)) for row in rows
    )


def ratio_text(row: Beside) -> str:
    """A ratio with its interval, marked where it was not measured in turn."""
    if row.ratio.value is None:
        return "1, the base"
    text = format_interval(row.ratio.value, row.ratio.low, row.ratio.high)
    return text if row.is_in_turn else f"{text} not in turn"


def _timing_cells(run: Run) -> tuple[str, ...]:
    timing = run.timing
    return (
        f"{run.label}{'' if timing.trusted else ' (not trusted)'}",
        format_ms(timing.median_ms),
        f"{format_ms(timing.low_ms)}–{format_ms(timing.high_ms)}",
        format_ms(timing.p90_ms),
        format_rate(timing.items_per_s),
        format_ms(run.load_ms),
        format_ms(run.cold_ms),
        format_bytes(run.peak_bytes),
    )


def markdown_of(table: Table) -> str:
    """A table in GitHub's Markdown; bars in cells are escaped."""
    titles, rows = table
    lines = [titles, tuple("---" if at == 0 else "---:" for at in range(len(titles))), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return clean_text(text, 200).replace("|", "\\|") if text else ""


def comparison_markdown(rows: Sequence[Beside]) -> str:
    """Runs beside the first of them, with what keeps them from being compared."""
    lines = [markdown_of(comparison_table(rows)), *comparison_warnings(rows)]
    return "\n".join(lines).rstrip() + "\n"


def comparison_warnings(rows: Sequence[Beside]) -> list[str]:
    """One sentence each: other conditions, and runs that may not be believed."""
    chosen = [row.chosen for row in rows]
    said, doubtful = warnings_between(chosen), untrusted(chosen)
    return [
        *((f"not the same conditions: {clean_text('; '.join(said), 600)}",) if said else ()),
        *((f"not trusted: {clean_text(', '.join(doubtful), 600)}",) if doubtful else ()),
    ]


def benchmark_markdown(benchmark: BenchmarkRun) -> str:
    """All that a reader needs to believe a benchmark: where, what, verdicts, quality."""
    where = benchmark.environment
    lines = [
        f"### {clean_text(benchmark.name)}",
        "",
        (
            f"{clean_text(where.cpu)}, {where.isa}, {where.cores} cores allowed; {where.engine} "
            f"{where.engine_version}; fed with {clean_text(benchmark.inputs)}; "
            f"{benchmark.created[:10]}; model sha256 {benchmark.model_digest[:12]}"
        ),
        "",
        markdown_of(runs_table(benchmark)),
        *(f"- {clean_text(line, 300)}" for line in verdict_lines(benchmark)),
        *(f"- {clean_text(line, 300)}" for line in metric_lines(benchmark)),
        *(f"- {clean_text(line, 300)}" for line in gap_lines(benchmark)),
    ]
    if benchmark.notes:
        lines += ["", clean_text(benchmark.notes, 2000)]
    return "\n".join(lines).rstrip() + "\n"


def metric_lines(benchmark: BenchmarkRun) -> list[str]:
    """Quality of each optimization, every metric of it."""
    return [
        f"{model.optimization}: "
        + ", ".join(
            f"{one.name} {format_score(one.before)} → {format_score(one.after)}"
            for one in model.metrics
        )
        for model in benchmark.models
        if model.metrics
    ]


def benchmark_csv(benchmark: BenchmarkRun) -> str:
    """One line a run with unrounded numbers."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        (*_RAW, *_RAW_TIMING, *_RAW_REST, "ratio", "ratio_low", "ratio_high", "verdict")
    )
    for run in benchmark.runs:
        comparison = comparison_of(benchmark, run.label)
        ratio = comparison.ratio if comparison else None
        writer.writerow(
            (
                *(getattr(run, name) for name in _RAW),
                *(getattr(run.timing, name) for name in _RAW_TIMING),
                *(getattr(run, name) for name in _RAW_REST),
                *((ratio.value, ratio.low, ratio.high) if ratio else ("", "", "")),
                comparison.verdict if comparison else "",
            )
        )
    return out.getvalue()
