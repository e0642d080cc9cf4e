"""Performance: where the time goes, measured; or FLOPs from the architecture until then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.breakdown import GROUPINGS, TimeRow, operator_rows
from sparsify_tui.core.perf_change import compare_profiles
from sparsify_tui.core.profile import PerfProfile
from sparsify_tui.core.sparse_model import SPARSE_ENGINES, SparseEngine
from sparsify_tui.tui.dialogs.choose import Choose
from sparsify_tui.tui.dialogs.pick_list import PickLine
from sparsify_tui.tui.dialogs.text_view import TextView
from sparsify_tui.tui.measuring import measure_perf
from sparsify_tui.tui.perf.charts import PerfCharts
from sparsify_tui.tui.perf.detail import layer_lines, row_lines, titled
from sparsify_tui.tui.perf.forms import perf_arguments, perf_form
from sparsify_tui.tui.perf.layer_table import share_bar_amounts
from sparsify_tui.tui.perf.lenses import (
    Lens,
    change_lens,
    flops_lens,
    measured_lens,
    modelled_lens,
    width_lens,
)
from sparsify_tui.tui.screens.stored import NotedScreen
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.headline import Headline
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.tui.widgets.share_bar import ShareBar

_FLOPS = "flops"
_FLOPS_NAME = "FLOPs from the architecture"
_REST_S = 0.2
_GROUPING_NOTES = {"stages": "stages are guessed from the layers' names"}


class PerformanceScreen(NotedScreen):
    """One measured profile, two side by side, a modelled sparse engine, or FLOPs."""

    KEY = "1"
    COLLECTION = "perf_profiles"
    WHAT = "performance profile"
    HINTS = (
        ("r", "run"),
        ("o", "open"),
        ("v", "group"),
        ("t", "chart"),
        ("c", "compare"),
        ("m", "sparse"),
        ("n", "widths"),
        ("slash", "filter"),
        ("s", "sort"),
        ("w", "wide"),
        ("M", "maximise"),
        ("3", "optimize"),
        ("N", "notes"),
        ("W", "save table"),
        ("L", "scale"),
        ("R", "rename"),
        ("D", "delete"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "Measure a performance profile", show=False, id="perf.run"),
        Binding("v", "view", "Group by layer, stage, operator, kernel", show=False, id="perf.view"),
        Binding("t", "chart", "Chart: bars or roofline", show=False, id="perf.chart"),
        Binding("c", "compare", "Compare with another profile", show=False, id="perf.compare"),
        Binding("m", "model", "Modelled sparse engine", show=False, id="perf.model"),
        Binding("n", "widths", "Channel widths", show=False, id="perf.widths"),
        Binding("L", "scale", "Scale of the bars", show=False, id="perf.scale"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._grouping = next(iter(GROUPINGS))
        self._wants_flops = False
        self._newest = ""
        self._against: str | None = None
        self._engine: SparseEngine | None = None
        self._wants_widths = False
        self._rows: dict[str, TimeRow] = {}
        self._resting: Timer | None = None

    @property
    def profile(self) -> PerfProfile | None:
        """The profile in sight; None for the FLOPs."""
        return None if self._wants_flops else self.desk.perf

    def body(self) -> Iterable[Widget]:
        """Summary, time by operator, table with detail, chart."""
        yield Headline()
        yield ShareBar()
        with Horizontal(classes="row"):
            yield Table(can_mark=False)
            yield Static(markup=False, id="detail", classes="detail")
        yield PerfCharts(classes="chart")

    def what(self) -> str:
        """Name of the profile."""
        return self.profile.name if self.profile else _FLOPS_NAME

    def current_item(self) -> PerfProfile | None:
        """The profile in sight, to be renamed or deleted."""
        return self.profile

    def show(self) -> None:
        """Draws what is open in the view chosen."""
        self._notice_a_new_one()
        self._rows = {}
        lens = self._lens()
        lens.draw(self.query_one(PerfCharts))
        self.query_one(Headline).show(*lens.lines)
        self.query_one(Table).show_rows(lens.rows, lens.columns)
        self.query_one(ShareBar).set_class(not self._rows, "-empty")
        if self.focused is None:
            self.query_one(Table).focus()
        self._follow()

    def _lens(self) -> Lens:
        """What is looked at."""
        profile, other = self.profile, self.project.perf_profile(self._against)
        symbols = symbols_of(self.app)
        if profile is None:
            return flops_lens(self.desk, symbols)
        if self._against is not None and other is not None:
            change = compare_profiles(self.project.model, other, profile)
            return change_lens(change, symbols)
        if self._engine is not None:
            return modelled_lens(self.project, profile, self._engine)
        if self._wants_widths and profile.channels is not None:
            return width_lens(self.project, profile, profile.channels, symbols)
        return self._measured_lens(profile)

    def open_lines(self) -> list[PickLine]:
        """The stored profiles, and the FLOPs, which are always there."""
        flops = PickLine(value=_FLOPS, label=_FLOPS_NAME, description="no measurement")
        return [*super().open_lines(), flops]

    def open_picked(self, item_id: str) -> None:
        """Opens a profile or the FLOPs."""
        self._wants_flops = item_id == _FLOPS
        self._leave_views()
        self.show_where()
        super().open_picked(item_id)
        self.show()

    def action_run(self) -> None:
        """Asks for batch, threads and engine, and measures."""
        self.app.push_screen(perf_form(self.desk.bench), self._measure)

    def action_view(self) -> None:
        """Goes to the next grouping."""
        self._leave_views()
        names = list(GROUPINGS)
        self._grouping = names[(names.index(self._grouping) + 1) % len(names)]
        self.show()
        note = _GROUPING_NOTES.get(self._grouping, "")
        self.confirm(f"by {self._grouping}{': ' if note else ''}{note}")

    def action_chart(self) -> None:
        """Turns from bars to the roofline and back."""
        if not self.query_one(PerfCharts).turn():
            self.confirm("no roofline: it needs measured times, FLOPs and bytes")

    def action_scale(self) -> None:
        """Turns the scale of the bars."""
        self.query_one(PerfCharts).bars.action_cycle_scale()

    def action_model(self) -> None:
        """Goes through the modelled sparse engines, then back to what was measured."""
        if self.profile is None:
            self.confirm("a sparse engine is modelled from measured times: r measures")
            return
        self._against, self._wants_widths = None, False
        following = dict(zip((None, *SPARSE_ENGINES), (*SPARSE_ENGINES, None), strict=True))
        self._engine = following[self._engine]
        self.show()

    def action_widths(self) -> None:
        """Shows the model narrowed, or leaves that."""
        lanes = self.profile.channels if self.profile else None
        if lanes is None or lanes.refused:
            self.confirm(lanes.refused if lanes else "no channel widths measured: r measures")
            return
        wanted = not self._wants_widths
        self._leave_views()
        self._wants_widths = wanted
        self.show()

    def action_compare(self) -> None:
        """Chooses another profile to stand beside the open one."""
        current = self.profile
        lines = [line for line in super().open_lines() if current and line.value != current.id]
        if current is None or not lines:
            self.confirm("two measured profiles are needed: r measures another")
            return

        def compare(item_id: str | None) -> None:
            if item_id is not None:
                self._leave_views()
                self._against = item_id
                self.show()

        self.app.push_screen(Choose(f"Compare {current.name} with", lines), compare)

    def step_back(self) -> bool:
        """Leaves the comparison, the modelled engine or the widths."""
        had_view = bool(self._against or self._engine or self._wants_widths)
        if had_view:
            self._leave_views()
            self.show()
        return had_view

    @on(Table.Highlighted)
    def follow_table(self) -> None:
        """Moves chart and detail once the cursor rests: a held key must not flood the line."""
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST_S, self._follow)

    @on(Table.Chosen)
    def open_detail(self, event: Table.Chosen) -> None:
        """Shows all that is known of the row."""
        title, lines = self._detail(event.key)
        if lines:
            text = "\n".join(lines)
            self.app.push_screen(
                TextView(title, text, copy=lambda kept: self.owner.copy_text(kept, "detail"))
            )

    @on(PerfCharts.Picked)
    def follow_chart(self, event: PerfCharts.Picked) -> None:
        """Moves the table's cursor with the chart's."""
        self.query_one(Table).move_to(event.key)

    def _measure(self, answers: dict[str, str] | None) -> None:
        if answers is not None:
            measure_perf(self.owner, self.project.id, **perf_arguments(answers))

    def _notice_a_new_one(self) -> None:
        """A profile that was just measured is looked at, whatever was open."""
        newest = self.project.perf_profiles[-1].id if self.project.perf_profiles else ""
        if newest != self._newest:
            self._newest, self._wants_flops = newest, False
            self._leave_views()
            self.show_where()

    def _leave_views(self) -> None:
        self._against = self._engine = None
        self._wants_widths = False

    def _measured_lens(self, profile: PerfProfile) -> Lens:
        model = self.project.model
        breakdown = GROUPINGS[self._grouping](model, profile)
        self._rows = {row.key: row for row in breakdown}
        self.query_one(ShareBar).set_shares(share_bar_amounts(operator_rows(model, profile)))
        return measured_lens(self.desk, profile, breakdown, symbols_of(self.app))

    def _detail(self, key: str) -> tuple[str, list[str]]:
        """Title and lines of a row."""
        row, profile = self._rows.get(key), self.profile
        if row is not None and profile is not None:
            return row.name, row_lines(row, profile)
        layer = self.project.model.layer(key)
        return ("", []) if layer is None else (layer.label, layer_lines(layer, profile))

    def _follow(self) -> None:
        key = self.query_one(Table).cursor_key
        if key is not None:
            self.query_one(PerfCharts).move_to(key)
            self.show_detail(titled(*self._detail(key)))
