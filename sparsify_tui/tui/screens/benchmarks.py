"""Benchmarks: optimizations against the original, measured, with interval and verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.project import BenchmarkRun
from sparsify_tui.core.run_tables import benchmark_markdown, comparison_markdown
from sparsify_tui.core.runs import Beside, ChosenRun, beside_first
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.verdicts import comparison_of
from sparsify_tui.tui import questions
from sparsify_tui.tui.bench.charts import BenchCharts
from sparsify_tui.tui.bench.detail import beside_headline, detail_lines, headline
from sparsify_tui.tui.bench.forms import request_fields, request_from
from sparsify_tui.tui.bench.rows import (
    BESIDE_COLUMNS,
    COLUMNS,
    beside_rows,
    row_key,
    run_row,
    runs_by_key,
)
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.dialogs.text_view import TextView
from sparsify_tui.tui.measuring import measure_again, measure_benchmark
from sparsify_tui.tui.save_model import ask_and_save
from sparsify_tui.tui.screens.stored import StoredScreen
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.headline import Headline
from sparsify_tui.tui.widgets.layer_table import Table

_NO_PLAN = "build an optimization first: press 3, then n"


class BenchmarksScreen(StoredScreen):
    """One row a run; or two to four runs beside the first of them."""

    KEY = "4"
    COLLECTION = "benchmarks"
    WHAT = "benchmark"
    HINTS = (
        ("r", "run"),
        ("v", "chart"),
        ("space", "mark"),
        ("c", "compare"),
        ("a", "save .onnx"),
        ("C", "Markdown"),
        ("6", "export"),
        ("ctrl+r", "again"),
        ("N", "notes"),
        ("slash", "filter"),
        ("s", "sort"),
        ("w", "wide"),
        ("Y", "CSV"),
        ("R", "rename"),
        ("D", "delete"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "Measure optimizations", show=False, id="bench.run"),
        Binding("ctrl+r", "run_again", "Measure the same again", show=False, id="bench.again"),
        Binding("v", "chart", "Intervals, dots, core, batch", show=False, id="bench.chart"),
        Binding("c", "compare", "Compare the marked runs", show=False, id="bench.compare"),
        Binding("C", "copy_markdown", "Copy as Markdown", show=False, id="bench.markdown"),
        Binding("N", "note", "Notes of the benchmark", show=False, id="bench.notes"),
        Binding("a", "apply", "Save the changed .onnx", show=False, id="bench.apply"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._newest = ""
        self._measured_now = frozenset[str]()
        self._runs: dict[str, ChosenRun] = {}
        self._beside: tuple[Beside, ...] = ()

    def body(self) -> Iterable[Widget]:
        """Summary, table with detail, chart."""
        yield Headline()
        with Horizontal(classes="row"):
            yield Table(*COLUMNS)
            yield Static(markup=False, id="detail", classes="detail")
        yield BenchCharts(classes="chart")

    def what(self) -> str:
        """What `r` would measure."""
        return self.desk.plan.name if self.desk.plan else "original"

    def current_item(self) -> BenchmarkRun | None:
        """The benchmark under the cursor."""
        chosen = self._current()
        return chosen.benchmark if chosen else None

    def show(self) -> None:
        """Lists the runs, those of the newest benchmark first; or those that are compared."""
        runs, plan = self.project.benchmarks, self.desk.plan
        self.stand_in(
            "No benchmark yet: optimizations against the original, in turn on this machine.",
            ("r", f"measure {plan.name}" if plan else "measure the original alone"),
            ("3", "build an optimization"),
            takes="About ten seconds for each batch and thread count.",
            when=not runs,
        )
        if not runs:
            return
        is_new = self._newest != runs[-1].id
        if is_new:
            self._newest, self._beside = runs[-1].id, ()
        if self._beside:
            self._runs = {str(at): row.chosen for at, row in enumerate(self._beside)}
            rows = beside_rows(self._beside, symbols_of(self.app))
            self.query_one(Table).show_rows(rows, BESIDE_COLUMNS)
        else:
            self._runs = runs_by_key(self.project)
            rows = [run_row(key, chosen) for key, chosen in self._runs.items()]
            self.query_one(Table).show_rows(rows, COLUMNS)
        if is_new:
            self._look_at(runs[-1])
        if self.focused is None:
            self.query_one(Table).focus()
        self._follow()

    def show_job(self, text: str) -> None:
        """Says in the top line what runs; a benchmark that runs no more was stopped."""
        super().show_job(text)
        if self._is_ready and self._measured_now != self._in_work():
            self._follow()

    def action_run(self) -> None:
        """Asks what to measure, and how."""
        bench = self.desk.bench
        fields = request_fields(
            self.project,
            bench.benchmarks,
            chosen=self.desk.plan.name if self.desk.plan else "",
            cores=bench.measure.cores,
        )
        self.app.push_screen(Form("Benchmark", fields, accept="measure"), self._measure)

    def action_run_again(self) -> None:
        """Measures the benchmark under the cursor once more."""
        stored = self.current_item()
        if stored is not None:
            measure_again(self.owner, self.project.id, stored)

    def action_chart(self) -> None:
        """Goes to the next chart."""
        self.confirm(f"chart: {self.query_one(BenchCharts).turn()}")

    def action_compare(self) -> None:
        """Puts the marked runs beside the one that was listed first."""
        marked = self.query_one(Table).marked_keys
        chosen = [one for key, one in self._runs.items() if key in marked]
        if not self._beside and len(chosen) < 2:
            self.confirm("mark two to four runs with space, then press c")
        elif not self._beside:
            self.act(lambda: self._compare(chosen))

    def action_copy_markdown(self) -> None:
        """Copies the comparison, or the benchmark under the cursor, as Markdown."""
        stored = self.current_item()
        if self._beside:
            self.owner.copy_text(comparison_markdown(self._beside), "comparison")
        elif stored is not None:
            self.owner.copy_text(benchmark_markdown(stored), "benchmark as Markdown")

    def action_note(self) -> None:
        """Asks for the notes of the benchmark."""
        stored = self.current_item()
        if stored is None:
            return
        item_id, projects = stored.id, self.desk.bench.projects

        def note(text: str) -> None:
            projects.annotate_item(self.project.id, item_id, text)
            self.desk.refresh()

        questions.ask_text(
            self.owner,
            f"Notes of {stored.name}",
            stored.notes,
            lambda text: self.act(lambda: note(text)),
        )

    def action_apply(self) -> None:
        """Asks where, and writes the changed model of the row, or of the open optimization."""
        plan = self._plan_to_save()
        if plan is None:
            self.confirm(_NO_PLAN)
            return
        ask_and_save(self.owner, self.project, plan)

    def step_back(self) -> bool:
        """Leaves the comparison."""
        if not self._beside:
            return False
        self._beside = ()
        self.show()
        return True

    @on(Table.Highlighted)
    def follow_table(self) -> None:
        """Shows what is known of the row."""
        self._follow()

    @on(Table.Chosen)
    def open_detail(self, event: Table.Chosen) -> None:
        """Shows all that is known of a run, also where the pane has no room."""
        chosen = self._runs.get(event.key)
        if chosen is not None:
            is_running = chosen.benchmark.id in self._measured_now
            text = "\n".join(detail_lines(chosen, is_running=is_running))
            self.app.push_screen(
                TextView(chosen.name, text, copy=lambda kept: self.owner.copy_text(kept, "detail"))
            )

    def _measure(self, answers: dict[str, str] | None) -> None:
        if answers is not None:
            request = request_from(self.project, self.desk.bench.benchmarks, answers)
            measure_benchmark(self.owner, self.project.id, request, name=answers["name"])

    def _compare(self, chosen: list[ChosenRun]) -> None:
        self._beside = beside_first(chosen)
        self.show()

    def _look_at(self, newest: BenchmarkRun) -> None:
        """Goes to its first optimization: what was just measured is what is looked at."""
        compared = (comparison_of(newest, run.label) for run in newest.runs)
        at = next((at for at, found in enumerate(compared) if found), 0)
        self.query_one(Table).move_to(row_key(newest, at))

    def _current(self) -> ChosenRun | None:
        key = self.query_one(Table).cursor_key
        return self._runs.get(key) if key else None

    def _in_work(self) -> frozenset[str]:
        """Ids of what is being measured here."""
        return frozenset(job.subject for job in self.owner.queue.open_jobs if job.subject)

    def _plan_to_save(self) -> Optimization | None:
        chosen = self._current()
        name = chosen.run.optimization if chosen else ""
        return (self.project.optimization(name) if name else None) or self.desk.plan

    def _follow(self) -> None:
        """Brings headline, chart and pane in line with the cursor."""
        chosen, self._measured_now = self._current(), self._in_work()
        if chosen is None:
            return
        is_running = chosen.benchmark.id in self._measured_now
        if self._beside:
            lines = beside_headline(self._beside)
            shown = [row.chosen for row in self._beside]
        else:
            stale = self.project.is_stale(chosen.benchmark)
            lines = headline(chosen, is_stale=stale, is_running=is_running)
            shown = self._with_the_others(chosen)
        self.query_one(Headline).show(*lines)
        self.query_one(BenchCharts).show(shown)
        told = detail_lines(chosen, is_running=is_running)
        text = "\n".join(clean_text(line, 200) if line else "" for line in told)
        self.show_detail(Content.assemble((clean_text(chosen.run.label, 40), "bold"), "\n", text))

    def _with_the_others(self, chosen: ChosenRun) -> list[ChosenRun]:
        """All runs of the same case, which were timed in turn."""
        run = chosen.run
        return [
            ChosenRun(benchmark=chosen.benchmark, run=one)
            for one in chosen.benchmark.runs
            if (one.batch, one.threads, one.streams) == (run.batch, run.threads, run.streams)
        ]
