"""The chart below the runs: intervals, run to run, over threads, over batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from textual.containers import Container
from textual.widget import Widget

from sparsify_tui.core.runs import Axis, ChosenRun, Scaling, scaling_over
from sparsify_tui.core.units import NOT_MEASURED, format_ms, format_rate
from sparsify_tui.tui.widgets.curve_chart import CurveChart, CurveSeries
from sparsify_tui.tui.widgets.interval_chart import Interval, IntervalChart
from sparsify_tui.tui.widgets.strip_chart import Strip, StripChart

ChartKind = Literal["intervals", "run to run", "core scaling", "batch scaling"]
KINDS: tuple[ChartKind, ...] = ("intervals", "run to run", "core scaling", "batch scaling")
_MISSING = {
    "run to run": "This benchmark was stored without its single runs: measure it again.",
    "core scaling": "Core scaling needs two thread counts: r, then threads such as 1,2.",
    "batch scaling": "Batch scaling needs two batch sizes: r, then batches such as 1,8.",
}


class BenchCharts(Container):
    """One chart of some runs; the kind stays when other runs are shown."""

    DEFAULT_CSS = """
    BenchCharts > IntervalChart { height: 1fr; }
    BenchCharts > StripChart { height: 1fr; }
    BenchCharts > CurveChart { height: 1fr; }
    """

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.intervals = IntervalChart()
        self.strips = StripChart()
        self.curves = CurveChart()
        self.strips.display = self.curves.display = False
        self.kind: ChartKind = KINDS[0]
        self._chosen: tuple[ChosenRun, ...] = ()

    def compose(self) -> Iterable[Widget]:
        """All, but one of them hidden."""
        yield self.intervals
        yield self.strips
        yield self.curves

    def turn(self) -> ChartKind:
        """Goes to the next kind, and returns it."""
        self.kind = KINDS[(KINDS.index(self.kind) + 1) % len(KINDS)]
        self._draw()
        return self.kind

    def show(self, chosen: Sequence[ChosenRun]) -> None:
        """Draws these runs; scaling is that of the first one's benchmark."""
        self._chosen = tuple(chosen)
        self._draw()

    def _draw(self) -> None:
        self.intervals.display = self.kind == "intervals"
        self.strips.display = self.kind == "run to run"
        self.curves.display = not (self.intervals.display or self.strips.display)
        self.strips.empty_text = self.curves.empty_text = _MISSING.get(self.kind, "")
        if self.kind == "intervals":
            self._draw_intervals()
        elif self.kind == "run to run":
            self._draw_dots()
        elif self._chosen:
            axis: Axis = "threads" if self.kind == "core scaling" else "batch"
            self._draw_scaling(self._chosen[0], axis)

    def _draw_intervals(self) -> None:
        self.intervals.set_intervals(
            [
                Interval(
                    label=_label(one, self._chosen),
                    low=one.run.timing.low_ms,
                    middle=one.run.timing.median_ms,
                    high=one.run.timing.high_ms,
                    note="" if one.run.timing.trusted else "not trusted",
                )
                for one in self._chosen
            ],
            title="ms: median with its 95 % interval",
            value_format=format_ms,
        )

    def _draw_dots(self) -> None:
        self.strips.set_strips(
            [
                Strip(label=_label(one, self._chosen), values=one.run.timing.samples_ms)
                for one in self._chosen
            ],
            title="run to run: ms of consecutive parts, the later the lower",
            value_format=format_ms,
        )

    def _draw_scaling(self, chosen: ChosenRun, axis: Axis) -> None:
        """All models, with the batch or the threads that the chosen run has."""
        kept: Axis = "batch" if axis == "threads" else "threads"
        self.curves.set_curves(
            [
                _curve(one, axis)
                for one in scaling_over(chosen.benchmark, axis)
                if getattr(one.runs[0], kept) == getattr(chosen.run, kept)
            ],
            title=self.kind,
            x_label=axis,
            y_label="items/s",
            x_format=_whole,
            y_format=format_rate,
        )


def _whole(value: float) -> str:
    """Half a thread has no number."""
    return str(int(value)) if value.is_integer() else NOT_MEASURED


def _curve(scaling: Scaling, axis: Axis) -> CurveSeries:
    return CurveSeries(
        label=scaling.label,
        xs=scaling.values(axis),
        ys=tuple(run.timing.items_per_s for run in scaling.runs),
    )


def _label(one: ChosenRun, all_of_them: Sequence[ChosenRun]) -> str:
    """With the benchmark's name only where there are several."""
    is_one = len({other.benchmark.id for other in all_of_them}) == 1
    return one.run.label if is_one else one.name
