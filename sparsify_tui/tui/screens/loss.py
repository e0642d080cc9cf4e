"""Loss: what each layer's weights would lose, level by level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.model import Layer
from sparsify_tui.core.profile import LossProfile
from sparsify_tui.core.units import (
    format_count,
    format_percent,
    format_score,
    format_seconds,
    format_when,
)
from sparsify_tui.tui.cells import cell, name_cell
from sparsify_tui.tui.dialogs.field import Field
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.measuring import measure_loss
from sparsify_tui.tui.perf.detail import layer_detail
from sparsify_tui.tui.screens.stored import StoredScreen
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.curve_chart import CurveChart, CurveSeries
from sparsify_tui.tui.widgets.inline_bar import sparkline_text
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.table_model import Column, Row

_SHOWN_LEVELS = (0.5, 0.7, 0.8, 0.9, 0.95)
_BAR_LEVEL = 0.8
_SPARK = 10
_MOST_CURVES = 6
_REST_S = 0.2
_COLUMNS = (
    Column(key="at", title="#", width=4, justify="right", priority=5),
    Column(key="name", title="layer", width=20, grows=True),
    Column(key="params", title="params", width=6, justify="right", priority=4),
    *(
        Column(
            key=f"{level}",
            title=format_percent(level, 0),
            width=6,
            justify="right",
            priority=0 if level == _BAR_LEVEL else 2,
        )
        for level in _SHOWN_LEVELS
    ),
    Column(key="curve", title="curve", width=_SPARK, sortable=False, priority=1),
)


class LossScreen(StoredScreen):
    """Removed weight energy of each layer, which is no ranking across layers."""

    KEY = "2"
    COLLECTION = "loss_profiles"
    WHAT = "loss profile"
    HINTS = (
        ("r", "run"),
        ("o", "open"),
        ("space", "mark"),
        ("v", "bars/curves"),
        ("slash", "filter"),
        ("s", "sort"),
        ("Y", "CSV"),
        ("R", "rename"),
        ("D", "delete"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "Make a loss profile", show=False, id="loss.run"),
        Binding("v", "view", "Curves of marked layers, or bars", show=False, id="loss.view"),
        Binding("L", "scale", "Scale of the bars", show=False, id="loss.scale"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._is_curves = True
        self._resting: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """Summary, table, curves or bars."""
        yield Static(markup=False, id="summary", classes="headline")
        with Horizontal(classes="row"):
            yield Table(*_COLUMNS)
            yield Static(markup=False, id="detail", classes="detail")
        yield CurveChart(classes="chart")
        yield LayerBars(classes="chart")

    def what(self) -> str:
        """Name of the profile."""
        return self.desk.loss.name if self.desk.loss else ""

    def show(self) -> None:
        """Draws the profile, or what it would be good for."""
        profile = self.desk.loss
        self.stand_in(
            "No loss profile yet: what pruning takes out of each layer's weights.",
            ("r", "make one from the weights alone; no data needed"),
            takes=f"About a second for {format_count(self.project.model.params)} parameters.",
            when=profile is None,
        )
        if profile is None:
            return
        self.query_one("#summary", Static).update(
            _summary(profile, stale=self.project.is_stale(profile))
        )
        layers = self.project.model.prunable
        table = self.query_one(Table)
        table.show_rows([self._row(at, layer, profile) for at, layer in enumerate(layers)])
        if self.focused is None:
            table.focus()
        self._show_chart()

    def action_run(self) -> None:
        """Asks for levels, and makes a profile."""
        bench = self.desk.bench
        fields = (
            Field(
                name="levels",
                label="Levels",
                value=",".join(f"{level:g}" for level in bench.measure.default_levels),
                help="Sparsities between 0 and 1, separated by commas.",
                check=bench.measure.check_levels,
            ),
            Field(name="name", label="Name", value="magnitude", help="To find it again."),
        )
        self.app.push_screen(Form("Loss profile from the weights", fields), self._measure)

    def action_view(self) -> None:
        """Turns between curves and bars."""
        self._is_curves = not self._is_curves
        self._show_chart()

    def action_scale(self) -> None:
        """Turns the scale of the bars."""
        self.query_one(LayerBars).action_cycle_scale()

    @on(Table.Highlighted)
    @on(Table.Marked)
    def follow_table(self) -> None:
        """Draws the chart again once the cursor rests: a held key must not flood the line."""
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST_S, self._show_chart)

    @on(LayerBars.Picked)
    def follow_chart(self, event: LayerBars.Picked) -> None:
        """Moves the table's cursor with the chart's."""
        self.query_one(Table).move_to(self.project.model.prunable[event.index].id)

    def _measure(self, answers: dict[str, str] | None) -> None:
        if answers is not None:
            levels = self.desk.bench.measure.levels_from(answers["levels"])
            measure_loss(self.owner, self.project.id, levels=levels, name=answers["name"])

    def _row(self, at: int, layer: Layer, profile: LossProfile) -> Row:
        curve = profile.curve(layer.id)
        values = {str(level): curve.at(level) if curve else None for level in _SHOWN_LEVELS}
        symbols = symbols_of(self.app)
        spark = [curve.at(i / _SPARK) for i in range(1, _SPARK + 1)] if curve else []
        return Row(
            key=layer.id,
            cells={
                "at": cell(str(at)),
                "name": name_cell(layer.label),
                "params": cell(format_count(layer.params)),
                **{key: cell(format_score(value)) for key, value in values.items()},
                "curve": sparkline_text(spark, _SPARK, symbols=symbols)
                if spark
                else cell("not measured"),
            },
            sort_values={"at": at, "name": layer.label, "params": layer.params, **values},
            search=f"{layer.label} {layer.op_type}",
        )

    def _show_chart(self) -> None:
        profile = self.desk.loss
        if profile is None:
            return
        curves, bars = self.query_one(CurveChart), self.query_one(LayerBars)
        curves.display, bars.display = self._is_curves, not self._is_curves
        table = self.query_one(Table)
        layer = self.project.model.layer(table.cursor_key) if table.cursor_key else None
        if layer is not None:
            self.show_detail(layer_detail(layer, self.desk.perf))
        if self._is_curves:
            self._show_curves(profile, curves, table)
        else:
            self._show_bars(profile, bars, table)

    def _show_curves(self, profile: LossProfile, chart: CurveChart, table: Table) -> None:
        chosen = [layer for layer in self.project.model.prunable if layer.id in table.marked_keys]
        current = self.project.model.layer(table.cursor_key) if table.cursor_key else None
        if current is not None and current not in chosen:
            chosen = [*chosen[: _MOST_CURVES - 1], current]
        found = [(layer, profile.curve(layer.id)) for layer in chosen[:_MOST_CURVES]]
        chart.set_curves(
            [
                CurveSeries(
                    label=layer.label,
                    xs=curve.levels,
                    ys=curve.values,
                    selected=layer is current,
                )
                for layer, curve in found
                if curve is not None
            ],
            title="removed weight energy",
            x_label="sparsity",
            y_label="share",
            x_format=lambda level: format_percent(level, 0),
            y_format=format_score,
            marker_x=None,
        )

    def _show_bars(self, profile: LossProfile, chart: LayerBars, table: Table) -> None:
        layers = self.project.model.prunable
        found = [profile.curve(layer.id) for layer in layers]
        chart.set_bars(
            [curve.at(_BAR_LEVEL) if curve else None for curve in found],
            [layer.label for layer in layers],
            title=f"removed weight energy at {format_percent(_BAR_LEVEL, 0)}, graph order",
            unit=format_score,
        )
        keys: list[str] = [layer.id for layer in layers]
        if table.cursor_key in keys:
            chart.move_to(keys.index(table.cursor_key))


def _summary(profile: LossProfile, *, stale: bool) -> Content:
    warning = "  STALE: the model file has changed" if stale else ""
    return Content.assemble(
        (f"{profile.metric}", "bold $text-accent"),
        "  each layer's own curve, ",
        ("not a ranking across layers", "bold"),
        "\n",
        (
            (
                f"{profile.source}  {format_seconds(profile.wall_s)}  "
                f"{format_when(profile.created)}{warning}"
            ),
            "$text-muted",
        ),
    )
