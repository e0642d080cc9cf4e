"""Optimization: which layers are pruned how far, and what that brings, live."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.optimization import (
    History,
    Optimization,
    lock_layers,
    set_level,
    shift_level,
    toggle_layers,
)
from sparsify_tui.core.units import format_percent
from sparsify_tui.errors import UsageError
from sparsify_tui.tui import questions
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.outlook import outlook_text, plan_detail
from sparsify_tui.tui.plan_forms import (
    level_from_text,
    plan_fields,
    request_from_answers,
    schedule_fields,
    with_schedule,
)
from sparsify_tui.tui.plan_table import COLUMNS, plan_rows
from sparsify_tui.tui.screens.stored import StoredScreen
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table

_SAVE_AFTER_S = 0.4


class OptimizationScreen(StoredScreen):
    """The editor; every edit is one step of undo, and is saved by itself."""

    KEY = "3"
    COLLECTION = "optimizations"
    WHAT = "optimization"
    HINTS = (
        ("n", "new"),
        ("p", "prune/keep"),
        ("e", "edit"),
        ("left_square_bracket", "-5"),
        ("right_square_bracket", "+5"),
        ("t", "target"),
        ("K", "lock"),
        ("u", "undo"),
        ("f", "schedule"),
        ("o", "open"),
        ("c", "copy"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New optimization", show=False, id="plan.new"),
        Binding("p", "keep_or_prune", "Prune or keep the layer", show=False, id="plan.toggle"),
        Binding("e", "edit", "Edit the layer's sparsity", show=False, id="plan.edit"),
        Binding("left_square_bracket", "shift(-0.05)", "5 points less", show=False, id="plan.less"),
        Binding("right_square_bracket", "shift(0.05)", "5 points more", show=False, id="plan.more"),
        Binding("left_curly_bracket", "shift(-0.01)", "1 point less", show=False, id="plan.less1"),
        Binding("right_curly_bracket", "shift(0.01)", "1 point more", show=False, id="plan.more1"),
        Binding("K", "lock", "Lock or unlock the layer", show=False, id="plan.lock"),
        Binding("t", "target", "Spread a target sparsity", show=False, id="plan.target"),
        Binding("f", "schedule", "Schedule: epochs and rates", show=False, id="plan.schedule"),
        Binding("u,ctrl+z", "undo", "Undo", show=False, id="plan.undo"),
        Binding("ctrl+r,ctrl+y", "redo", "Redo", show=False, id="plan.redo"),
        Binding("c", "copy_plan", "Copy the optimization", show=False, id="plan.copy"),
        Binding("L", "scale", "Scale of the chart", show=False, id="plan.scale"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._history: History | None = None
        self._unsaved = False

    def body(self) -> Iterable[Widget]:
        """Estimates, table with detail, sparsity in graph order."""
        yield Static(markup=False, id="outlook", classes="headline")
        with Horizontal(classes="row"):
            yield Table(*COLUMNS)
            yield Static(markup=False, id="detail", classes="detail")
        bars = LayerBars(classes="chart")
        bars.scale = "linear"
        yield bars

    def what(self) -> str:
        """Name of the optimization."""
        return self.desk.plan.name if self.desk.plan else ""

    @property
    def plan(self) -> Optimization | None:
        """The optimization as it is edited."""
        return self._history.present if self._history else None

    def show(self) -> None:
        """Draws the open optimization, or what one is for."""
        stored = self.desk.plan
        if stored is None:
            self._history = None
        elif self.plan is None or self.plan.id != stored.id or not self._unsaved:
            past = self._history if self.plan and self.plan.id == stored.id else None
            self._history = past.stored(stored) if past else History(present=stored)
        layers = len(self.project.model.prunable)
        self.stand_in(
            "No optimization yet: which layers are pruned, how far, and when."
            if layers
            else "This model has no prunable layer: no Conv, Gemm or MatMul with constant weights.",
            *((("n", f"make one for the {layers} prunable layers"),) if layers else ()),
            when=stored is None,
        )
        if stored is not None:
            if self.focused is None:
                self.query_one(Table).focus()
            self._draw()

    def on_screen_suspend(self) -> None:
        """Nothing stays unsaved when another section is shown."""
        self._save()

    def action_new(self) -> None:
        """Asks for target and spread, and makes an optimization."""
        self._save()
        form = Form("New optimization", plan_fields(self.project), accept="make it")
        self.app.push_screen(form, self._create)

    def action_keep_or_prune(self) -> None:
        """Switches the chosen layers on or off."""
        self._edit(lambda plan: toggle_layers(plan, self._chosen()))

    def action_shift(self, step: float) -> None:
        """Raises or lowers the chosen layers."""
        self._edit(lambda plan: shift_level(plan, self._chosen(), step))

    def action_lock(self) -> None:
        """Locks or unlocks the chosen layers."""
        self._edit(lambda plan: lock_layers(plan, self._chosen()))

    def action_edit(self) -> None:
        """Asks for a level: 85, +5, or dense."""
        chosen = self._chosen()
        if not chosen or self.plan is None:
            return
        level = self.plan.levels.get(self.project.model.prunable[0].id, 0.0)
        for one in self.plan.pruning.layers:
            level = one.level if one.id == chosen[0] else level

        def apply(text: str) -> None:
            self._edit(lambda plan: set_level(plan, chosen, level_from_text(text, level)))

        title = f"Sparsity of {len(chosen)} layers in %: 85, +5, -5 or dense"
        questions.ask_text(
            self.owner, title, f"{level * 100:g}", lambda text: self.act(lambda: apply(text))
        )

    def action_target(self) -> None:
        """Asks for a target, and spreads it over the free layers."""
        if self.plan is not None:
            form = Form("Spread a target", plan_fields(self.project, self.plan), accept="spread")
            self.app.push_screen(form, self._spread)

    def action_schedule(self) -> None:
        """The fields of all modifiers as one form."""
        if self.plan is not None:
            form = Form("Schedule: epochs and rates", schedule_fields(self.plan), accept="keep")
            self.app.push_screen(form, self._reschedule)

    def action_undo(self) -> None:
        """One step back."""
        self._step(History.undo, "nothing to undo")

    def action_redo(self) -> None:
        """One step forward."""
        self._step(History.redo, "nothing to redo")

    def action_copy_plan(self) -> None:
        """Goes on with a copy."""
        plan = self.plan
        if plan is not None:
            self._save()
            self.act(lambda: self._opened(self.desk.bench.plans.copy(self.project.id, plan)))

    def action_scale(self) -> None:
        """Turns the scale of the bars."""
        self.query_one(LayerBars).action_cycle_scale()

    @on(Table.Highlighted)
    def follow_table(self, event: Table.Highlighted) -> None:
        """Moves the chart's cursor and the detail with the table's."""
        keys: list[str] = [layer.id for layer in self.project.model.prunable]
        if event.key in keys:
            self.query_one(LayerBars).move_to(keys.index(event.key))
        self._show_detail()

    @on(LayerBars.Picked)
    def follow_chart(self, event: LayerBars.Picked) -> None:
        """Moves the table's cursor with the chart's."""
        self.query_one(Table).move_to(self.project.model.prunable[event.index].id)

    def _chosen(self) -> tuple[str, ...]:
        """The marked layers, else the one under the cursor."""
        table = self.query_one(Table)
        marked = tuple(table.marked_keys)
        return marked or ((table.cursor_key,) if table.cursor_key else ())

    def _edit(self, change: Callable[[Optimization], Optimization]) -> None:
        if self._history is not None:
            self._take(self._history.then(change(self._history.present)))

    def _step(self, move: Callable[[History], History], otherwise: str) -> None:
        if self._history is None:
            return
        moved = move(self._history)
        if moved is self._history:
            self.confirm(otherwise)
        self._take(moved)

    def _take(self, history: History) -> None:
        if history is self._history:
            return
        self._history, self._unsaved = history, True
        self._draw()
        self.set_timer(_SAVE_AFTER_S, self._save)

    def _save(self) -> None:
        """Stores the plan; called soon after an edit and before anything else is shown."""
        plan = self.plan
        if plan is None or not self._unsaved or self.desk.project is None:
            return
        self._unsaved = False
        self.act(lambda: self._store(plan))

    def _store(self, plan: Optimization) -> None:
        self.desk.bench.plans.save(self.project.id, plan)
        self.desk.refresh()
        self._seen = self.desk.version

    def _create(self, answers: dict[str, str] | None) -> None:
        if answers is None:
            return
        request = request_from_answers(answers)
        if request.scope == "global" and self.desk.loss is None:
            self.owner.report(
                UsageError(
                    "One threshold for all layers needs a loss profile.",
                    "Press 2, then r, to make one; it takes about a second.",
                )
            )
            return
        self.act(lambda: self._opened(self.desk.bench.plans.create(self.project.id, request)))

    def _opened(self, plan: Optimization) -> None:
        self.desk.refresh()
        self.desk.look_at(plan)

    def _spread(self, answers: dict[str, str] | None) -> None:
        if answers is not None:
            request = request_from_answers(answers)
            bench, project = self.desk.bench, self.project
            self._edit(
                lambda plan: bench.plans.spread(project, plan, request.sparsity, request.scope)
            )

    def _reschedule(self, answers: dict[str, str] | None) -> None:
        if answers is not None:
            self.act(lambda: self._edit(lambda plan: with_schedule(plan, answers)))

    def _draw(self) -> None:
        plan = self.plan
        if plan is None:
            return
        bench, layers = self.desk.bench, self.project.model.prunable
        outlook = bench.plans.outlook(self.project, plan)
        steps = (len(self._history.past), len(self._history.future)) if self._history else (0, 0)
        self.query_one("#outlook", Static).update(
            outlook_text(plan, outlook, is_met=bench.plans.is_met(self.project, plan), steps=steps)
        )
        rows = plan_rows(self.project, plan, self.desk.perf, symbols_of(self.app))
        self.query_one(Table).show_rows(rows)
        self.query_one(LayerBars).set_bars(
            [plan.levels.get(layer.id, 0.0) for layer in layers],
            [layer.label for layer in layers],
            title="sparsity by layer, graph order",
            unit=lambda level: format_percent(level, 0),
        )
        self._show_detail()

    def _show_detail(self) -> None:
        key = self.query_one(Table).cursor_key
        layer = self.project.model.layer(key) if key else None
        if layer is not None and self.plan is not None:
            self.show_detail(plan_detail(layer, self.plan, self.desk.loss, self.desk.perf))
