"""Runs of benchmarks as rows of a table: all of them, or some beside the first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from sparsify_tui.core.estimate import Estimate
from sparsify_tui.core.project import BenchmarkRun, MeasuredModel, MetricChange, Project, Run
from sparsify_tui.core.runs import Beside, ChosenRun
from sparsify_tui.core.timing import SMALLEST_DIFFERENCE
from sparsify_tui.core.units import (
    format_bytes,
    format_ms,
    format_percent,
    format_rate,
    format_ratio,
    format_score,
    format_when,
)
from sparsify_tui.core.verdicts import comparison_of
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.symbols import SymbolSet
from sparsify_tui.tui.widgets.inline_bar import change_text
from sparsify_tui.tui.widgets.table_model import Column, Row

BASELINE = "original"
_BAR = 13
COLUMNS = (
    Column(key="name", title="benchmark", width=12, grows=True),
    Column(key="model", title="model", width=11, grows=True),
    Column(key="setup", title="setup", width=8),
    Column(key="ms", title="ms", width=6, justify="right"),
    Column(key="rate", title="items/s", width=7, justify="right", priority=2),
    Column(key="ratio", title="speed-up", width=8, justify="right"),
    Column(key="verdict", title="verdict", width=13),
    Column(key="quality", title="quality", width=14, justify="right", priority=3),
    Column(key="memory", title="memory", width=8, justify="right", priority=4),
    Column(key="engine", title="engine", width=12, priority=5),
    Column(key="when", title="when", width=11, priority=6),
)
BESIDE_COLUMNS = (
    Column(key="name", title="run", width=22, grows=True),
    Column(key="ms", title="ms", width=6, justify="right"),
    Column(key="p90", title="p90", width=6, justify="right", priority=3),
    Column(key="rate", title="items/s", width=7, justify="right", priority=1),
    Column(key="ratio", title="ratio", width=8, justify="right"),
    Column(key="bar", title="", width=_BAR, sortable=False, priority=2),
    Column(key="load", title="load", width=6, justify="right", priority=4),
    Column(key="cold", title="cold", width=6, justify="right", priority=4),
    Column(key="memory", title="memory", width=8, justify="right", priority=5),
)
_STYLES = {"faster": "bold green", "slower": "bold red", "not trusted": "yellow"}


def row_key(benchmark: BenchmarkRun, at: int) -> str:
    """Names a run for good."""
    return f"{benchmark.id}:{at}"


def runs_by_key(project: Project) -> dict[str, ChosenRun]:
    """Every stored run, those of the newest benchmark first."""
    return {
        row_key(benchmark, at): ChosenRun(benchmark=benchmark, run=run)
        for benchmark in reversed(project.benchmarks)
        for at, run in enumerate(benchmark.runs)
    }


def model_of(chosen: ChosenRun) -> MeasuredModel | None:
    """What was measured of the optimization; None for the original."""
    wanted = chosen.run.optimization
    return next((one for one in chosen.benchmark.models if one.optimization == wanted), None)


def setup_of(run: Run) -> str:
    """Batch, threads and streams, short."""
    return f"b{run.batch} t{run.threads}" + (f" s{run.streams}" if run.streams > 1 else "")


def run_row(key: str, chosen: ChosenRun) -> Row:
    """One run; an optimization's with its ratio to the original."""
    benchmark, run = chosen.benchmark, chosen.run
    comparison, model = comparison_of(benchmark, run.label), model_of(chosen)
    metric = model.metric if model else None
    verdict = comparison.verdict if comparison else "" if run.optimization else "baseline"
    name = run.optimization or BASELINE
    style = "" if run.optimization else "dim"
    return Row(
        key=key,
        cells={
            "name": name_cell(benchmark.name),
            "model": name_cell(name, style),
            "setup": cell(setup_of(run)),
            "ms": cell(format_ms(run.timing.median_ms)),
            "rate": cell(format_rate(run.timing.items_per_s)),
            "ratio": cell(format_ratio(comparison.ratio.value) if comparison else ""),
            "verdict": cell(verdict, _STYLES.get(verdict, style)),
            "quality": cell(quality_text(metric) if metric else ""),
            "memory": cell(format_bytes(run.peak_bytes)),
            "engine": name_cell(run.engine),
            "when": cell(format_when(benchmark.created)),
        },
        sort_values={
            "name": benchmark.name,
            "model": name,
            "setup": float(run.batch),
            "ms": run.timing.median_ms,
            "rate": run.timing.items_per_s,
            "ratio": comparison.ratio.value if comparison else None,
            "verdict": verdict,
            "quality": metric.after if metric else None,
            "memory": run.peak_bytes,
            "engine": run.engine,
            "when": benchmark.created,
        },
        search=f"{benchmark.name} {run.label} {run.engine} {verdict}",
    )


def quality_text(metric: MetricChange) -> str:
    """Before and after; only the latter where the metric compares the two models."""
    if metric.name == "agreement":
        return f"agree {format_percent(metric.after)}"
    if metric.name == "output error":
        return f"error {format_score(metric.after)}"
    if metric.name.startswith("top-"):
        return f"{format_percent(metric.before)}→{format_percent(metric.after)}"
    return f"{format_score(metric.before)}→{format_score(metric.after)}"


def beside_rows(rows: Sequence[Beside], symbols: SymbolSet) -> list[Row]:
    """Runs beside the first of them."""
    return [_beside_row(str(at), row, symbols) for at, row in enumerate(rows)]


def _beside_row(key: str, row: Beside, symbols: SymbolSet) -> Row:
    run, ratio = row.chosen.run, row.ratio
    shown = format_ratio(ratio.value) if ratio.value is not None else "base"
    return Row(
        key=key,
        cells={
            "name": name_cell(row.chosen.name),
            "ms": cell(format_ms(run.timing.median_ms)),
            "p90": cell(format_ms(run.timing.p90_ms)),
            "rate": cell(format_rate(run.timing.items_per_s)),
            "ratio": cell(shown),
            "bar": ratio_bar(ratio, symbols),
            "load": cell(format_ms(run.load_ms)),
            "cold": cell(format_ms(run.cold_ms)),
            "memory": cell(format_bytes(run.peak_bytes)),
        },
        sort_values={
            "name": row.chosen.name,
            "ms": run.timing.median_ms,
            "p90": run.timing.p90_ms,
            "rate": run.timing.items_per_s,
            "ratio": ratio.value,
            "load": run.load_ms,
            "cold": run.cold_ms,
            "memory": run.peak_bytes,
        },
        search=row.chosen.name,
    )


def ratio_bar(ratio: Estimate, symbols: SymbolSet) -> Text:
    """A bar from the middle: to the right faster, to the left slower, full at twice or half."""
    value, low, high = ratio.value, ratio.low, ratio.high
    if value is None or low is None or high is None:
        return cell("")
    gain = value - 1 if value > 1 else 1 - 1 / value
    if low <= 1 <= high or abs(gain) < SMALLEST_DIFFERENCE:
        return change_text(0.0, _BAR, symbols=symbols, style="dim")
    shown = max(-1.0, min(1.0, gain))
    return change_text(shown, _BAR, symbols=symbols, style="green" if gain > 0 else "red")
