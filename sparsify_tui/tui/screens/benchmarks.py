"""Benchmarks: optimizations against the original, measured, with interval and verdict."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.project import BenchmarkRun, Comparison, MetricChange
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import (
    format_bytes,
    format_ms,
    format_percent,
    format_rate,
    format_ratio,
    format_score,
    format_when,
)
from sparsify_tui.tui import questions
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.measuring import measure_benchmark
from sparsify_tui.tui.screens.stored import StoredScreen
from sparsify_tui.tui.widgets.interval_chart import Interval, IntervalChart
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.table_model import Column, Row

_COLUMNS = (
    Column(key="name", title="benchmark", width=14, grows=True),
    Column(key="setup", title="setup", width=7),
    Column(key="before", title="original", width=8, justify="right", priority=2),
    Column(key="after", title="changed", width=8, justify="right", priority=2),
    Column(key="ratio", title="speed-up", width=8, justify="right"),
    Column(key="verdict", title="verdict", width=13),
    Column(key="metric", title="quality", width=17, justify="right", priority=1),
)
_STYLES = {"faster": "bold green", "slower": "bold red", "not trusted": "yellow"}


class BenchmarksScreen(StoredScreen):
    """One row a comparison; the chart shows the runs behind it."""

    KEY = "4"
    COLLECTION = "benchmarks"
    WHAT = "benchmark"
    HINTS = (
        ("r", "run"),
        ("a", "save .onnx"),
        ("slash", "filter"),
        ("s", "sort"),
        ("Y", "CSV"),
        ("R", "rename"),
        ("D", "delete"),
        ("6", "export"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "Measure an optimization", show=False, id="bench.run"),
        Binding("a", "apply", "Save the pruned .onnx", show=False, id="bench.apply"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._newest = ""

    def body(self) -> Iterable[Widget]:
        """Note, table with detail, intervals."""
        yield Static(markup=False, id="note", classes="headline")
        with Horizontal(classes="row"):
            yield Table(*_COLUMNS, can_mark=False)
            yield Static(markup=False, id="detail", classes="detail")
        yield IntervalChart(classes="chart")

    def what(self) -> str:
        """What `r` would measure."""
        return self.desk.plan.name if self.desk.plan else ""

    def current_item(self) -> BenchmarkRun | None:
        """The benchmark under the cursor."""
        found = self._current()
        return found[0] if found else None

    def show(self) -> None:
        """Lists the comparisons, the newest first."""
        runs = self.project.benchmarks
        plan = self.desk.plan
        self.stand_in(
            "No benchmark yet: the pruned model against the original, in turn on this machine.",
            ("r", f"measure {plan.name}") if plan else ("3", "build an optimization first"),
            takes="About six seconds for each batch and thread count.",
            when=not runs,
        )
        if not runs:
            return
        rows = [
            _row(run, at, comparison)
            for run in reversed(runs)
            for at, comparison in enumerate(run.comparisons)
        ]
        table = self.query_one(Table)
        table.show_rows(rows)
        if runs[-1].id != self._newest:
            self._newest = runs[-1].id
            table.move_to(_key(runs[-1], 0))
        if self.focused is None:
            table.focus()
        self._show_chart()

    def action_run(self) -> None:
        """Asks what to measure, and how."""
        names = tuple(plan.name for plan in reversed(self.project.optimizations))
        if not names:
            self.confirm("build an optimization first: press 3, then n")
            return
        bench = self.desk.bench.measure
        fields = (
            Field(
                name="plan",
                label="Optimization",
                kind="choice",
                choices=names,
                value=self.desk.plan.name if self.desk.plan else names[0],
            ),
            Field(
                name="batches",
                label="Batch sizes",
                value="1",
                help="Such as 1,8: each is measured.",
                check=bench.check_counts,
            ),
            Field(
                name="threads",
                label="Threads",
                value=str(bench.cores),
                help=f"Such as 1,2; cores allowed: {bench.cores}.",
                check=bench.check_counts,
            ),
        )
        self.app.push_screen(Form("Benchmark", fields, accept="measure"), self._measure)

    def action_apply(self) -> None:
        """Asks where, and writes the one-shot pruned model."""
        plan = self.desk.plan
        if plan is None:
            self.confirm("build an optimization first: press 3, then n")
            return
        bench, project_id = self.desk.bench, self.project.id
        default = Path(self.project.model.path).stem

        def write(text: str) -> None:
            file = str(Path(text).expanduser().absolute())
            self.owner.start_job(
                "apply",
                self.KEY,
                lambda progress: bench.measure.apply(project_id, plan, file, progress),
                lambda applied: self.owner.confirm(
                    f"{applied.file}: {format_bytes(applied.bytes)}, output error "
                    f"{format_score(applied.output_error)}"
                ),
            )

        questions.ask_text(self.owner, f"Save {plan.name} as", f"{default}-{plan.name}.onnx", write)

    @on(Table.Highlighted)
    def follow_table(self) -> None:
        """Shows the runs behind the row."""
        self._show_chart()

    def _measure(self, answers: dict[str, str] | None) -> None:
        if answers is None:
            return
        plan = self.project.optimization(answers["plan"])
        counts = self.desk.bench.measure.counts_from
        if plan is not None:
            measure_benchmark(
                self.owner,
                self.project.id,
                plan,
                batches=counts(answers["batches"]),
                threads=counts(answers["threads"]),
            )

    def _current(self) -> tuple[BenchmarkRun, Comparison] | None:
        key = self.query_one(Table).cursor_key
        for run in self.project.benchmarks:
            for at, comparison in enumerate(run.comparisons):
                if key == _key(run, at):
                    return run, comparison
        return None

    def _show_chart(self) -> None:
        found = self._current()
        if found is None:
            return
        run, comparison = found
        pair = [one for one in run.runs if one.label in (comparison.a, comparison.b)]
        self.query_one(IntervalChart).set_intervals(
            [
                Interval(
                    label=one.label,
                    low=one.timing.low_ms,
                    middle=one.timing.median_ms,
                    high=one.timing.high_ms,
                    note="" if one.timing.trusted else ", ".join(one.timing.reasons),
                )
                for one in pair
            ],
            title="ms: median with its 95 % interval",
            value_format=format_ms,
        )
        stale = self.project.is_stale(run)
        self.query_one("#note", Static).update(_note(run, comparison, stale=stale))
        self.show_detail(_detail(run))


def _key(run: BenchmarkRun, at: int) -> str:
    return f"{run.id}:{at}"


def _row(run: BenchmarkRun, at: int, comparison: Comparison) -> Row:
    pair = {one.label: one for one in run.runs}
    before, after = pair[comparison.a], pair[comparison.b]
    ratio = comparison.ratio.value
    metric = run.metric
    quality = _quality(metric) if metric else "·"
    return Row(
        key=_key(run, at),
        cells={
            "name": name_cell(run.name),
            "setup": cell(f"b{before.batch} t{before.threads}"),
            "before": cell(format_ms(before.timing.median_ms)),
            "after": cell(format_ms(after.timing.median_ms)),
            "ratio": cell(format_ratio(ratio)),
            "verdict": cell(comparison.verdict, _STYLES.get(comparison.verdict, "")),
            "metric": cell(quality),
        },
        sort_values={
            "name": run.name,
            "setup": before.batch,
            "before": before.timing.median_ms,
            "after": after.timing.median_ms,
            "ratio": ratio,
            "verdict": comparison.verdict,
            "metric": metric.after if metric else None,
        },
        search=f"{run.name} {comparison.verdict}",
    )


def _quality(metric: MetricChange) -> str:
    """Before and after; only the latter where the metric compares the two models."""
    if metric.name == "agreement":
        return f"agree {format_percent(metric.after)}"
    if metric.name == "output error":
        return f"error {format_score(metric.after)}"
    return f"{format_percent(metric.before)}→{format_percent(metric.after)}"


def _note(run: BenchmarkRun, comparison: Comparison, *, stale: bool) -> Content:
    ratio, metric = comparison.ratio, run.metric
    quality = (
        f"{metric.name} {format_score(metric.before)} → {format_score(metric.after)}, "
        "before any fine-tuning"
        if metric
        else ""
    )
    warning = "  STALE: the model file has changed" if stale else ""
    sizes = f"{format_bytes(run.original_compressed_bytes)} → {format_bytes(run.compressed_bytes)}"
    return Content.assemble(
        (clean_text(comparison.b), "bold"),
        " is ",
        (format_ratio(ratio.value), "bold $text-accent"),
        f" as fast [{format_ratio(ratio.low)}, {format_ratio(ratio.high)}]: ",
        (comparison.verdict, "bold"),
        f"\n{quality}",
        (warning, "bold $text-warning"),
        (f"\nzeros bring onnxruntime no speed; compressed file {sizes}", "$text-muted"),
    )


def _detail(run: BenchmarkRun) -> Content:
    where = run.environment
    lines = [
        f"{format_when(run.created)}",
        f"{where.engine} {where.engine_version}",
        clean_text(where.cpu, 40),
        f"{where.isa}, {where.cores} cores allowed",
        f"fed with {clean_text(run.inputs, 30)}",
        f"{format_percent(run.sparsity)} zeros in the file",
        "",
    ]
    for one in run.runs:
        lines += [
            clean_text(one.label, 40),
            f"  {format_ms(one.timing.median_ms)} ms  p90 {format_ms(one.timing.p90_ms)}",
            f"  {format_rate(one.timing.items_per_s)}  {one.timing.runs} pairs",
        ]
    return Content("\n".join(lines))
