"""Optimization: which layers and channels are pruned how far or int8, and what it brings, live."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.channels.edits import without_channels
from sparsify_tui.core.modifiers import ChannelPruning, Pruning
from sparsify_tui.core.modifiers.pruning import SCOPES
from sparsify_tui.core.optimization import Optimization, adopt_placement, changeable_layers
from sparsify_tui.core.placement import Placement
from sparsify_tui.core.plan_turns import adopt_point
from sparsify_tui.tui.channel_front import NO_FRONT, front_choices, front_lines
from sparsify_tui.tui.channel_search import ask_for_level, ask_for_search, make_plan
from sparsify_tui.tui.dialogs.choose import Choose
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.int8_search import ask_and_search, search_int8
from sparsify_tui.tui.plan_charts import PlanCharts
from sparsify_tui.tui.plan_forms import (
    NUMBERS,
    new_plan_fields,
    request_from_answers,
    schedule_fields,
    spread_fields,
    target_from_answers,
    with_schedule,
)
from sparsify_tui.tui.plan_table import COLUMNS
from sparsify_tui.tui.screens.planned import PlannedScreen
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.headline import Headline
from sparsify_tui.tui.widgets.key_line import KeyLine
from sparsify_tui.tui.widgets.layer_table import Table
from sparsify_tui.workbench.plan_requests import CHANNEL

_REST = (
    ("K", "lock"),
    ("u", "undo"),
    ("f", "schedule"),
    ("o", "open"),
    ("c", "copy"),
    ("d", "detail"),
    ("v", "chart"),
    ("w", "wide"),
)
CHANNEL_HINTS = (
    ("n", "new"),
    ("enter", "unfold"),
    ("p", "cut/keep"),
    ("left_square_bracket", "wider"),
    ("right_square_bracket", "narrower"),
    ("e", "edit"),
    ("C", "search"),
    ("F", "front"),
    ("t", "level"),
    ("z", "zeros"),
    ("i", "int8"),
    *_REST,
)
"""Keys for the last line where the rows are groups."""


class OptimizationScreen(PlannedScreen):
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
        ("z", "channels"),
        ("C", "channel search"),
        *_REST,
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New optimization", show=False, id="plan.new"),
        Binding("I", "place", "Search where int8 pays", show=False, id="plan.place"),
        Binding("C", "narrow", "Search narrower channels", show=False, id="plan.narrow"),
        Binding("F", "front", "Another point of the front", show=False, id="plan.front"),
        Binding("a", "about", "The front as a table", show=False, id="plan.about"),
        Binding("t", "target", "Spread a target", show=False, id="plan.target"),
        Binding("z", "turn", "Zeros or channels", show=False, id="plan.turn"),
        Binding("f", "schedule", "Schedule: epochs and rates", show=False, id="plan.schedule"),
        Binding("c", "copy_plan", "Copy the optimization", show=False, id="plan.copy"),
        Binding("v", "view", "Bars, or the front", show=False, id="plan.view"),
        Binding("L", "scale", "Scale of the chart", show=False, id="plan.scale"),
    ]

    def body(self) -> Iterable[Widget]:
        """Estimates, table with detail, chart."""
        yield Headline()
        with Horizontal(classes="row"):
            yield Table(*COLUMNS)
            yield Static(markup=False, id="detail", classes="detail")
        yield PlanCharts(classes="chart")

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
        """Asks for target, structure and numbers, and makes an optimization."""
        self.save()
        form = Form("New optimization", new_plan_fields(self.project), accept="make it")
        self.app.push_screen(form, self._create)

    def action_place(self) -> None:
        """Asks for what setup, and searches where int8 pays."""
        plan = self.plan
        if plan is not None:
            self.save()
            ask_and_search(self.owner, plan, self._adopt)

    def action_narrow(self) -> None:
        """Asks for setup and target, and searches narrower channels."""
        plan = self.plan
        if plan is not None:
            self.save()
            ask_for_search(self.owner, plan, self.apply)

    def action_front(self) -> None:
        """Chooses among the points that the search measured."""
        front = self.lens.front if self.lens else None
        if front is None:
            self.confirm(NO_FRONT)
            return

        def taken(at: str | None) -> None:
            if at is not None:
                self.edit(lambda plan: adopt_point(plan, int(at)))

        self.app.push_screen(Choose("The front: speed and loss", front_choices(front)), taken)

    def action_about(self) -> None:
        """Shows all points of the front, and what they rest on."""
        front = self.lens.front if self.lens else None
        if front is None:
            self.confirm(NO_FRONT)
        else:
            self.show_text("The front", "\n".join(front_lines(front.front, symbols_of(self.app))))

    def action_target(self) -> None:
        """Asks for a target, and spreads it over what is free."""
        plan = self.plan
        if plan is None:
            return
        if plan.find(ChannelPruning) is not None:
            self._ask_for_level(plan)
        else:
            form = Form("Spread a target", spread_fields(plan), accept="spread")
            self.app.push_screen(form, self._spread)

    def action_turn(self) -> None:
        """Turns zeros into fewer channels, and fewer channels into zeros."""
        plan = self.plan
        if plan is None:
            return
        if plan.find(ChannelPruning) is None:
            self._ask_for_level(plan)
        else:
            self.act(lambda: self.edit(self._with_zeros))

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

    def action_view(self) -> None:
        """Turns from bars to the front."""
        self.query_one(PlanCharts).turn()

    def action_scale(self) -> None:
        """Turns the scale of the bars."""
        self.query_one(PlanCharts).turn_scale()

    @on(Table.Highlighted)
    def follow_table(self, event: Table.Highlighted) -> None:
        """Moves the chart's cursor and the detail with the table's."""
        self.query_one(PlanCharts).follow(event.key)
        self._show_detail()

    @on(PlanCharts.Picked)
    def follow_chart(self, event: PlanCharts.Picked) -> None:
        """Moves the table's cursor with the chart's."""
        self.query_one(Table).move_to(event.key)

    def _create(self, answers: dict[str, str] | None) -> None:
        if answers is None:
            return
        request = request_from_answers(answers)
        bench, project_id = self.desk.bench, self.project.id
        if request.structure == CHANNEL:
            self.act(lambda: make_plan(self.owner, self.project, request))
            return
        is_made = self.act(lambda: self._opened(bench.plans.create(project_id, request)))
        if is_made and answers["numbers"] == NUMBERS[1] and self.plan is not None:
            cores = bench.measure.cores
            search_int8(self.owner, self.plan, self._adopt, batch=1, threads=cores)

    def _adopt(self, project_id: str, plan_id: str, placement: Placement) -> None:
        self.apply(project_id, plan_id, lambda _, plan: adopt_placement(plan, placement))

    def _ask_for_level(self, plan: Optimization) -> None:
        self.save()
        ask_for_level(self.owner, self.project, plan, self.apply)

    def _with_zeros(self, plan: Optimization) -> Optimization:
        """In place of the channels; as many of the weights as units went."""
        level = plan.channels.share
        if plan.find(Pruning) is None and level:
            plan = self.desk.bench.plans.spread(self.project, plan, level, SCOPES[0])
        return without_channels(plan)

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
        bench, lens, symbols = self.desk.bench, self.look(plan), symbols_of(self.app)
        outlook = bench.plans.outlook(self.project, plan)
        is_met = bench.plans.is_met(self.project, plan)
        lines = lens.lines(outlook, is_met=is_met, steps=self.editor.steps)
        self.query_one(Headline).show(*lines)
        self.query_one(Table).show_rows(lens.rows(self.unfolded, symbols), lens.columns)
        self.query_one(PlanCharts).show(lens.levels, lens.front)
        self.query_one(KeyLine).set_keys(CHANNEL_HINTS if lens.channels else self.HINTS)
        self._show_detail()

    def _show_detail(self) -> None:
        if self.entry is not None and self.lens is not None:
            self.show_detail(self.lens.detail(self.entry))
