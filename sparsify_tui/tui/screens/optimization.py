"""Optimization: which layers are pruned how far or int8, and what that brings, live."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.optimization import (
    Optimization,
    adopt_placement,
    changeable_layers,
    lock_layers,
    set_level,
    shift_level,
    toggle_layers,
    toggle_quantized,
)
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.units import format_percent
from sparsify_tui.tui import questions
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.int8_search import ask_and_search, search_int8
from sparsify_tui.tui.outlook import outlook_lines, plan_detail
from sparsify_tui.tui.plan_forms import (
    NUMBERS,
    level_from_text,
    new_plan_fields,
    request_from_answers,
    schedule_fields,
    spread_fields,
    target_from_answers,
    with_schedule,
)
from sparsify_tui.tui.plan_table import COLUMNS, plan_rows
from sparsify_tui.tui.screens.edited import EditedScreen
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.headline import Headline
from sparsify_tui.tui.widgets.layer_bars import LayerBars
from sparsify_tui.tui.widgets.layer_table import Table


class OptimizationScreen(EditedScreen):
    """The editor; every edit is one step of undo, and is saved by itself."""

    KEY = "3"
    COLLECTION = "optimizations"
    WHAT = "optimization"
    HINTS = (
        ("n", "new"),
        ("p", "prune/keep"),
        ("i", "int8"),
        ("I", "search"),
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
        Binding("i", "int8", "Layer in int8 or float", show=False, id="plan.int8"),
        Binding("I", "place", "Search where int8 pays", show=False, id="plan.place"),
        Binding("e", "edit", "Edit the layer's sparsity", show=False, id="plan.edit"),
        Binding("left_square_bracket", "shift(-0.05)", "5 points less", show=False, id="plan.less"),
        Binding("right_square_bracket", "shift(0.05)", "5 points more", show=False, id="plan.more"),
        Binding("left_curly_bracket", "shift(-0.01)", "1 point less", show=False, id="plan.less1"),
        Binding("right_curly_bracket", "shift(0.01)", "1 point more", show=False, id="plan.more1"),
        Binding("K", "lock", "Lock or unlock the layer", show=False, id="plan.lock"),
        Binding("t", "target", "Spread a target sparsity", show=False, id="plan.target"),
        Binding("f", "schedule", "Schedule: epochs and rates", show=False, id="plan.schedule"),
        Binding("c", "copy_plan", "Copy the optimization", show=False, id="plan.copy"),
        Binding("L", "scale", "Scale of the chart", show=False, id="plan.scale"),
    ]

    def body(self) -> Iterable[Widget]:
        """Estimates, table with detail, sparsity in graph order."""
        yield Headline()
        with Horizontal(classes="row"):
            yield Table(*COLUMNS)
            yield Static(markup=False, id="detail", classes="detail")
        bars = LayerBars(classes="chart")
        bars.scale = "linear"
        yield bars

    def what(self) -> str:
        """Name of the optimization."""
        return self.desk.plan.name if self.desk.plan else ""

    def show(self) -> None:
        """Draws the open optimization, or what one is for."""
        stored = self.desk.plan
        self.editor.look_at(stored)
        layers = len(changeable_layers(self.project.model))
        self.stand_in(
            "No optimization yet: which layers are pruned, how far, which are int8, and when."
            if layers
            else "There is nothing to change: no Conv, Gemm or MatMul with constant weights.",
            *((("n", f"make one for the {layers} layers"),) if layers else ()),
            when=stored is None,
        )
        if stored is not None:
            if self.focused is None:
                self.query_one(Table).focus()
            self.draw()

    def action_new(self) -> None:
        """Asks for target and spread, and makes an optimization."""
        self.save()
        form = Form("New optimization", new_plan_fields(self.project), accept="make it")
        self.app.push_screen(form, self._create)

    def action_keep_or_prune(self) -> None:
        """Switches the chosen layers on or off."""
        self._prune(lambda plan: toggle_layers(plan, self._chosen()))

    def action_shift(self, step: float) -> None:
        """Raises or lowers the chosen layers."""
        self._prune(lambda plan: shift_level(plan, self._chosen(), step))

    def action_lock(self) -> None:
        """Locks or unlocks the chosen layers."""
        self._prune(lambda plan: lock_layers(plan, self._chosen()))

    def action_edit(self) -> None:
        """Asks for a level: 85, +5, or dense."""
        chosen = self._chosen()
        if not chosen or self.plan is None:
            return
        level = next((one.level for one in self.plan.pruning.layers if one.id == chosen[0]), 0.0)

        def apply(text: str) -> None:
            self._prune(lambda plan: set_level(plan, chosen, level_from_text(text, level)))

        title = f"Sparsity of {len(chosen)} layers in %: 85, +5, -5 or dense"
        questions.ask_text(
            self.owner, title, f"{level * 100:g}", lambda text: self.act(lambda: apply(text))
        )

    def action_int8(self) -> None:
        """Puts the chosen layers in int8, or back in float."""
        able = {layer.id for layer in self.project.model.layers if layer.quantizable}
        chosen = [key for key in self._chosen() if key in able]
        if chosen:
            self.edit(lambda plan: toggle_quantized(plan, chosen))
        else:
            self.confirm("this layer cannot be int8")

    def action_place(self) -> None:
        """Asks for what setup, and searches where int8 pays."""
        plan = self.plan
        if plan is not None:
            self.save()
            ask_and_search(self.owner, plan, self._adopt)

    def action_target(self) -> None:
        """Asks for a target, and spreads it over the free layers."""
        if self.plan is not None:
            form = Form("Spread a target", spread_fields(self.plan), accept="spread")
            self.app.push_screen(form, self._spread)

    def action_schedule(self) -> None:
        """The fields of all modifiers as one form."""
        if self.plan is not None:
            form = Form("Schedule: epochs and rates", schedule_fields(self.plan), accept="keep")
            self.app.push_screen(form, self._reschedule)

    def action_copy_plan(self) -> None:
        """Goes on with a copy."""
        plan = self.plan
        if plan is not None:
            self.save()
            self.act(lambda: self._opened(self.desk.bench.plans.copy(self.project.id, plan)))

    def action_scale(self) -> None:
        """Turns the scale of the bars."""
        self.query_one(LayerBars).action_cycle_scale()

    @on(Table.Highlighted)
    def follow_table(self, event: Table.Highlighted) -> None:
        """Moves the chart's cursor and the detail with the table's."""
        keys: list[str] = [layer.id for layer in changeable_layers(self.project.model)]
        if event.key in keys:
            self.query_one(LayerBars).move_to(keys.index(event.key))
        self._show_detail()

    @on(LayerBars.Picked)
    def follow_chart(self, event: LayerBars.Picked) -> None:
        """Moves the table's cursor with the chart's."""
        self.query_one(Table).move_to(changeable_layers(self.project.model)[event.index].id)

    def _chosen(self) -> tuple[str, ...]:
        """The marked layers, else the one under the cursor."""
        table = self.query_one(Table)
        marked = tuple(table.marked_keys)
        return marked or ((table.cursor_key,) if table.cursor_key else ())

    def _prune(self, change: Callable[[Optimization], Optimization]) -> None:
        """An edit of levels; a plan that pruned nothing gets a schedule for it first."""
        bench, project = self.desk.bench, self.project
        self.edit(lambda plan: change(bench.plans.with_pruning(project, plan)))

    def _create(self, answers: dict[str, str] | None) -> None:
        if answers is None:
            return
        request = request_from_answers(answers)
        bench, project_id = self.desk.bench, self.project.id
        is_made = self.act(lambda: self._opened(bench.plans.create(project_id, request)))
        if is_made and answers["numbers"] == NUMBERS[1] and self.plan is not None:
            cores = bench.measure.cores
            search_int8(self.owner, self.plan, self._adopt, batch=1, threads=cores)

    def _adopt(self, project_id: str, plan_id: str, placement: Placement) -> None:
        """One step of undo where the plan is still open, else in its stored state."""
        project, plan = self.desk.project, self.plan
        if project and plan and (project.id, plan.id) == (project_id, plan_id):
            self.edit(lambda plan: adopt_placement(plan, placement))
            self.save()
            return

        def adopt() -> None:
            self.desk.bench.plans.adopt(project_id, plan_id, placement)
            self.desk.refresh()

        self.act(adopt)

    def _opened(self, plan: Optimization) -> None:
        self.desk.refresh()
        self.desk.look_at(plan)

    def _spread(self, answers: dict[str, str] | None) -> None:
        if answers is not None:
            bench, project = self.desk.bench, self.project
            target, scope = target_from_answers(answers), answers["scope"]
            self.act(
                lambda: self.edit(
                    lambda plan: bench.plans.spread(project, plan, target or 0.0, scope)
                )
            )

    def _reschedule(self, answers: dict[str, str] | None) -> None:
        if answers is not None:
            self.act(lambda: self.edit(lambda plan: with_schedule(plan, answers)))

    def draw(self) -> None:
        """Draws the plan as it is edited."""
        plan = self.plan
        if plan is None:
            return
        bench, model = self.desk.bench, self.project.model
        outlook = bench.plans.outlook(self.project, plan)
        is_met = bench.plans.is_met(self.project, plan)
        lines = outlook_lines(model, plan, outlook, is_met=is_met, steps=self.editor.steps)
        self.query_one(Headline).show(*lines)
        rows = plan_rows(self.project, plan, self.desk.perf, symbols_of(self.app))
        self.query_one(Table).show_rows(rows)
        layers = changeable_layers(model)
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
