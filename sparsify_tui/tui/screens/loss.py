"""Loss: what the model's outputs lose when one layer is pruned or quantised, level by level."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from sparsify_tui.core.loss_change import MOST_PROFILES
from sparsify_tui.core.loss_profile import LossProfile
from sparsify_tui.tui.dialogs.choose import Choose
from sparsify_tui.tui.dialogs.form import Form
from sparsify_tui.tui.dialogs.text_view import TextView
from sparsify_tui.tui.jobs import JobState
from sparsify_tui.tui.loss.about import about_lines
from sparsify_tui.tui.loss.charts import LossCharts
from sparsify_tui.tui.loss.entries import LossView, entries_of
from sparsify_tui.tui.loss.figures import aspects_of, chosen_aspect
from sparsify_tui.tui.loss.forms import empty_steps, is_magnitude, request_fields, request_from
from sparsify_tui.tui.loss.lenses import Lens, compared_lens, profile_lens
from sparsify_tui.tui.loss.rows import LossRows
from sparsify_tui.tui.loss.running import measure_magnitude, measure_one_shot, resume_one_shot
from sparsify_tui.tui.loss.summary import is_of_runs
from sparsify_tui.tui.perf.detail import titled
from sparsify_tui.tui.screens.stored import NotedScreen
from sparsify_tui.tui.symbols import symbols_of
from sparsify_tui.tui.widgets.headline import Headline
from sparsify_tui.tui.widgets.layer_table import Table

_REST_S = 0.2


class LossScreen(NotedScreen):
    """One loss profile, or up to four side by side."""

    KEY = "2"
    CSS = """
    LossScreen.-low Headline { max-height: 6; }
    LossScreen.-tall Headline { max-height: 6; }
    LossScreen.-tall Headline.-diagnosed { min-height: 5; }
    """
    COLLECTION = "loss_profiles"
    WHAT = "loss profile"
    HINTS = (
        ("r", "run"),
        ("C", "continue"),
        ("v", "chart"),
        ("right_square_bracket", "level"),
        ("space", "mark"),
        ("c", "compare"),
        ("o", "open"),
        ("s", "sort"),
        ("slash", "filter"),
        ("w", "wide"),
        ("L", "scale"),
        ("t", "axis"),
        ("d", "drop"),
        ("m", "magnitude"),
        ("i", "about"),
        ("N", "notes"),
        ("Y", "CSV"),
        ("W", "save table"),
        ("R", "rename"),
        ("D", "delete"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "Make a loss profile", show=False, id="loss.run"),
        Binding("m", "magnitude", "One of the weights alone", show=False, id="loss.magnitude"),
        Binding("C", "resume", "Continue a stopped profile", show=False, id="loss.resume"),
        Binding("i", "about", "All about the profile", show=False, id="loss.about"),
        Binding("v", "view", "Bars, curves or scatter", show=False, id="loss.view"),
        Binding("L", "scale", "Scale of the chart", show=False, id="loss.scale"),
        Binding("t", "axis", "Scatter over parameters or time", show=False, id="loss.axis"),
        Binding("left_square_bracket", "level(-1)", "Level before", show=False, id="loss.before"),
        Binding("right_square_bracket", "level(1)", "Level after", show=False, id="loss.after"),
        Binding("d", "drop", "Loss, or drop of the metric", show=False, id="loss.drop"),
        Binding("c", "compare", "Compare with another profile", show=False, id="loss.compare"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows = LossRows()
        self._view: LossView | None = None
        self._lens: Lens | None = None
        self._against: tuple[str, ...] = ()
        self._aspect_key = ""
        self._is_drop = False
        self._job: JobState | None = None
        self._resting: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """Summary, table with detail, chart."""
        yield Headline()
        with Horizontal(classes="row"):
            yield Table()
            yield Static(markup=False, id="detail", classes="detail")
        yield LossCharts(classes="chart")

    def what(self) -> str:
        """Name of the profile."""
        return self.desk.loss.name if self.desk.loss else ""

    def show(self) -> None:
        """Draws what is open, or how to get there."""
        profile, losses = self.desk.loss, self.desk.bench.loss
        expected = None if profile else losses.expected(self.project)
        self.stand_in(
            "No loss profile yet: what the outputs lose when one layer is changed.",
            *(empty_steps(expected) if expected else ()),
            takes=f"Times: {expected.basis}." if expected else "",
            when=profile is None,
        )
        if profile is None:
            self._view = self._lens = None
            return
        self._job = self.owner.queue.state_of(profile.id)
        self._view = self._view_of(profile)
        lens = self._lens = self._compared_lens(self._view) or self._profile_lens(self._view)
        headline = self.query_one(Headline)
        headline.show(*lens.lines)
        headline.set_class(profile.is_ranking, "-diagnosed")  # no jumps from level to level
        self.query_one(Table).show_rows(lens.rows, lens.columns)
        self.query_one(LossCharts).show(lens.drawing)
        if self.focused is None:
            self.query_one(Table).focus()
        self._follow()

    def show_job(self, text: str) -> None:
        """Says in the top line what runs; a profile that does no more was stopped."""
        super().show_job(text)
        profile = self.desk.loss if self._is_ready and self.desk.project else None
        if profile is not None and self._job != self.owner.queue.state_of(profile.id):
            self.show()

    def open_picked(self, item_id: str) -> None:
        """Opens a profile, and leaves the comparison."""
        self._against = ()
        super().open_picked(item_id)

    def step_back(self) -> bool:
        """Leaves the comparison."""
        was_compared, self._against = bool(self._against), ()
        if was_compared:
            self.show()
        return was_compared

    def action_run(self) -> None:
        """Asks for method, metric, levels and samples, and measures."""
        fields = request_fields(self.project, self.desk.bench.loss)
        self.app.push_screen(Form("Loss profile", fields, accept="measure"), self._measure)

    def action_magnitude(self) -> None:
        """Makes a profile of the weights alone, at once."""
        measure_magnitude(self.owner, self.project.id)

    def action_resume(self) -> None:
        """Goes on with the open profile."""
        profile = self.desk.loss
        if profile is None or profile.is_complete:
            self.confirm("nothing to continue: r makes a loss profile")
        elif self._job is not None:
            self.confirm(f"{profile.name} is being measured: J shows the jobs")
        else:
            resume_one_shot(self.owner, self.project.id, profile.id)

    def action_about(self) -> None:
        """Shows how the profile was measured, and what follows at each level."""
        if self._view is not None:
            self._show_text(self._view.profile.name, about_lines(self._view))

    def action_view(self) -> None:
        """Turns from bars to curves to the scatter."""
        self.query_one(LossCharts).turn()

    def action_scale(self) -> None:
        """Turns the scale of the chart."""
        self.query_one(LossCharts).turn_scale()

    def action_axis(self) -> None:
        """Turns the scatter from parameters to time."""
        if not self.query_one(LossCharts).turn_axis():
            self.confirm(
                "times are shown for one profile alone: Esc leaves the comparison"
                if self._against
                else "no times of this model file: 1, then r, measures them"
            )

    def action_level(self, by: int) -> None:
        """Looks at the next level or scheme."""
        if self._view is None or self._view.aspect is None:
            return
        keys = [one.key for one in aspects_of(self._view.profile)]
        self._aspect_key = keys[(keys.index(self._view.aspect.key) + by) % len(keys)]
        self.show()

    def action_drop(self) -> None:
        """Turns from the distance between outputs to the fall of the metric."""
        if self._view is None or not self._view.profile.score:
            self.confirm(_no_drop(self._view.profile) if self._view else "no loss profile yet")
            return
        self._is_drop = not self._is_drop
        self.show()

    def action_compare(self) -> None:
        """Chooses another profile to stand beside those in sight, up to four."""
        profile = self.desk.loss
        shown = (profile.id, *self._against) if profile else ()
        lines = [line for line in self.open_lines() if line.value not in shown]
        if profile is None or not lines:
            self.confirm("there is no other loss profile: r makes one")
        elif len(shown) == MOST_PROFILES:
            self.confirm("four at most; Esc leaves the comparison")
        else:
            title = f"Compare {profile.name} with"
            self.app.push_screen(Choose(title, lines), self._compare)

    @on(Table.Highlighted)
    @on(Table.Marked)
    def follow_table(self) -> None:
        """Moves chart and detail once the cursor rests: a held key must not flood the line."""
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST_S, self._follow)

    @on(Table.Chosen)
    def open_detail(self, event: Table.Chosen) -> None:
        """Shows all that is known of the layer."""
        if self._lens is not None:
            self._show_text(*self._lens.detail(event.key))

    @on(LossCharts.Picked)
    def follow_chart(self, event: LossCharts.Picked) -> None:
        """Moves the table's cursor with the chart's."""
        self.query_one(Table).move_to(event.key)

    def _view_of(self, profile: LossProfile) -> LossView:
        aspect = chosen_aspect(aspects_of(profile), self._aspect_key)
        if aspect is not None and self._is_drop and profile.score:
            aspect = replace(aspect, is_drop=True)
        entries = entries_of(self.project.model, profile, self.desk.perf)
        return LossView(profile=profile, entries=entries, aspect=aspect)

    def _profile_lens(self, view: LossView) -> Lens:
        is_stale = self.project.is_stale(view.profile)
        symbols = symbols_of(self.app)
        return profile_lens(view, self._rows, symbols, job=self._job, is_stale=is_stale)

    def _compared_lens(self, view: LossView) -> Lens | None:
        stored = {one.id: one for one in self.project.loss_profiles}
        others = [stored[key] for key in self._against if key in stored]
        if not others:
            return None
        ids = [one.id for one in (view.profile, *others)]
        comparison = self.desk.bench.loss.compare(self.project, ids)
        return compared_lens(comparison, [view, *map(self._view_of, others)])

    def _show_text(self, title: str, lines: list[str]) -> None:
        text = "\n".join(lines)
        self.app.push_screen(
            TextView(title, text, copy=lambda kept: self.owner.copy_text(kept, "text"))
        )

    def _measure(self, answers: dict[str, str] | None) -> None:
        if answers is None:
            return
        losses, project_id, name = self.desk.bench.loss, self.project.id, answers["name"]
        request = request_from(losses, answers)
        if is_magnitude(answers):
            measure_magnitude(self.owner, project_id, levels=request.levels, name=name)
        else:
            measure_one_shot(self.owner, project_id, request, name=name)

    def _compare(self, item_id: str | None) -> None:
        if item_id is not None:
            self._against = (*self._against, item_id)
            self.show()

    def _follow(self) -> None:
        table = self.query_one(Table)
        key = table.cursor_key
        if key is not None and self._lens is not None:
            self.query_one(LossCharts).follow(key, table.marked_keys)
            self.show_detail(titled(*self._lens.detail(key)))


def _no_drop(profile: LossProfile) -> str:
    if not is_of_runs(profile):
        return "no drop of a metric: weight magnitude runs no model"
    if not profile.is_ranking:
        return "no drop of a metric yet"
    return "no drop of a metric: the data had no labels"
