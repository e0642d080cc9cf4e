"""The keys that change the chosen rows of an optimization: layers, and groups of channels."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from sparsify_tui.core.optimization import Optimization, toggle_quantized
from sparsify_tui.tui import plan_edits, questions
from sparsify_tui.tui.dialogs.text_view import TextView
from sparsify_tui.tui.plan_edits import Change, Chosen, chosen_of
from sparsify_tui.tui.plan_entries import Entry
from sparsify_tui.tui.plan_lens import PlanLens, lens_of
from sparsify_tui.tui.screens.edited import EditedScreen
from sparsify_tui.tui.widgets.layer_table import Table

_FIXED = "these channels cannot go: d says why"


class PlannedScreen(EditedScreen):
    """Choosing rows, unfolding them, and what the keys do to them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "keep_or_prune", "Prune or keep the rows", show=False, id="plan.toggle"),
        Binding("i", "int8", "Layers in int8 or float", show=False, id="plan.int8"),
        Binding("e", "edit", "Edit sparsity or width", show=False, id="plan.edit"),
        Binding("left_square_bracket", "shift(-1)", "Less goes", show=False, id="plan.less"),
        Binding("right_square_bracket", "shift(1)", "More goes", show=False, id="plan.more"),
        Binding("left_curly_bracket", "nudge(-1)", "A bit less", show=False, id="plan.less1"),
        Binding("right_curly_bracket", "nudge(1)", "A bit more", show=False, id="plan.more1"),
        Binding("K", "lock", "Lock or unlock the rows", show=False, id="plan.lock"),
        Binding("right", "unfold(True)", "Unfold the group", show=False, id="plan.unfold"),
        Binding("left", "unfold(False)", "Fold the group", show=False, id="plan.fold"),
        Binding("d", "detail", "All about the row", show=False, id="plan.detail"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._lens: PlanLens | None = None
        self._unfolded: set[str] = set()

    @property
    def lens(self) -> PlanLens | None:
        """How the plan is seen; None without one."""
        return self._lens

    @property
    def unfolded(self) -> Collection[str]:
        """Keys of the rows whose layers are shown."""
        return self._unfolded

    def look(self, plan: Optimization) -> PlanLens:
        """Sees the plan as it is now."""
        self._lens = lens_of(self.project, plan, self.desk.perf, self.desk.loss)
        return self._lens

    @property
    def entry(self) -> Entry | None:
        """What is under the cursor."""
        key = self.query_one(Table).cursor_key
        return self._lens.entries.get(key) if key and self._lens else None

    def chosen(self) -> Chosen:
        """What the marked rows stand for, else the one under the cursor."""
        marked, lens = self.query_one(Table).marked_keys, self._lens
        if lens is None or not marked:
            return chosen_of([self.entry] if self.entry else [])
        return chosen_of(entry for key, entry in lens.entries.items() if key in marked)

    def with_pruning(self, plan: Optimization) -> Optimization:
        """The plan, with a schedule for zeros where it had none."""
        return self.desk.bench.plans.with_pruning(self.project, plan)

    def action_keep_or_prune(self) -> None:
        """Switches the chosen rows on or off."""
        self._change(lambda chosen: plan_edits.toggled(chosen, self.with_pruning))

    def action_shift(self, by: int) -> None:
        """Goes to the next level or width."""
        self._change(lambda chosen: plan_edits.shifted(chosen, self.with_pruning, by))

    def action_nudge(self, by: int) -> None:
        """Goes a point, or a unit, further."""
        self._change(lambda chosen: plan_edits.nudged(chosen, self.with_pruning, by))

    def action_lock(self) -> None:
        """Locks or unlocks the chosen rows."""
        self._change(lambda chosen: plan_edits.locked(chosen, self.with_pruning))

    def action_edit(self) -> None:
        """Asks for widths, else for a level: 85, +5, or dense."""
        chosen, plan = self.chosen(), self.plan
        if plan is None or not self._has_any(chosen):
            return

        def answered(text: str) -> None:
            self.act(lambda: self.edit(plan_edits.written(chosen, self.with_pruning, text)))

        if chosen.groups:
            title = f"Units to keep in {len(chosen.groups)} groups: 48, +8, -8, 50% or all"
            present = str(plan_edits.kept_of(plan, chosen.groups[0]))
        else:
            title = f"Sparsity of {len(chosen.layers)} layers in %: 85, +5, -5 or dense"
            present = f"{plan_edits.level_of(plan, chosen.layers[0]) * 100:g}"
        questions.ask_text(self.owner, title, present, answered)

    def action_int8(self) -> None:
        """Puts the chosen layers, and those of chosen groups, in int8 or back in float."""
        able = {layer.id for layer in self.project.model.layers if layer.quantizable}
        ids = [one for one in self.chosen().all_layer_ids if one in able]
        if ids:
            self.edit(lambda plan: toggle_quantized(plan, ids))
        else:
            self.confirm("this layer cannot be int8")

    @on(Table.Chosen)
    def turn_fold(self) -> None:
        """Enter unfolds, and folds again; what does not unfold tells all about itself."""
        entry = self.entry
        if entry is not None and entry.unfolds:
            self._fold(entry, is_open=entry.key not in self._unfolded)
        else:
            self.action_detail()

    def action_unfold(self, is_open: bool) -> None:
        """Shows or hides the layers of a group; from a layer, those beside it."""
        if self.entry is not None:
            self._fold(self.entry, is_open=is_open)

    def action_detail(self) -> None:
        """Shows all that is known of the row, at any size of the terminal."""
        if self.entry is not None and self._lens is not None:
            _title, _, text = self._lens.detail(self.entry).plain.partition("\n")
            self.show_text(self._lens.name(self.entry), text)

    def show_text(self, title: str, text: str) -> None:
        """A text to read and copy."""
        self.app.push_screen(
            TextView(title, text, copy=lambda kept: self.owner.copy_text(kept, "text"))
        )

    def _fold(self, entry: Entry, *, is_open: bool) -> None:
        key = entry.key if entry.unfolds else entry.parent
        if not key or is_open == (key in self._unfolded):
            return
        self._unfolded ^= {key}
        if not is_open:
            self.query_one(Table).move_to(key)
        self.draw()

    def _change(self, change: Callable[[Chosen], Change]) -> None:
        chosen = self.chosen()
        if self._has_any(chosen):
            self.edit(change(chosen))

    def _has_any(self, chosen: Chosen) -> bool:
        is_any = bool(chosen.groups or chosen.layers)
        if not is_any and self.entry is not None:
            self.confirm(_FIXED)
        return is_any
