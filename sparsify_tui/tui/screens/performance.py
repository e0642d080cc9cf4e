"""Performance: where the time goes, measured; or FLOPs from the architecture until then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.breakdown import (
    TimeRow,
    flops_rows,
    kernel_rows,
    layer_rows,
    operator_rows,
)
from sparsify_tui.core.model import Layer, Model
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.text import clean_text
from sparsify_tui.core.units import (
    format_count,
    format_flops,
    format_ms,
    format_percent,
    format_rate,
    format_shape,
)
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.measuring import measure_perf
from sparsify_tui.tui.new_project import run_fields
from sparsify_tui.tui.screens.stored import StoredScreen
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.inline_bar import bar_text
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.table_model import Column, Row

VIEWS: Mapping[str, Callable[[Model, PerfProfile], tuple[TimeRow, ...]]] = {
    "layers": layer_rows,
    "kernels": kernel_rows,
    "operators": operator_rows,
}
_BAR = 10
_COLUMNS = (
    Column(key="at", title="#", width=4, justify="right", priority=3),
    Column(key="name", title="layer", width=20, grows=True),
    Column(key="op", title="op", width=9, priority=2),
    Column(key="params", title="params", width=6, justify="right", priority=3),
    Column(key="flops", title="FLOPs", width=6, justify="right", priority=3),
    Column(key="ms", title="ms", width=7, justify="right"),
    Column(key="bar", title="", width=_BAR, sortable=False, priority=4),
    Column(key="share", title="share", width=6, justify="right", priority=1),
)


class PerformanceScreen(StoredScreen):
    """One measured profile, or the FLOPs profile."""

    KEY = "1"
    COLLECTION = "perf_profiles"
    WHAT = "performance profile"
    HINTS = (
        ("r", "run"),
        ("o", "open"),
        ("v", "view"),
        ("slash", "filter"),
        ("s", "sort"),
        ("L", "scale"),
        ("Y", "CSV"),
        ("R", "rename"),
        ("D", "delete"),
        ("3", "optimize"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "Measure a performance profile", show=False, id="perf.run"),
        Binding("v", "view", "Layers, kernels, or operators", show=False, id="perf.view"),
        Binding("L", "scale", "Scale of the chart", show=False, id="perf.scale"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._view = "layers"
        self._chart_keys: tuple[str, ...] = ()

    def body(self) -> Iterable[Widget]:
        """Summary, table with detail, bars in graph order."""
        yield Static(markup=False, id="summary", classes="headline")
        with Horizontal(classes="row"):
            yield Table(*_COLUMNS, can_mark=False)
            yield Static(markup=False, id="detail", classes="detail")
        yield LayerBars(classes="chart")

    def what(self) -> str:
        """Name of the profile."""
        return self.desk.perf.name if self.desk.perf else "FLOPs from the architecture"

    def show(self) -> None:
        """Draws the profile in the view chosen."""
        profile, model = self.desk.perf, self.project.model
        stale = profile is not None and self.project.is_stale(profile)
        self.query_one("#summary", Static).update(
            _summary(profile, stale=stale) if profile else _flops_summary(model)
        )
        rows = self._rows(model, profile)
        self.query_one(Table).show_rows(rows)
        self._show_bars(model, profile)
        self._show_detail()

    def action_run(self) -> None:
        """Asks for batch and threads, and measures."""
        fields = (Field(name="name", label="Name", help="Empty: from batch and threads."),)
        form = Form(
            "Measure performance", (*run_fields(self.desk.bench), *fields), accept="measure"
        )
        self.app.push_screen(form, self._measure)

    def action_view(self) -> None:
        """Goes to the next view."""
        names = list(VIEWS)
        self._view = names[(names.index(self._view) + 1) % len(names)]
        self.show()
        self.confirm(f"view: {self._view}")

    def action_scale(self) -> None:
        """Turns the scale of the bars."""
        self.query_one(LayerBars).action_cycle_scale()

    @on(Table.Highlighted)
    def follow_table(self, event: Table.Highlighted) -> None:
        """Moves the chart's cursor and the detail with the table's."""
        if event.key in self._chart_keys:
            self.query_one(LayerBars).move_to(self._chart_keys.index(event.key))
        self._show_detail()

    @on(LayerBars.Picked)
    def follow_chart(self, event: LayerBars.Picked) -> None:
        """Moves the table's cursor with the chart's."""
        self.query_one(Table).move_to(self._chart_keys[event.index])

    def _measure(self, answers: dict[str, str] | None) -> None:
        if answers is not None:
            measure_perf(
                self.owner,
                self.project.id,
                batch=int(answers["batch"]),
                threads=int(answers["threads"]),
                name=answers["name"],
            )

    def _rows(self, model: Model, profile: PerfProfile | None) -> list[Row]:
        if profile is None:
            whole = float(model.flops or 0)
            rows = flops_rows(model)
            return [
                self._row(at, row, _share(row.layer.flops if row.layer else None, whole))
                for at, row in enumerate(rows)
            ]
        whole = profile.total.min_ms
        rows = VIEWS[self._view](model, profile)
        return [self._row(at, row, _share(row.ms, whole)) for at, row in enumerate(rows)]

    def _row(self, at: int, row: TimeRow, share: float | None) -> Row:
        layer = row.layer
        style = "" if layer else "dim"  # one style a row: each change of colour costs bytes
        return Row(
            key=row.key,
            cells={
                "at": cell(str(at), style),
                "name": name_cell(row.name, style),
                "op": name_cell(row.op_type, style) if row.op_type else cell(""),
                "params": cell(format_count(layer.params) if layer else ""),
                "flops": cell(format_count(layer.flops) if layer else ""),
                "ms": cell(format_ms(row.ms), style),
                "bar": bar_text(share, _BAR, symbols=symbols_of(self.app), style=style),
                "share": cell(format_percent(share), style),
            },
            sort_values={
                "at": at,
                "name": row.name,
                "op": row.op_type,
                "params": layer.params if layer else None,
                "flops": layer.flops if layer else None,
                "ms": row.ms,
                "share": share,
            },
            search=f"{row.name} {row.op_type}",
        )

    def _show_bars(self, model: Model, profile: PerfProfile | None) -> None:
        layers = model.layers
        self._chart_keys = tuple(layer.id for layer in layers)
        self.query_one(LayerBars).set_bars(
            [layer.flops if profile is None else profile.layer_ms(layer.id) for layer in layers],
            [layer.label for layer in layers],
            title="FLOPs by layer, graph order" if profile is None else "ms by layer, graph order",
            unit=format_count if profile is None else format_ms,
        )

    def _show_detail(self) -> None:
        key = self.query_one(Table).cursor_key
        layer = self.project.model.layer(key) if key else None
        self.show_detail(layer_detail(layer, self.desk.perf) if layer else Content(""))


def _share(amount: float | None, whole: float) -> float | None:
    return amount / whole if amount is not None and whole else None


def _summary(profile: PerfProfile, *, stale: bool) -> Content:
    total, where = profile.total, profile.environment
    half = (total.high_ms - total.low_ms) / 2
    trust = (
        ("trusted", "bold $text-success")
        if total.trusted
        else (f"not trusted: {', '.join(total.reasons)}", "bold $text-warning")
    )
    first = Content.assemble(
        (f"{format_ms(total.median_ms)} ms", "bold $text-accent"),
        f" ±{format_ms(half)}  {format_rate(total.items_per_s)}  ",
        f"batch {profile.batch}  threads {where.threads}  ",
        trust,
    )
    second = (
        f"{where.engine} {where.engine_version} {where.isa}  cold {format_ms(profile.cold_ms)} ms  "
        f"median of {total.runs}  layers timed {format_percent(profile.coverage, 0)}"
    )
    warning = "  STALE: the model file has changed" if stale else ""
    return Content.assemble(first, "\n", (f"{second}{warning}", "$text-muted"))


def _flops_summary(model: Model) -> Content:
    return Content.assemble(
        (f"{format_flops(model.flops)}", "bold $text-accent"),
        f" and {format_count(model.params)} parameters, from the architecture\n",
        ("not measured yet: ", "$text-muted"),
        ("r", "bold $text-accent"),
        (" measures every layer; some seconds, nothing else should run", "$text-muted"),
    )


def layer_detail(layer: Layer, profile: PerfProfile | None) -> Content:
    """All that is known of a layer."""
    ms = profile.layer_ms(layer.id) if profile else None
    rate = f"{layer.flops / ms / 1e6:.1f} GFLOP/s" if layer.flops and ms else "·"
    lines = [
        f"{layer.op_type} {format_shape(layer.shape)}",
        f"weight {clean_text(layer.weight, 36)}",
        f"{format_count(layer.params)} parameters",
        f"{format_percent(1 - layer.density)} zeros",
        f"{format_flops(layer.flops)}",
        f"{format_ms(ms)} ms   {rate}",
        f"prunable {'yes' if layer.prunable else 'no'}",
        f"quantizable {'yes' if layer.quantizable else 'no'}",
    ]
    if layer.group is not None:
        lines.append(f"shared by {len(layer.users)} nodes")
    return Content.assemble((clean_text(layer.label, 40), "bold"), "\n", "\n".join(lines))
