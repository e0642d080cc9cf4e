"""A section that edits the open optimization: every edit is a step of undo, and saves itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeAlias

from textual.binding import Binding, BindingType

from sparsify_tui.core.optimization import Optimization
from sparsify_tui.core.project import Project
from sparsify_tui.tui.plan_editor import PlanEditor
from sparsify_tui.tui.screens.stored import StoredScreen

_SAVE_AFTER_S = 0.4
Change: TypeAlias = Callable[[Project, Optimization], Optimization]


class EditedScreen(StoredScreen):
    """Undo, redo and saving."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u,ctrl+z", "undo", "Undo", show=False, id="plan.undo"),
        Binding("ctrl+r,ctrl+y", "redo", "Redo", show=False, id="plan.redo"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.editor = PlanEditor()

    @property
    def plan(self) -> Optimization | None:
        """The optimization as it is edited."""
        return self.editor.plan

    def draw(self) -> None:
        """Draws the plan as it is edited."""
        raise NotImplementedError

    def on_screen_suspend(self) -> None:
        """Nothing stays unsaved when another section is shown."""
        self.save()

    def open_picked(self, item_id: str) -> None:
        """Nothing stays unsaved when another plan is opened."""
        self.save()
        super().open_picked(item_id)

    def edit(self, change: Callable[[Optimization], Optimization]) -> None:
        """Shows a change at once, and stores it soon."""
        self._step(is_moved=self.editor.edit(change))

    def apply(self, project_id: str, plan_id: str, change: Change) -> None:
        """One step of undo where the plan is still open, else in its stored state."""
        project, plan = self.desk.project, self.plan
        if project and plan and (project.id, plan.id) == (project_id, plan_id):
            self.edit(lambda plan: change(project, plan))
            self.save()
        else:
            self.act(lambda: self._change_stored(project_id, plan_id, change))

    def save(self) -> None:
        """Stores the plan where it is not yet stored."""
        plan = self.editor.take_unsaved()
        if plan is not None and self.desk.project is not None:
            self.act(lambda: self._store(plan))

    def action_undo(self) -> None:
        """One step back."""
        self._step(is_moved=self.editor.undo(), otherwise="nothing to undo")

    def action_redo(self) -> None:
        """One step forward."""
        self._step(is_moved=self.editor.redo(), otherwise="nothing to redo")

    def _step(self, *, is_moved: bool, otherwise: str = "") -> None:
        if is_moved:
            self.draw()
            self.set_timer(_SAVE_AFTER_S, self.save)
        elif otherwise:
            self.confirm(otherwise)

    def _change_stored(self, project_id: str, plan_id: str, change: Change) -> None:
        bench = self.desk.bench
        project = bench.projects.load(project_id)
        plan = project.optimization(plan_id)
        if plan is not None:  # it may have been deleted while a job ran
            bench.plans.save(project_id, change(project, plan))
            self.desk.refresh()

    def _store(self, plan: Optimization) -> None:
        self.desk.bench.plans.save(self.project.id, plan)
        self.desk.refresh()
        self._seen = self.desk.version
